internal import ArgumentParser
internal import Engine
internal import Runs

/// `mgrq evaluate`.
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Evaluates a checkpoint, a packed checkpoint or a run.",
        discussion: """
            A quantized model is compared with the full-precision checkpoint that its plan names, if that exists. \
            Checkpoint and images must be those that it was made with, unless --reference and --data name others.
            """)

    @OptionGroup var target: ModelOnImages

    @Option(help: ArgumentHelp("The full-precision checkpoint to compare with.", valueName: "ref"))
    var reference: String?

    @Option(
        help: ArgumentHelp(
            "A file for the logits of the evaluated images, as mgrq predict writes it: .npz or .csv.",
            valueName: "file"))
    var logits: String?

    @OptionGroup var floor: NoiseFloorFlag

    @OptionGroup var inputs: InputsFlag

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let logits = try logits.map { path throws(RunFailure) in
            (path: path, format: try PredictionFormat(of: path, flag: "--logits"))
        }
        let references = ProcessEnvironment.references
        let found = try target.find(references)
        // Of other images or other arithmetic, the floor is not the run's.
        let isOfRun = floor.isMeasured && target.data == nil && !target.integer
        let measured = isOfRun ? try MeasuredRun(found.path) : nil
        let result = try evaluateModelOrRun(
            path: found.path, dataPath: found.dataPath, images: found.options, imageSize: found.imageSize,
            heads: found.heads, isInteger: target.integer,
            referencePath: try referencePath(found.plan, references),
            checks: InputChecks(
                reference: reference == nil, data: target.data == nil,
                acceptsChanges: inputs.acceptsChanges),
            logits: logits, measuresNoiseFloor: floor.isMeasured, threads: found.threads,
            warn: { printError("warning: \($0)") })
        if let floor = result.noiseFloor {
            measured?.keep { $0.noiseFloor = RunMeasurements.Floor(time: $1, floor: floor) }
        }
        if result.heldOut > 0 {
            printError(
                "note: \(result.heldOut) images are left out, on which the attempts of the run were compared; --data measures "
                    + "on all of a set")
        }
        if let layers = result.layersOnBytes {
            printError("note: \(layers.count) of \(layers.all) linear layers multiply codes as integers")
        }
        if json {
            try printLine(try JSONText(encoding: result).line)
        } else {
            try printLine(
                Results.sentence(
                    images: result.images, top1: result.top1, top5: result.top5, agreement: result.agreement,
                    kl: result.kl, sqnrDb: result.sqnrDb, noiseFloor: result.noiseFloor))
        }
    }

    /// The checkpoint to compare a quantized model with, if there is one.
    private func referencePath(
        _ plan: RunPlan?, _ references: ReferenceResolver
    ) throws(RunFailure) -> String? {
        if let reference { return try references.model(reference) }
        guard let plan else { return nil }
        do throws(RunFailure) {
            return try references.model(plan.model, flag: "--reference")
        } catch {
            printError(
                "note: agreement, KL and SQNR are not known without the full-precision model: \(error.message)"
            )
            return nil
        }
    }
}
