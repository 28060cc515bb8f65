import ChartScale
import TerminalUI
import Testing

@Suite("Pictures")
struct PictureTests {
    private func frame() -> CellGrid {
        var grid = CellGrid(width: 40, height: 10)
        let area = grid.drawBox(grid.bounds, title: "a < b & \"c\"", focused: true)
        grid.write("Curve ✓ 91.60 %", x: area.x, y: area.y, style: Style.text.bold)
        LineChart(
            series: [
                ChartSeries(
                    label: "", style: Style(.curve),
                    points: (0..<60).map { ChartPoint(x: Double($0), y: 1 / Double($0 + 1)) })
            ], xRange: 0...60
        ).draw(
            into: &grid, in: Rect(x: area.x, y: area.y + 1, width: area.width, height: 7), glyphs: .braille)
        return grid
    }

    @Test("an SVG is well-formed, has the text, and needs no font for frames and curves")
    func svg() throws {
        let text = svgPicture(of: frame(), theme: testTheme, title: "A <frame>")
        #expect(text.contains("viewBox=\"0 0 480 240\""))
        #expect(text.contains("91.60 %</text>"))
        #expect(text.contains("A &lt;frame&gt;"))
        #expect(
            !text.unicodeScalars.contains {
                (0x2500...0x257F).contains($0.value) || (0x2800...0x28FF).contains($0.value)
            })
        // Every opened element is closed, in order.
        var open: [Substring] = []
        for tag in text.matches(of: #/<(/?)([a-z]+)[^>]*?(/?)>/#) {
            if tag.1 == "/" {
                #expect(open.popLast() == tag.2)
            } else if tag.3 != "/" {
                open.append(tag.2)
            }
        }
        #expect(open.isEmpty)
    }

    @Test("a PNG has the parts that the format asks for, and its pixels", arguments: [0, 1])
    func png(size: Int) throws {
        let grid = size == 0 ? CellGrid(width: 0, height: 0) : frame()
        let bytes = pngPicture(of: grid, theme: testTheme)
        #expect(bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
        func number(_ place: Int) -> Int { bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) } }
        var (place, names) = (8, [String]())
        while place + 8 <= bytes.count {
            names.append(String(decoding: bytes[place + 4..<place + 8], as: UTF8.self))
            place += 12 + number(place)
        }
        #expect(names == ["IHDR", "IDAT", "IEND"] && place == bytes.count)
        #expect(number(16) == max(1, grid.width * 12) && number(20) == max(1, grid.height * 24))
        #expect(bytes.count < 20_000)
    }

    @Test("pictures show two pixels in a cell, and lightness where there are no colours")
    func halfBlocks() {
        let picture = Picture(width: 2, height: 3, pixels: [0xFF0000, 0, 0x00FF00, 0xFFFFFF, 0x0000FF])
        var grid = CellGrid(width: 4, height: 3)
        picture.draw(into: &grid, in: grid.bounds, glyphs: .braille, hasColors: true)
        #expect(picture.rows == 2)
        #expect(grid[0, 0].style.picture == PictureColors(foreground: 0xFF0000, background: 0x00FF00))
        #expect(grid[1, 1].style.picture == PictureColors(foreground: 0, background: 0))
        #expect(grid[2, 0] == .blank)
        picture.draw(into: &grid, in: grid.bounds, glyphs: .ascii, hasColors: true)
        #expect(grid[0, 0].style.picture == nil)
        #expect(picture.halved.width == 1 && picture.halved.height == 2)
    }
}
