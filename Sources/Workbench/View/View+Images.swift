internal import Runs
internal import TerminalUI

/// Where the images of a page are.
struct ImagesGrid: Equatable {
    /// The rows below an image: what both models say.
    static let captions = 2
    /// The places of the images, captions included.
    let frames: [Rect]
    /// Whether images are shown at half their size.
    let isHalved: Bool

    /// How many images a page has.
    var count: Int { max(1, min(frames.count, ImageRequest.greatestCount)) }

    init(_ area: Rect) {
        let full = Self.places(area, side: ImagePrediction.greatestSide)
        let half = Self.places(area, side: ImagePrediction.greatestSide / 2)
        isHalved = full.count < 6
        frames = isHalved ? half : full
    }

    private static func places(_ area: Rect, side: Int) -> [Rect] {
        // A caption needs some width, however small the image.
        let (width, height) = (max(side, 18) + 2, side / 2 + captions + 1)
        let (columns, rows) = (area.width / width, (area.height + 1) / height)
        guard columns > 0, rows > 0 else { return [] }
        let gap = (area.width - columns * width) / columns
        return (0..<columns * rows).map { index in
            Rect(
                x: area.x + index % columns * (width + gap), y: area.y + index / columns * height,
                width: width + gap - 1, height: height - 1)
        }
    }
}

extension Layout {
    /// Where images are drawn.
    var imagesArea: Rect {
        let inner = body.inset(columns: 2, rows: 1)
        return Rect(x: inner.x, y: inner.y + 1, width: inner.width, height: inner.height - 2)
    }
}

extension Painter {
    mutating func drawImages(_ view: ImagesView) {
        let area = grid.drawBox(
            layout.body, title: "Images  \(view.request.images.rawValue)",
            trailing: view.page.map {
                "\($0.request.offset + 1)–\($0.request.offset + $0.images.count) of \($0.total)"
            }
                ?? "", focused: true, glyphs: glyphs
        ).inset(columns: 1, rows: 0)
        let keys = area.row(area.height - 1)
        writeKeys(
            [
                (key(.left, .images), "before"), (key(.right, .images), "next"),
                (key(.switchFormat, .images), "other images"), (key(.cancel, .images), "close"),
            ], in: keys)
        guard let page = view.page else {
            return explain("The images are being looked at.", in: layout.imagesArea)
        }
        let done = page.unitsDone == 1 ? "1 unit" : "\(page.unitsDone) units"
        let waiting = view.isWaiting ? "  being looked at" : ""
        grid.write(
            [
                TextSpan("The models differ in \(page.differing) of \(page.total), which come first"),
                TextSpan("  \(done) quantized\(waiting)", .muted),
            ], x: area.x, y: area.y, in: area)
        let places = ImagesGrid(layout.imagesArea)
        for (image, frame) in zip(page.images, places.frames) {
            draw(image, isHalved: places.isHalved, in: frame)
        }
    }

    private mutating func draw(_ image: ImagePrediction, isHalved: Bool, in frame: Rect) {
        let pixels = (0..<image.width * image.height).map { index -> UInt32 in
            (0..<3).reduce(0) { color, part in
                let place = index * 3 + part
                return color << 8 | (place < image.pixels.count ? UInt32(image.pixels[place]) : 0)
            }
        }
        var picture = Picture(width: image.width, height: image.height, pixels: pixels)
        if isHalved { picture = picture.halved }
        let rows = frame.height - ImagesGrid.captions
        picture.draw(
            into: &grid, in: Rect(x: frame.x, y: frame.y, width: frame.width, height: rows), glyphs: glyphs,
            hasColors: state.hasColors)
        let differs = image.fullPrecision.label != image.quantized.label
        let lines = [
            (glyphs == .ascii ? "full " : "FP ", image.fullPrecision, Style.text),
            ("W/A ", image.quantized, differs ? Style(.warn).bold : Style.text),
        ]
        for (row, (name, guess, style)) in lines.enumerated() {
            let isRight = image.label.map { $0 == guess.label }
            let mark = isRight.map { $0 ? "\(glyphs.symbol(.done)) " : "\(glyphs.symbol(.failed)) " } ?? ""
            let text =
                "\(mark)\(className(guess.label)) \(QuantityText.fixed(guess.probability * 100, decimals: 0))%"
            grid.write(
                [
                    TextSpan(name, .muted),
                    TextSpan(
                        fitted(text, width: max(0, frame.width - cellWidth(name)), ellipsis: glyphs.ellipsis),
                        style),
                ],
                x: frame.x, y: frame.y + rows + row, in: frame)
        }
    }

    /// The name of a class, its number where there is none.
    private func className(_ label: Int) -> String {
        guard let names = state.run?.summary?.classNames, names.indices.contains(label) else {
            return "class \(label)"
        }
        return names[label]
    }
}
