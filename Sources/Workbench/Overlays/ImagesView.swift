internal import RunText
internal import Runs
internal import TerminalUI

/// Images with the predictions of both models, page by page.
struct ImagesView: Overlay {
    var request: ImageRequest
    /// The answer to the request or to the previous one; nil before the first.
    var page: ImagePage?

    /// Whether the answer is still to come.
    private var isWaiting: Bool { page?.request != request }

    static let keys: [KeyBinding] = [
        KeyBinding(
            .otherImages, [.tab], [.images], "calibration or evaluation images", hint: "other images",
            rank: 1,
            liveHint: {
                ($0.overlay as? Self)?.request.images == .calibration
                    ? "evaluation images" : "calibration images"
            },
            .on(Self.self, unless: { _, state in state.obstacleToEvaluationImages }) { view, state in
                view.request.images = view.request.images == .evaluation ? .calibration : .evaluation
                view.request.offset = 0
                return view.send(state)
            })
    ]

    var context: KeyContext { .images }

    private mutating func send(_ state: WorkbenchState) -> [WorkbenchEffect] {
        request.count = state.imagesPerPage
        return [.send(.inspectImages(request))]
    }

    func obstacle(to move: Move, in state: WorkbenchState) -> String? {
        if move.isBackward { return request.offset > 0 ? nil : "this is the first page" }
        guard let page else { return "the images are still being classified" }
        return request.offset + request.count < page.total ? nil : "this is the last page"
    }

    mutating func move(_ move: Move, in state: inout WorkbenchState) -> [WorkbenchEffect] {
        request.offset =
            move.isBackward
            ? max(0, request.offset - state.imagesPerPage) : request.offset + request.count
        return send(state)
    }

    // MARK: - Drawing

    func draw(on canvas: inout Canvas) {
        let places = ImagesGrid(canvas.layout.imagesArea)
        let range = page.map {
            "\($0.request.offset + 1)–\($0.request.offset + $0.images.count) of \($0.total)"
        }
        let area = canvas.grid.drawBox(
            canvas.layout.body, title: "Images  \(request.images.rawValue)", trailing: range ?? "",
            focused: true, glyphs: canvas.glyphs
        ).inset(columns: 1, rows: 0)
        canvas.writeKeys([.before, .next, .otherImages, .closeView], in: area.row(area.height - 1))
        guard let page else {
            return canvas.explain("Evaluating images\(progress(canvas.state))", in: canvas.layout.imagesArea)
        }
        let done = page.unitsDone == 1 ? "1 unit" : "\(page.unitsDone) units"
        canvas.write(
            [
                TextSpan(
                    "\(page.differing) of \(QuantityText.count(page.total)) predictions changed (shown first)"
                ),
                TextSpan(
                    "  \(done) quantized\(isWaiting ? "  evaluating images\(progress(canvas.state))" : "")",
                    .muted),
            ], in: area)
        for (image, frame) in zip(page.images, places.frames) {
            draw(image, isHalved: places.isHalved, in: frame, on: &canvas)
        }
    }

    /// How many images were evaluated, as far as it is known.
    private func progress(_ state: WorkbenchState) -> String {
        guard let activity = state.run?.activity, activity.total > 1 else { return "" }
        return " \(QuantityText.count(activity.done))/\(QuantityText.count(activity.total))"
    }

    private func draw(_ image: ImagePrediction, isHalved: Bool, in frame: Rect, on canvas: inout Canvas) {
        let pixels = (0..<image.width * image.height).map { index -> UInt32 in
            (0..<3).reduce(0) { color, part in
                let place = index * 3 + part
                return color << 8 | (place < image.pixels.count ? UInt32(image.pixels[place]) : 0)
            }
        }
        let glyphs = canvas.glyphs
        var picture = Picture(width: image.width, height: image.height, pixels: pixels)
        if isHalved { picture = picture.halved }
        let rows = frame.height - ImagesGrid.captions
        picture.draw(
            into: &canvas.grid, in: Rect(x: frame.x, y: frame.y, width: frame.width, height: rows),
            glyphs: glyphs, hasColors: canvas.state.hasColors)
        let differs = image.fullPrecision.label != image.quantized.label
        let lines = [
            (glyphs == .ascii ? "full " : "FP ", image.fullPrecision, Style.text),
            ("W/A ", image.quantized, differs ? Style(.warn).bold : Style.text),
        ]
        for (row, (name, guess, style)) in lines.enumerated() {
            let mark = image.label.map { "\(glyphs.symbol($0 == guess.label ? .done : .failed)) " } ?? ""
            let percent = QuantityText.fixed(guess.probability * 100, decimals: 0)
            let text = "\(mark)\(className(guess.label, canvas.state)) \(percent)%"
            let room = max(0, frame.width - cellWidth(name))
            canvas.write(
                [
                    TextSpan(name, .muted),
                    TextSpan(fitted(text, width: room, ellipsis: glyphs.ellipsis), style),
                ],
                in: frame.droppingRows(rows + row))
        }
    }

    /// The name of a class, or its number if it has none.
    private func className(_ label: Int, _ state: WorkbenchState) -> String {
        guard let names = state.run?.summary?.classNames, names.indices.contains(label) else {
            return "class \(label)"
        }
        return names[label]
    }
}

/// Where the images of a page are.
struct ImagesGrid: Equatable {
    /// The rows below an image for the predictions of both models.
    static let captions = 2
    /// The places of the images, captions included.
    let frames: [Rect]
    /// Whether images are shown at half their size.
    let isHalved: Bool

    var count: Int { max(1, min(frames.count, ImageRequest.greatestCount)) }

    init(_ area: Rect) {
        let full = Self.places(area, side: ImagePrediction.greatestSide)
        let half = Self.places(area, side: ImagePrediction.greatestSide / 2)
        isHalved = full.count < 6
        frames = isHalved ? half : full
    }

    private static func places(_ area: Rect, side: Int) -> [Rect] {
        // Captions need some width, however small the image is.
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
    var imagesArea: Rect {
        let inner = body.inset(columns: 2, rows: 1)
        return Rect(x: inner.x, y: inner.y + 1, width: inner.width, height: inner.height - 2)
    }
}

extension WorkbenchState {
    fileprivate var obstacleToEvaluationImages: String? {
        run?.summary?.evaluationImages ?? 0 > 0 ? nil : "there are no evaluation images"
    }

    fileprivate var imagesPerPage: Int { ImagesGrid(Layout(self).imagesArea).count }

    /// Shows evaluation images, or calibration images if there are none.
    mutating func openImages() -> [WorkbenchEffect] {
        let images: RunImages = obstacleToEvaluationImages == nil ? .evaluation : .calibration
        let request = ImageRequest(images: images, count: imagesPerPage)
        overlay = ImagesView(request: request)
        return [.send(.inspectImages(request))]
    }
}
