import SampleRun
import Runs
import TerminalUI
import Testing

@testable import Workbench
import Vocabulary

/// An engine's double: answers commands with the events that the engine would send.
private final class FakeEngine {
    private let run = SampleRun(steps: 100)
    private var waiting: [WorkbenchData] = []
    private var nextUnit = 0
    private(set) var commands: [RunCommand] = []
    private(set) var exitCode: Int32?

    func drain() -> [WorkbenchData] {
        defer { waiting = [] }
        return waiting
    }

    func perform(_ effect: WorkbenchEffect) -> LoopAction {
        switch effect {
        case .startRun: post(run.opening + run.unit(0, through: 50))
        case .send(let command): take(command)
        case .checkPath(let path): waiting.append(.done(.pathChecked(path, .free)))
        case .export(let format, _, let path):
            waiting.append(.done(.exported(format, path: path, SampleRun.written(9))))
        case .writeReport(_, _, let path), .writePicture(_, _, let path):
            waiting.append(.done(.wrote(path: path, bytes: 9, summary: "9 steps of 8 units")))
        case .loop(let action): return action
        case .complete(let text, _): waiting.append(.done(.completed(text, [])))
        case .open(let request): waiting.append(.done(.openRefused("nothing is there", of: request)))
        case .reloadSettings, .writeSettings: waiting.append(.done(.failed("there are no settings")))
        case .compareRuns: waiting.append(.done(.runsRefused("there are no runs")))
        case .readAccuracy(let directory):
            waiting.append(.done(.accuracyRead(nil, of: directory)))
        case .forgetRun, .estimate, .resumeRun, .remember, .refreshEstimates, .measureMachine, .checkRuns:
            break
        case .quit(let code):
            exitCode = code
            return .quit
        }
        return .proceed
    }

    private func take(_ command: RunCommand) {
        commands.append(command)
        switch command {
        case .pause:
            post([.pauseQueued] + run.unit(0) + [.waiting(unit: 1)])
            nextUnit = 1
        case .change(_, let changes, _):
            post([.changed(units: Array(nextUnit..<run.unitNames.count), changes: changes)])
        case .export(let format, let path):
            post([.exported(format: format, path: path, SampleRun.written(812))])
        case .resume:
            post([.resumed(unit: nextUnit)])
            for unit in nextUnit..<run.unitNames.count {
                // The start of a unit would report the plan's hyperparameters, not the changed ones.
                post(run.unit(unit).filter { if case .unitStarted = $0 { false } else { true } })
            }
            post(run.ending)
        default: break
        }
    }

    private func post(_ events: [RunEvent]) { waiting += events.map { .event($0) } }
}

@Suite("The workbench in its loop")
struct LoopTests {
    @Test("start, pause, change a parameter, export, go on, export, quit: as a user would")
    func wholeSession() throws {
        let keys: [Key] =
            [
                .enter, .character("e"), .enter, .control("u"), .character("5"),
                .character("0"), .enter,
            ]
            + [.character("a"), .character("x"), .enter, .escape, .character(" ")]
            + [.character("x"), .enter, .enter, .character("q")]
        // Every key is followed by what the engine answers.
        let script = keys.enumerated().flatMap { index, key in
            [
                (time: Duration.seconds(index + 1), event: InputEvent.key(key)),
                (time: .seconds(index + 1) + .milliseconds(500), event: .wake),
            ]
        }
        let engine = FakeEngine()
        let program = ScreenProgram<WorkbenchState, WorkbenchData, WorkbenchEffect>(
            update: { update(&$0, $1) }, view: { view($0, size: $1) },
            theme: { ThemeLibrary.builtIn.theme(named: $0.theme) ?? ThemeLibrary.defaultTheme },
            tickInterval: { _ in .milliseconds(250) }, drain: { engine.drain() },
            perform: { engine.perform($0) })
        var loop = TerminalLoop(
            terminal: InMemoryTerminal(width: 120, height: 40, script: script), state: Session().state,
            program: program)
        loop.run()

        #expect(
            engine.commands == [
                .pause, .change([HyperparameterChange(key: "steps", value: "50")]),
                .export(.recipe, path: "fashion-vit-w4a4.yaml"), .resume,
            ])
        #expect(engine.exitCode == 0)
        #expect(loop.terminal.requests.last == .close)
        let last = try #require(loop.terminal.frames.last)
        #expect(last.grid.glyphRows.joined().contains("DONE"))
        #expect(loop.state.run?.units.map(\.hyperparameters.steps) == [100] + Array(repeating: 50, count: 7))
        for (frame, next) in zip(loop.terminal.frames, loop.terminal.frames.dropFirst()) {
            #expect(frame.grid != next.grid, "nothing is drawn when nothing changed")
        }
    }
}
