package import Runs
package import TerminalUI

/// Something that should happen outside of the workbench.
package enum WorkbenchEffect: Equatable, Sendable {
    /// Start a run; its events come back as `WorkbenchData.event`.
    case startRun(RunPlan)
    /// Go on with a run that has ended; answered by `WorkbenchOutcome.resumed` or `failed`.
    case resumeRun(String)
    /// Hand a command to the run in work.
    case send(RunCommand)
    /// Find out whether a file can be written here; answered by `WorkbenchOutcome.pathChecked`.
    case checkPath(String)
    /// Write a file of the finished run in a folder; answered by `exported` or `exportFailed`.
    ///
    /// The user has agreed to replace a file that is there.
    case export(ExportFormat, of: String, path: String)
    /// Write what every step of the run in a folder measured; answered by `wrote` or `exportFailed`.
    case writeCurves(of: String, path: String)
    /// Write a frame in the colours of a theme as a picture; answered by `wrote` or `exportFailed`.
    case writePicture(CellGrid, theme: String, path: String)
    /// End the program with this exit code.
    case quit(Int32)
    /// Give the terminal back and stop the process until it is continued.
    case suspend
    /// Draw everything again.
    case redraw
    /// Take the mouse, or leave it to the terminal.
    case captureMouse(Bool)
    /// Put a text on the clipboard.
    case copy(String)
    /// Find out how a path could go on, or a sample where one can be named; answered by `WorkbenchOutcome.completed`.
    case complete(String, canBeSample: Bool)
    /// Find out what is there; answered by `opened` or `openRefused`.
    case open(OpenRequest)
    /// Find out what a plan will take; answered by `WorkbenchOutcome.estimated`.
    case estimate(RunPlan)
    /// Write down what is to be remembered: a run began, which should be found again whatever happens to the program.
    case remember(WorkbenchMemory)
    /// The run that is shown is left for the start screen.
    case forgetRun
    /// Read the settings file and the themes again; answered by `settingsRead` or `failed`.
    case reloadSettings
    /// Write the settings with comments, unless there is a file; answered by `settingsWritten` or `failed`.
    case writeSettings
}

/// What became of an effect.
package enum WorkbenchOutcome: Equatable, Sendable {
    /// What is at a path.
    case pathChecked(String, PathState)
    /// A file was written and read back.
    case exported(ExportFormat, path: String, ExportResult)
    /// A file was written: so many bytes, and what is known of them.
    case wrote(path: String, bytes: Int, summary: String)
    /// A file was not written, for the reason given in one sentence.
    case exportFailed(String)
    /// What a plan will take, or why that cannot be told.
    case estimated(RunPlan, Result<RunEstimate, RunFailure>)
    /// How a text could go on: whole texts, sorted.
    case completed(String, [String])
    /// Something was opened; answers may come in another order than the requests.
    case opened(OpenedInput, of: OpenRequest)
    /// Nothing could be opened, for the reason given in one sentence.
    case openRefused(String, of: OpenRequest)
    /// A run does not go on, for the reason given in one sentence.
    case resumeRefused(String)
    /// Settings, the names of the themes there are now, and what of the files was passed over.
    case settingsRead(WorkbenchSettings, themes: [String], problems: [String])
    /// The settings were written to this file.
    case settingsWritten(String)
    /// Something that was asked for could not be done, for the reason given in one sentence.
    case failed(String)
    /// A run goes on: what it was at its end, and its folder; its events follow.
    case resumed(RecordedRun, directory: String)
    /// A run could not be started.
    case runRefused(RunFailure)
}

/// What an `OpenRequest` led to.
package enum OpenedInput: Equatable, Sendable {
    /// A model with its images; nil for those that belong to the model.
    case model(ModelCard, calibration: String?, evaluation: String?)
    /// A plan and the model that it names.
    case plan(RunPlan, ModelCard)
    /// A run that was recorded, with the model's card where the model is still there.
    case run(RecordedRun, directory: String)
}

/// What is at a path that someone wants to write to.
package enum PathState: Equatable, Sendable {
    /// Nothing: it can be written.
    case free
    /// A file, which would be replaced.
    case exists
    /// It cannot be written, for the reason given in one sentence.
    case impossible(String)
}

/// What other threads tell a workbench that runs in a `TerminalLoop`.
package enum WorkbenchData: Sendable {
    /// The engine said something.
    case event(RunEvent)
    /// An effect is done.
    case done(WorkbenchOutcome)
}
