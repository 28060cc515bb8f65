internal import Files
internal import Checkpoints
internal import Datasets
internal import Engine
internal import Foundation
internal import Runs
internal import Workbench

/// Inspects a plan's model and images for the start screen.
///
/// - Throws: `RunFailure` if they cannot be used.
func modelCard(of plan: RunPlan) throws(RunFailure) -> ModelCard {
    let resources = try resources(of: plan)
    let inspection = try inspectModel(path: resources.modelPath, imageSize: plan.imageSize, heads: plan.heads)
    guard inspection.problems.isEmpty else {
        throw RunFailure(
            .badData,
            "\(inspection.file) is not a checkpoint that can be quantized: \(inspection.problems[0])"
                + (inspection.problems.count > 1 ? " (mgrq inspect lists all)" : ""))
    }
    let calibration = try imageSet(resources.calibrationPath)
    let evaluation = try resources.evaluationPath.map { (path) throws(RunFailure) in try imageSet(path) }
    let parameters = inspection.parameters ?? 0
    return ModelCard(
        reference: plan.model, architecture: inspection.architecture ?? "",
        preprocessing: inspection.preprocessing ?? "", parameters: parameters,
        bytes: parameters * 4, calibrationImages: calibration.count, evaluationImages: evaluation?.count ?? 0,
        isLabelled: evaluation?.labels != nil)
}

private func imageSet(_ path: String) throws(RunFailure) -> ImageSet {
    do throws(DatasetError) {
        return try ImageSet(path: path)
    } catch {
        throw RunFailure(.badData, "\(error)")
    }
}

/// Opens a path: a run's folder, a plan, or a checkpoint.
///
/// - Throws: `RunFailure` if it cannot be opened.
func open(_ request: OpenRequest) throws(RunFailure) -> OpenedInput {
    let path = expanded(request.model)
    if RunDirectory.isRun(path) { return .run(try openedRun(path), directory: path) }
    if path.hasSuffix(".yaml") || path.hasSuffix(".yml") {
        var plan = try RunPlan(path: path).located(beside: path)
        plan.calibration = name(request.calibration) ?? plan.calibration
        plan.evaluation = name(request.evaluation) ?? plan.evaluation
        return .plan(plan, try modelCard(of: plan))
    }
    var plan = RunPlan(model: path)
    plan.calibration = name(request.calibration)
    plan.evaluation = name(request.evaluation)
    return .model(
        try modelCard(of: plan), calibration: plan.calibration, evaluation: plan.evaluation)
}

/// Reads a run from its folder, and checks its files.
///
/// - Throws: `RunFailure` if it cannot be read, or another process works on it.
func openedRun(_ path: String) throws(RunFailure) -> RecordedRun {
    let directory = try RunDirectory(run: path)
    guard !directory.isInUse else {
        throw RunFailure(.badData, "another process works on \(path); it can be opened when that ends")
    }
    var recorded = RecordedRun(plan: try directory.plan())
    _ = try CheckedRun(directory) { entry in
        if case .event(let event) = entry.content { recorded.take(event, at: entry.seconds) }
    }
    recorded.end()
    return recorded
}

/// Reads a run from its journal, event by event.
///
/// - Parameters:
///   - path: A run's folder, or a journal beside its plan.
///   - time: Where to stop, in seconds by the journal's clock; nil reads everything.
///   - ends: Whether a run without a last event counts as interrupted.
/// - Returns: The run so far.
/// - Throws: `RunFailure` if the plan or the journal cannot be read.
func recordedRun(_ path: String, until time: Double? = nil, ends: Bool = true) throws(RunFailure)
    -> RecordedRun
{
    let isJournal = !isFolder(path)
    let directory = RunDirectory(path: isJournal ? parent(of: path) : path)
    var recorded = RecordedRun(plan: try directory.plan())
    try readJournal(isJournal ? path : directory.journalPath) { entry in
        guard case .event(let event) = entry.content, time.map({ entry.seconds <= $0 }) ?? true else {
            return
        }
        recorded.take(event, at: entry.seconds)
    }
    if ends { recorded.end() }
    return recorded
}

private func name(_ text: String) -> String? { text.isEmpty ? nil : expanded(text) }

/// A path whose `~/` is the home folder.
private func expanded(_ path: String) -> String {
    var path = path
    if path.hasPrefix("~/"), let home = ProcessInfo.processInfo.environment["HOME"] {
        path = home + path.dropFirst(1)
    }
    return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
}
