internal import Engine
internal import Runs

/// Finds the checkpoint that a plan or `--model` names.
///
/// - Throws: `RunFailure(.missingInput)` where it is not there.
func checkpointPath(_ reference: String) throws(RunFailure) -> String {
    try ProcessEnvironment.references.model(reference, flag: "--model")
}

/// Finds the files that a plan names.
///
/// - Throws: `RunFailure`: `.missingInput` for missing files, `.usage` if no calibration images are named
///   and the model has none.
func resources(of plan: RunPlan) throws(RunFailure) -> RunResources {
    let references = ProcessEnvironment.references
    let model = try checkpointPath(plan.model)
    let named = plan.calibration ?? references.defaultImages(of: plan.model, for: .calibration)
    guard let named else {
        throw RunFailure(
            .usage,
            "no calibration images were named; give --calibration a folder of images, an array file, or sample:NAME"
        )
    }
    let calibration = try references.images(named, for: .calibration, flag: "--calibration")
    var evaluation: String?
    if let named = plan.evaluation ?? references.defaultImages(of: plan.model, for: .evaluation) {
        evaluation = try references.images(named, for: .evaluation, flag: "--evaluation")
    }
    return RunResources(modelPath: model, calibrationPath: calibration, evaluationPath: evaluation)
}
