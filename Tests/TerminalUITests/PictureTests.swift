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

    @Test("a picture in pixels has the theme's colours, and at least one pixel")
    func pixels() throws {
        #expect(PixelPicture(of: CellGrid(width: 0, height: 0), theme: testTheme).bytes == [0, 0, 0])
        let picture = PixelPicture(of: frame(), theme: testTheme)
        #expect(picture.width == 480 && picture.height == 240)
        let colors = Set(
            stride(from: 0, to: picture.bytes.count, by: 3).map { place in
                picture.bytes[place..<place + 3].reduce(0) { $0 << 8 | Int($1) }
            })
        // The ground and the text; curves may be blends of both.
        #expect(colors.isSuperset(of: [0x15171C, 0xD7DAE0]))
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
