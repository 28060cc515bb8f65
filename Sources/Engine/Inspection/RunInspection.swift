internal import Checkpoints
internal import Quantization
internal import Reconstruction
package import Runs
internal import TensorCore

/// What the files of a finished run do not tell, measured again for a report; the run stays as it is.
package struct RunInspection: Sendable {
    /// Every site of the final model.
    package let sites: [SiteInspection]
    /// The evaluation images that the models classify differently, the first of many; nil without evaluation images.
    package let images: ImagePage?

    /// Measures a run.
    ///
    /// - Parameters:
    ///   - run: The run, which has finished.
    ///   - resources: The files that the references of its plan name.
    ///   - threads: The number of threads.
    ///   - acceptsChanges: Whether the checkpoint and the images may be others than those of the run.
    ///   - progress: Called before each step, with what is done.
    /// - Throws: `RunFailure` with one sentence: where the run has not finished, and where its checkpoint or its images
    ///   are not there or are not those that it was made with.
    package init(
        of run: CheckedRun, resources: RunResources, threads: Int, acceptsChanges: Bool = false,
        progress: @escaping (_ activity: String, _ done: Int, _ total: Int) -> Void = { _, _, _ in }
    ) throws(RunFailure) {
        (sites, images) = try reportingFailures {
            let model = try PackedCheckpoint(run).completeUnits(path: run.directory.path)
            let pool = WorkerPool(threads: threads)
            defer { pool.shutDown() }
            let manifest: RunImageManifest = try run.directory.imageManifest()
            let inputs = try RunInputs(
                plan: run.plan, resources: resources, heldOutImages: manifest.heldOut?.images.count ?? 0,
                pool: pool)
            if !acceptsChanges, let before = run.plan.inputs {
                let changes = inputs.changes(
                    try inputs.digests(for: run.plan), since: before, manifest: manifest)
                guard changes.isEmpty else { throw changedInputs(changes) }
            }
            let lab = try QuantizationLab(inputs: inputs, plan: run.plan, pool: pool, progress: progress)
            var sites: [SiteInspection] = []
            for (index, report) in (run.report?.units ?? []).enumerated() {
                progress("measuring the sites of units", index, model.count)
                let inspector = SiteInspector(lab: lab, model: model, unit: index)
                do throws(SiteInspector.Refusal) {
                    sites += try inspector.inspectAll(attempt: report.attempt)
                } catch {
                    throw RunFailure(.internal, error.sentence)
                }
            }
            progress("measuring the sites of units", model.count, model.count)
            let page = try run.predictions.map { predictions in
                try lab.changedImages(predictions, model: model, count: ImageRequest.greatestCount)
            }
            return (sites, page ?? nil)
        }
    }
}

extension QuantizationLab {
    /// The evaluation images that two models classify differently.
    ///
    /// - Parameters:
    ///   - predictions: What the models take each image for.
    ///   - model: The quantized model.
    ///   - count: At most so many.
    /// - Returns: The images; nil without evaluation images.
    /// - Throws: `DatasetError` if an image is not what it was.
    fileprivate func changedImages(
        _ predictions: Predictions, model: [QuantizedUnit], count: Int
    ) throws -> ImagePage? {
        guard let evaluation = inputs.evaluation else { return nil }
        let changed = predictions.final.indices.filter {
            predictions.final[$0] != predictions.fullPrecision[$0]
        }
        let page = Array(changed.prefix(count))
        let images = try evaluation.images(page, pool: pool)
        func guesses(_ units: [PreparedUnit], _ labels: [Int]) -> [ImagePrediction.Guess] {
            guard !page.isEmpty else { return [] }
            let known = Engine.guesses(outputs(of: units, on: images, pool: pool))
            // The classes are those of the run, whose last bits may differ.
            return zip(page, known).map { .init(label: labels[$0], probability: $1.probability) }
        }
        return ImagePage(
            request: ImageRequest(images: .evaluation, count: count), total: predictions.final.count,
            differing: changed.count, unitsDone: model.count,
            images: ThumbnailMaker(inputs.checkpoint).predictions(
                page, images: images, labels: predictions.labels,
                fullPrecision: guesses(fullPrecision, predictions.fullPrecision),
                quantized: guesses(prepared(model), predictions.final)))
    }
}
