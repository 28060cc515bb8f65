package import RunText
package import Runs
package import TerminalUI

/// A side effect that the workbench asks for.
package enum WorkbenchEffect: Equatable, Sendable {
    /// Start a run; its events arrive as `WorkbenchData.event`.
    case startRun(RunPlan)
    /// Resume a run that has ended; answered by `WorkbenchOutcome.resumed` or `resumeRefused`.
    case resumeRun(String)
    /// Send a command to the run.
    case send(RunCommand)
    /// Check whether a file can be written; answered by `WorkbenchOutcome.pathChecked`.
    case checkPath(String)
    /// Write a file of the finished run in a folder; answered by `exported` or `exportFailed`.
    ///
    /// The user has agreed to replace an existing file.
    case export(ExportFormat, of: String, path: String)
    /// Write what the run in a folder did and measured; answered by `wrote` or `exportFailed`.
    case writeReport(ReportFormat, of: String, path: String)
    /// Write a frame in the colours of a theme as a picture; answered by `wrote` or `exportFailed`.
    case writePicture(CellGrid, theme: String, path: String)
    /// End the program with this exit code.
    case quit(Int32)
    /// Suspend the process, draw again, capture the mouse, or copy a text.
    case loop(LoopAction)
    /// Complete a path, or the name of a sample; answered by `WorkbenchOutcome.completed`.
    case complete(String, canBeSample: Bool)
    /// Open something; answered by `opened` or `openRefused`.
    case open(OpenRequest)
    /// Estimate a plan; answered by `WorkbenchOutcome.estimated`.
    case estimate(RunPlan)
    /// Write the memory now, so that it survives a crash.
    case remember(WorkbenchMemory)
    /// Measure the use of the machine; answered by `machineMeasured`.
    case measureMachine
    /// Time the model of the start screen again; its estimates follow.
    case refreshEstimates(RunPlan)
    /// Look at the folders of remembered runs; answered by `runsChecked`.
    case checkRuns([String])
    /// Read runs from their folders, to show them side by side; answered by `runsCompared` or `runsRefused`.
    case compareRuns([String])
    /// Read how far a finished run's top-1 is from full precision; answered by `accuracyRead` or `failed`.
    case readAccuracy(of: String)
    /// The user has left the run for the start screen.
    case forgetRun
    /// Read the settings file and the themes again; answered by `settingsRead` or `failed`.
    case reloadSettings
    /// Write the settings with comments unless the file exists; answered by `settingsWritten` or `failed`.
    case writeSettings
}

/// The result of an effect.
package enum WorkbenchOutcome: Equatable, Sendable {
    /// The state of a path.
    case pathChecked(String, PathState)
    /// A file was written and read back.
    case exported(ExportFormat, path: String, ExportResult)
    /// A file was written: its size and a summary.
    case wrote(path: String, bytes: Int, summary: String)
    /// A file was not written; the reason is one sentence.
    case exportFailed(String)
    /// The estimate of a plan, or why there is none.
    case estimated(RunPlan, Result<RunEstimate, RunFailure>)
    /// The completions of a text: whole texts, sorted.
    case completed(String, [String])
    /// Something was opened; answers may come in another order than the requests.
    case opened(OpenedInput, of: OpenRequest)
    /// Nothing was opened; the reason is one sentence.
    case openRefused(String, of: OpenRequest)
    /// A run was not resumed; the reason is one sentence.
    case resumeRefused(String)
    /// The settings, the names of all themes, and problems in the files.
    case settingsRead(WorkbenchSettings, themes: [String], problems: [String])
    /// The settings were written to this file.
    case settingsWritten(String)
    /// An effect failed; the reason is one sentence.
    case failed(String)
    /// A run is resumed: its state at its end and its folder; its events follow.
    case resumed(RecordedRun, directory: String)
    /// The use of the machine now.
    case machineMeasured(MachineUse)
    /// The state of the folders of runs, by their paths.
    case runsChecked([String: RunFolder])
    /// Runs to show side by side.
    case runsCompared([ComparedRun])
    /// Runs cannot be shown side by side; the reason is one sentence.
    case runsRefused(String)
    /// How far the top-1 of the run in a folder is from full precision; nil without labels.
    case accuracyRead(PairedDifference?, of: String)
    /// A run could not be started.
    case runRefused(RunFailure)
}

/// An opened run, plan or model.
package enum OpenedInput: Equatable, Sendable {
    /// A model with its images; nil for the model's own.
    case model(ModelCard, calibration: String?, evaluation: String?)
    /// A plan with its model.
    case plan(RunPlan, ModelCard)
    /// A recorded run and its folder.
    case run(RecordedRun, directory: String)
}

/// The state of a path to write to.
package enum PathState: Equatable, Sendable {
    /// It can be written.
    case free
    /// There is a file, which would be replaced.
    case exists
    /// It cannot be written; the reason is one sentence.
    case impossible(String)
}

/// What other threads send to the workbench through its `TerminalLoop`.
package enum WorkbenchData: Sendable {
    /// An event of the run.
    case event(RunEvent)
    /// The result of an effect.
    case done(WorkbenchOutcome)
}
