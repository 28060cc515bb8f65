internal import Kernels
internal import Quantization
internal import Runs
internal import TensorCore

/// Both models' predictions for a set of images, kept until the model changes.
struct ImageGuesses {
    let images: RunImages
    /// The chosen attempts of the quantized model.
    let chosen: [Int]
    let fullPrecision: [ImagePrediction.Guess]
    let quantized: [ImagePrediction.Guess]
    /// The images' places, those first on which the models differ.
    let order: [Int]

    /// The number of images on which the models choose different classes.
    var differing: Int { order.count { fullPrecision[$0].label != quantized[$0].label } }
}

extension RunSession {
    /// The greatest number of images that pages are made of; predicting more would take too long for an inspection.
    static let greatestImageCount = 1024

    /// Inspects a site.
    func inspect(_ request: SiteRequest, lab: QuantizationLab) throws {
        let names = ledger.units.map(\.sites)
        guard let unit = names.firstIndex(where: { $0.contains(request.site) }) else {
            let near = closest(to: request.site, among: names.flatMap(\.self)).map {
                "; did you mean “\($0)”?"
            }
            return try emit(.warning("there is no site “\(request.site)”\(near ?? "")"))
        }
        var model = try chosenUnits()
        if unit >= model.count {
            model += try calibratedUnits(unit + 1, lab: lab)[model.count...].map(\.unit)
        }
        let inspector = SiteInspector(lab: lab, model: model, unit: unit)
        let attempt = ledger.chosen.indices.contains(unit) ? ledger.chosen[unit] : nil
        let answer: RunEvent
        do throws(SiteInspector.Refusal) {
            answer = .siteInspected(try inspector.inspect(request, attempt: attempt))
        } catch {
            answer = .warning(error.sentence)
        }
        try emit(answer)
    }

    /// Inspects images.
    func inspect(_ request: ImageRequest, lab: QuantizationLab) throws {
        guard request.offset >= 0, (1...ImageRequest.greatestCount).contains(request.count) else {
            return try emit(
                .warning(
                    "a page begins at 0 or later and has 1 through \(ImageRequest.greatestCount) images"))
        }
        if request.images == .evaluation, lab.inputs.evaluation == nil {
            return try emit(.warning("this run has no evaluation images"))
        }
        let known = guesses.flatMap { $0.images == request.images && $0.chosen == ledger.chosen ? $0 : nil }
        let guesses = try known ?? guess(request.images, lab: lab)
        self.guesses = guesses
        let labels =
            request.images == .calibration ? lab.inputs.calibrationLabels : lab.inputs.evaluation?.labels
        let thumbnail = ThumbnailMaker(lab.inputs.checkpoint)
        let page = Array(guesses.order.dropFirst(request.offset).prefix(request.count))
        let images =
            request.images == .calibration
            ? gather(page, of: lab.inputs.calibration)
            : try lab.inputs.evaluation?.images(page, pool: lab.pool) ?? Matrix(rows: 0, columns: 0)
        try emit(
            .imagesInspected(
                ImagePage(
                    request: request, total: guesses.order.count, differing: guesses.differing,
                    unitsDone: ledger.unitsDone,
                    images: thumbnail.predictions(
                        page, images: images, labels: labels,
                        fullPrecision: page.map { guesses.fullPrecision[$0] },
                        quantized: page.map { guesses.quantized[$0] }))))
    }

    /// Predicts the first images of a set with both models.
    private func guess(_ images: RunImages, lab: QuantizationLab) throws -> ImageGuesses {
        let progress = counting("predicting \(images.rawValue) images", .waits)
        let all =
            images == .calibration ? lab.calibrationLogits : try lab.referenceLogits(progress: progress)
        let count = min(all.rows, Self.greatestImageCount)
        let reference = Engine.guesses(all.rows(0..<count))
        let model = try chosenUnits()
        let quantized =
            model.isEmpty
            ? reference
            : Engine.guesses(
                images == .calibration
                    ? try outputs(
                        of: lab.prepared(model), on: lab.inputs.calibration.rows(0..<count), pool: lab.pool,
                        progress: progress)
                    : try lab.logits(of: lab.prepared(model), first: count, progress: progress))
        let differing = (0..<count).filter { reference[$0].label != quantized[$0].label }
        let agreeing = (0..<count).filter { reference[$0].label == quantized[$0].label }
        return ImageGuesses(
            images: images, chosen: ledger.chosen, fullPrecision: reference, quantized: quantized,
            order: differing + agreeing)
    }
}
