internal import Files
internal import Checkpoints
internal import Datasets
internal import Engine
internal import Foundation
internal import NCursesTerminal
internal import RunText
internal import Runs
internal import TerminalUI
internal import Workbench

/// The workbench on the terminal: brings state, screen and engine together.
final class WorkbenchSession {
    /// The interval between ticks of the workbench.
    private static let tick = Duration.milliseconds(250)
    /// The time that a stopping engine gets when the program ends, in seconds.
    private static let patience = 5.0

    private let plan: RunPlan
    /// The run to show at the start; nil for the start screen.
    private let opened: String?
    private let output: String?
    private let threads: Int
    private let estimates: EstimateService
    private let files: ScreenFiles
    private let samples: [String]
    private let mailbox = Mailbox()
    private var themes: ThemeLibrary
    private var settings: WorkbenchSettings
    private let problems: [String]
    private let engine: EngineController
    private var directory: String?
    private var isFirstRun = true
    private var exitCode: Int32 = 0

    /// Prepares a workbench; nothing is shown before `run`.
    ///
    /// - Parameters:
    ///   - plan: The plan of the start screen.
    ///   - run: The folder of a run to show at the start; nil for the start screen.
    ///   - options: The threads and the run directory.
    ///   - screen: The flags of the screen.
    /// - Throws: `RunFailure` for a number of threads, flags or settings that cannot be used.
    init(plan: RunPlan, run: String?, options: RunOptions, screen: ScreenOptions) throws(RunFailure) {
        (self.plan, opened) = (plan, run)
        output = options.output
        threads = try options.work.threads()
        let heldOutImages = try options.heldOutImages()
        engine = EngineController(
            threads: threads, heldOutImages: heldOutImages,
            acceptsChangedInputs: options.inputs.acceptsChanges,
            measuresNoiseFloor: options.floor.isMeasured, mailbox: mailbox)
        estimates = EstimateService(threads: threads, heldOutImages: heldOutImages) {
            [mailbox] plan, estimate in
            mailbox.post(.done(.estimated(plan, estimate)))
        }
        files = ScreenFiles(options: screen)
        samples = ProcessEnvironment.references.sampleModels.map { "sample:\($0)" }
        let contents = try files.read()
        (settings, themes, problems) = (contents.settings, contents.themes, contents.problems)
    }

    /// Shows the workbench until its user quits.
    ///
    /// - Throws: `RunFailure` where the plan's files cannot be used or there is no screen; `SilentExit` with the exit code
    ///   that the workbench ends with, unless it is 0.
    func run() throws {
        let recorded = try opened.map { (path) throws(RunFailure) in try openedRun(path) }
        // A run is shown even if its model is gone; only its start screen needs it.
        let card =
            recorded == nil ? try modelCard(of: plan) : (try? modelCard(of: plan)) ?? .unknown(plan.model)
        // The alternate screen covers what is printed now, so the note is shown there as well.
        let replaced = NCursesTerminal.replaceUnknownTerminal()
        let terminal = try openTerminal()
        var state = WorkbenchState(
            card: card, plan: plan, themes: themes.themes.map(\.name),
            glyphs: settings.glyphs ?? terminal.preferredGlyphs, size: terminal.size, samples: samples,
            settings: settings, memory: files.memory(), colorDepth: terminal.colorDepth)
        if let opened, let recorded { state.show(recorded, directory: opened) }
        for effect in state.checkRuns() { _ = perform(effect) }
        let problems = self.problems + [replaced].compactMap(\.self)
        if let first = problems.first {
            let more = problems.count > 1 ? " (and \(problems.count - 1) more)" : ""
            mailbox.post(.done(.failed(first + more)))
        }
        let program = ScreenProgram<WorkbenchState, WorkbenchData, WorkbenchEffect>(
            update: { state, message in update(&state, message) },
            view: { state, size in view(state, size: size) },
            theme: { [self] state in themes.theme(named: state.theme) ?? ThemeLibrary.defaultTheme },
            // In every state, so that a run that begins has the current time.
            tickInterval: { _ in Self.tick },
            drain: { [mailbox] in mailbox.drain() },
            perform: { [self] effect in perform(effect) })
        var loop = TerminalLoop(
            terminal: terminal, state: state, program: program,
            rate: FrameRate(framesPerSecond: settings.framesPerSecond))
        loop.run()
        do throws(RunFailure) {
            try files.remember(loop.state.remembered)
        } catch {
            printError("note: \(error.message)")
        }
        try finish()
    }

    /// Takes the screen; no other thread may exist yet.
    private func openTerminal() throws(RunFailure) -> NCursesTerminal {
        do throws(TerminalError) {
            try NCursesTerminal.prepare()
            return try NCursesTerminal(
                options: NCursesTerminal.Options(
                    colorDepth: settings.color.depth,
                    escapeDelay: .milliseconds(settings.escapeMilliseconds),
                    capturesMouse: settings.capturesMouse,
                    usesAlternateScreen: settings.usesAlternateScreen, descriptionFolder: files.cacheFolder))
        } catch {
            if case .noDescription = error { throw RunFailure(.cannotCreate, "\(error)") }
            throw RunFailure(.usage, "\(error)")
        }
    }

    /// Ends an engine that still works, and prints the run's directory.
    private func finish() throws {
        engine.stop(patience: Self.patience)
        if let directory, RunDirectory.isRun(directory) {
            try printLine("run directory \(directory)")
        }
        if exitCode != 0 { throw SilentExit(code: exitCode) }
    }

    // MARK: - Effects

    private func perform(_ effect: WorkbenchEffect) -> LoopAction {
        switch effect {
        case .startRun(let plan): start(plan)
        case .send(let command): engine.send(command)
        case .checkPath(let path): mailbox.post(.done(.pathChecked(path, Self.state(of: path))))
        case .resumeRun(let directory): resume(directory)
        case .export(let format, let directory, let path): export(format, of: directory, to: path)
        case .writeReport(let format, let directory, let path):
            writeFile { [threads] () throws(RunFailure) in
                let start = ContinuousClock.now
                let written = try writeReport(of: directory, as: format, to: path, threads: threads)
                let seconds = (ContinuousClock.now - start) / .seconds(1)
                let text = [written.summary] + written.notes + ["in \(QuantityText.duration(seconds))"]
                return .wrote(path: path, bytes: written.bytes, summary: text.joined(separator: "; "))
            }
        case .writePicture(let grid, let theme, let path):
            let theme = themes.theme(named: theme) ?? ThemeLibrary.defaultTheme
            writeFile { () throws(RunFailure) in try writePicture(of: grid, theme: theme, to: path) }
        case .loop(let action): return action
        case .complete(let text, let canBeSample):
            work { [samples] in
                .completed(text, pathCompletions(of: text, samples: canBeSample ? samples : []))
            }
        case .open(let request): open(request)
        case .remember(let memory):
            work { [files] in
                do throws(RunFailure) {
                    try files.remember(memory)
                    return nil
                } catch {
                    return .failed(error.message)
                }
            }
        case .forgetRun: directory = nil
        case .estimate(let plan): estimates.ask(plan)
        case .refreshEstimates(let plan): estimates.ask(plan, anew: true)
        case .measureMachine:
            if let use = machineUse() { mailbox.post(.done(.machineMeasured(use))) }
        case .checkRuns(let paths):
            work {
                .runsChecked(
                    Dictionary(paths.map { ($0, runFolder($0)) }, uniquingKeysWith: { first, _ in first }))
            }
        case .compareRuns(let paths):
            work {
                do throws(RunFailure) {
                    return .runsCompared(try comparedRuns(paths))
                } catch {
                    return .runsRefused(error.message)
                }
            }
        case .readAccuracy(let path):
            work {
                do throws(RunFailure) {
                    return .accuracyRead(
                        try RunDirectory(run: path).predictions()?.accuracyChange, of: path)
                } catch {
                    return .failed(error.message)
                }
            }
        case .reloadSettings: reload()
        case .writeSettings:
            work { [files, settings] in
                do throws(RunFailure) {
                    return .settingsWritten(try files.write(settings))
                } catch {
                    return .failed(error.message)
                }
            }
        case .quit(let code):
            exitCode = code
            return .quit
        }
        return .proceed
    }

    /// Runs `body` on its own thread and posts its outcome, if it has one.
    private func work(_ body: @escaping @Sendable () -> WorkbenchOutcome?) {
        do throws(RunFailure) {
            try startThread { [mailbox] in
                if let outcome = body() { mailbox.post(.done(outcome)) }
            }
        } catch {
            mailbox.post(.done(.failed(error.message)))
        }
    }

    private func open(_ request: OpenRequest) {
        work {
            do throws(RunFailure) {
                return .opened(try mgrq.open(request), of: request)
            } catch {
                return .openRefused(error.message, of: request)
            }
        }
    }

    private func reload() {
        do throws(RunFailure) {
            let contents = try files.read()
            (settings, themes) = (contents.settings, contents.themes)
            mailbox.post(
                .done(
                    .settingsRead(
                        contents.settings, themes: contents.themes.themes.map(\.name),
                        problems: contents.problems)))
        } catch {
            mailbox.post(.done(.failed(error.message)))
        }
    }

    private func start(_ plan: RunPlan) {
        let directory = (isFirstRun ? output : nil) ?? ProcessEnvironment.newRunDirectory(for: plan)
        isFirstRun = false
        self.directory = directory
        estimates.drop()
        do throws(RunFailure) {
            try engine.start(ProcessEnvironment.located(plan), directory: directory)
        } catch {
            mailbox.post(.done(.runRefused(error)))
        }
    }

    private func resume(_ directory: String) {
        self.directory = directory
        estimates.drop()
        do throws(RunFailure) {
            try startThread { [engine, mailbox] in
                do throws(RunFailure) {
                    try engine.resume(directory)
                } catch {
                    mailbox.post(.done(.resumeRefused(error.message)))
                }
            }
        } catch {
            mailbox.post(.done(.resumeRefused(error.message)))
        }
    }

    /// Writes a file of the finished run on its own thread.
    private func export(_ format: ExportFormat, of directory: String, to path: String) {
        writeFile { [threads] () throws(RunFailure) in
            .exported(
                format, path: path,
                try exportRun(
                    directory, format: format, to: path,
                    checkpoint: { try checkpointPath($0.model) },
                    threads: threads))
        }
    }

    /// Writes a file on its own thread and posts the outcome.
    private func writeFile(_ body: @escaping @Sendable () throws(RunFailure) -> WorkbenchOutcome) {
        work {
            do throws(RunFailure) {
                return try body()
            } catch {
                return .exportFailed(error.message)
            }
        }
    }

    /// Whether a file can be written to a path.
    private static func state(of path: String) -> PathState {
        let folder = parent(of: path)
        if path.isEmpty || path.hasSuffix("/") || isFolder(path) {
            return .impossible("\(path.isEmpty ? "an empty path" : path) is not the path of a file")
        }
        guard isFolder(folder) else { return .impossible("the folder \(folder) does not exist") }
        guard FileManager.default.isWritableFile(atPath: folder) else {
            return .impossible("the folder \(folder) is not writable")
        }
        return exists(path) ? .exists : .free
    }
}
