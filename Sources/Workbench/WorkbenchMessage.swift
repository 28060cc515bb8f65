public import Runs
public import TerminalUI

/// Something that the workbench is told.
public enum WorkbenchMessage: Sendable {
    /// Something came from the terminal.
    case input(InputEvent)
    /// What the engine has said since the last time, in order.
    case engine([RunEvent])
    /// The time, from an origin that stays the same.
    case tick(Duration)
    /// What became of an effect.
    case effectDone(WorkbenchOutcome)
}

/// Something that should happen outside of the workbench.
public enum WorkbenchEffect: Equatable, Sendable {
    /// Start a run; its events come back as `WorkbenchMessage.engine`.
    case startRun(RunPlan)
    /// Hand a command to the run in work.
    case send(RunCommand)
    /// Find out whether a file can be written here; answered by `WorkbenchOutcome.pathChecked`.
    case checkPath(String)
    /// Write a file of the finished run; answered by `exported` or `exportFailed`.
    ///
    /// The user has agreed to replace a file that is there.
    case export(ExportFormat, path: String)
    /// End the program with this exit code.
    case quit(Int32)
    /// Give the terminal back and stop the process until it is continued.
    case suspend
    /// Draw everything again.
    case redraw
    /// Take the mouse, or leave it to the terminal.
    case captureMouse(Bool)
}

/// What became of an effect.
public enum WorkbenchOutcome: Equatable, Sendable {
    /// What is at a path.
    case pathChecked(String, PathState)
    /// A file was written.
    case exported(ExportFormat, path: String, bytes: Int)
    /// A file was not written, for the reason given in one sentence.
    case exportFailed(String)
    /// A run could not be started.
    case runRefused(RunFailure)
}

/// What is at a path that someone wants to write to.
public enum PathState: Equatable, Sendable {
    /// Nothing: it can be written.
    case free
    /// A file, which would be replaced.
    case exists
    /// It cannot be written, for the reason given in one sentence.
    case impossible(String)
}

/// What other threads tell a workbench that runs in a `TerminalLoop`.
public enum WorkbenchData: Sendable {
    /// The engine said something.
    case event(RunEvent)
    /// An effect is done.
    case done(WorkbenchOutcome)
}
