/// A frame as an SVG picture in a theme's colours.
///
/// Frames, blocks and braille are drawn as shapes; everything else is text of a fixed width, so that it can be searched
/// and read aloud.
///
/// - Parameters:
///   - grid: The frame.
///   - theme: The theme.
///   - title: The title of the picture, for screen readers.
/// - Returns: The text of the file.
package func svgPicture(of grid: CellGrid, theme: Theme, title: String) -> String {
    let (cellWidth, cellHeight) = (GlyphShape.width, GlyphShape.height)
    let (width, height) = (grid.width * cellWidth, grid.height * cellHeight)
    let ground = PictureColor(theme.resolve(.background, depth: .trueColor).background, theme, isGround: true)
    var lines = [
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" role=\"img\">",
        "<title>\(escaped(title))</title>",
        "<rect width=\"\(width)\" height=\"\(height)\" fill=\"\(ground.text)\"/>",
        "<g font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"19\" "
            + "xml:space=\"preserve\">",
    ]
    for y in 0..<grid.height {
        for run in pictureRuns(of: grid, row: y, theme: theme) {
            let (x, top) = (run.columns.lowerBound * cellWidth, y * cellHeight)
            if run.background != ground {
                lines.append(
                    "<rect x=\"\(x)\" y=\"\(top)\" width=\"\(run.columns.count * cellWidth)\" "
                        + "height=\"\(cellHeight)\" fill=\"\(run.background.text)\"/>")
            }
            lines += shapes(of: run, y: top)
            lines += texts(of: run, y: top)
        }
    }
    return (lines + ["</g>", "</svg>"]).joined(separator: "\n") + "\n"
}

private func shapes(of run: PictureRun, y top: Int) -> [String] {
    var paths: [Double: String] = [:]
    for (offset, glyph) in run.glyphs.enumerated() {
        guard let shape = GlyphShape(glyph) else { continue }
        let x = (run.columns.lowerBound + offset) * GlyphShape.width
        for rect in shape.rects {
            paths[shape.opacity, default: ""] +=
                "M\(x + rect.x) \(top + rect.y)h\(rect.width)v\(rect.height)h-\(rect.width)z"
        }
    }
    return paths.sorted { $0.key < $1.key }.map { opacity, path in
        let covering = opacity < 1 ? " fill-opacity=\"\(opacity)\"" : ""
        return "<path d=\"\(path)\" fill=\"\(run.foreground.text)\"\(covering)/>"
    }
}

private func texts(of run: PictureRun, y top: Int) -> [String] {
    var result: [String] = []
    var (word, start) = (String.UnicodeScalarView(), 0)
    func finish(at end: Int) {
        let text = String(word)
        if text.contains(where: { $0 != " " }) {
            let x = (run.columns.lowerBound + start) * GlyphShape.width
            let weight = run.attributes.contains(.bold) ? " font-weight=\"bold\"" : ""
            let line = run.attributes.contains(.underline) ? " text-decoration=\"underline\"" : ""
            result.append(
                "<text x=\"\(x)\" y=\"\(top + 18)\" textLength=\"\((end - start) * GlyphShape.width)\" "
                    + "fill=\"\(run.foreground.text)\"\(weight)\(line)>\(escaped(text))</text>")
        }
        word = String.UnicodeScalarView()
    }
    for (offset, glyph) in run.glyphs.enumerated() {
        if GlyphShape(glyph) != nil {
            finish(at: offset)
        } else if let scalar = Unicode.Scalar(glyph), glyph != 0 {
            if word.isEmpty { start = offset }
            word.append(scalar)
        }
    }
    finish(at: run.glyphs.count)
    return result
}

private func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
        .replacing("\"", with: "&quot;")
}
