internal import ArgumentParser
internal import Files
internal import Runs

/// The flag for the preset.
struct PresetOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where hyperparameters start: \(Preset.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "preset"))
    var preset: String?

    /// The plan that other flags change: a file's, or a preset's for a model.
    ///
    /// - Parameters:
    ///   - path: The plan's file, if there is one.
    ///   - options: May name the model.
    ///   - model: The model where they do not; nil makes that an error.
    /// - Returns: The plan before other flags.
    /// - Throws: `RunFailure`: `.usage` for flags, what `RunPlan(path:)` throws for the file.
    func plan(path: String?, options: PlanOptions, model: String?) throws(RunFailure) -> RunPlan {
        if let path {
            guard preset == nil else {
                throw RunFailure(
                    .usage, "--preset cannot be given with a plan, which has its own values; use --set")
            }
            guard !isFolder(path) else {
                let way =
                    RunDirectory.isRun(path)
                    ? "its plan is \(path)/plan.yaml, and mgrq resume continues it"
                    : "give a model with --model"
                throw RunFailure(.badData, "\(path) is a folder, where a plan was expected; \(way)")
            }
            let isModel = ["safetensors", "pth", "pt", "bin", "ckpt"].contains {
                path.lowercased().hasSuffix(".\($0)")
            }
            guard !isModel else {
                throw RunFailure(
                    .badData, "\(path) is a model, where a plan was expected; give it with --model")
            }
            return try RunPlan(path: path).located(beside: path)
        }
        let preset = try preset.map { (name) throws(RunFailure) in try Preset(named: name) } ?? .mgrq
        guard let model = options.model ?? model else { throw options.missingModel }
        return RunPlan(model: model, preset: preset)
    }
}
