import SampleRun
import Runs
import TerminalUI
import Testing
import TestSupport

@testable import Workbench
import Vocabulary

@Suite("Any messages, any size")
struct PropertyTests {
    private static let keys: [Key] =
        "qwertyuiopasdfghjklzxcvbnm1234567890GM?[]{}<>| .:/".map { .character($0) }
        + [
            .enter, .enter, .enter, .escape, .tab, .backtab, .up, .down, .left, .right, .home, .end, .pageUp,
            .pageDown, .backspace, .delete, .control("c"), .control("l"), .control("u"), .control("d"),
            .function(1), .insert, .alt("x"),
        ]

    /// A message that may or may not make sense now.
    private func message(_ generator: inout TestGenerator, _ events: [RunEvent]) -> LoopMessage<WorkbenchData>
    {
        func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
        switch number(0...13) {
        case 0...5: return .input(.key(Self.keys[number(0...Self.keys.count - 1)]))
        case 6:
            let actions: [MouseEvent.Action] = [
                .press, .release, .drag, .wheel(.up), .wheel(.down), .wheel(.left),
            ]
            return .input(
                .mouse(
                    MouseEvent(
                        actions[number(0...actions.count - 1)], button: .left, x: number(-2...260),
                        y: number(-2...90))))
        case 7: return .input(.resize(width: number(0...250), height: number(0...80)))
        case 8: return .tick(.milliseconds(number(0...400_000)))
        case 9: return .input(.paste("é\n\t→ 表"))
        case 10:
            let path = "fashion-vit-w4a4.safetensors"
            let outcomes: [WorkbenchOutcome] = [
                .pathChecked(path, .free), .pathChecked(path, .exists), .exportFailed("no"),
                .exported(.packed, path: path, SampleRun.written(7)),
                .wrote(path: path, bytes: 7, summary: "7 steps"),
                .runRefused(RunFailure(.internal, "no")),
            ]
            return .data([.done(outcomes[number(0...outcomes.count - 1)])])
        default: return .data([.event(events[number(0...events.count - 1)])])
        }
    }

    /// Events of a real run and some that no engine should send.
    private static let events: [RunEvent] = {
        let run = SampleRun(blocks: 3, steps: 60)
        return run.whole + run.sweep(points: 25) + [
            .waiting(unit: 2), .waiting(unit: 5), .waiting(unit: 99), .resumed(unit: 1), .resumed(unit: 77),
            .pauseQueued, .unitStarted(unit: 99, attempt: 2, hyperparameters: []),
            .changed(units: [-3, 99], changes: [HyperparameterChange(key: "none", value: "1")]),
            .changed(units: Array(2..<8), changes: [HyperparameterChange(key: "steps", value: "5")]),
            .evaluated(.prefix(unit: 40), run.evaluation(top1: 50, kl: .nan)),
            .progressed(activity: "", done: -1, total: 2), .stopped(unitsDone: 2), .warning(""),
            .stepped(
                StepSample(
                    unit: 1, attempt: 1, step: -4, steps: 0, loss: .nan, terms: Terms(),
                    weighted: Terms(), gradientNorms: Terms(block: .infinity))),
            .started(
                RunSummary(
                    model: "", architecture: "", preset: .mgrq, units: [], weightBits: [], activationBits: [],
                    fullPrecisionBytes: 0, calibrationImages: 0, evaluationImages: 0, threads: 0,
                    directory: nil)),
        ]
    }()

    @Test(
        "never trap, and an equal state gives an equal frame of the right size",
        arguments: 0..<24 as Range<UInt64>)
    func anything(seed: UInt64) {
        var generator = TestGenerator(seed: seed)
        var session = Session(width: 120, height: 40)
        for _ in 0..<100 {
            _ = update(&session.state, message(&generator, Self.events))
            if session.state.run == nil, generator.next() % 4 == 0 { session.press(.enter) }
            let width = Int.random(in: 0...250, using: &generator)
            let height = Int.random(in: 0...80, using: &generator)
            let grid = view(session.state, size: ScreenSize(width: width, height: height))
            #expect(grid.width == width && grid.height == height)
            #expect(view(session.state, size: ScreenSize(width: width, height: height)) == grid)
        }
    }

    @Test("every small size has a frame", arguments: Session.Stage.allCases)
    func smallSizes(stage: Session.Stage) {
        let session = Session(at: stage)
        for width in stride(from: 0, through: 130, by: 13) {
            for height in stride(from: 0, through: 42, by: 3) {
                let grid = view(session.state, size: ScreenSize(width: width, height: height))
                #expect(grid.width == width && grid.height == height)
            }
        }
    }

    @Test(
        "panels lie inside the screen and do not overlap, wherever their edges are",
        arguments: [(60, 16), (80, 24), (110, 32), (250, 80)], [nil, 0, 0.3, 0.5, 0.7, 1, -4])
    func panels(size: (width: Int, height: Int), share: Double?) {
        let (width, height) = size
        var state = Session(at: .running).state
        state.size = ScreenSize(width: width, height: height)
        for (index, split) in PanelSplits.Split.allCases.enumerated() {
            guard let share else { break }
            state.memory.splits.move(split, to: index % 2 == 0 || share < 0 ? share : 1 - share)
        }
        let layout = Layout(state)
        let frames = layout.panels.map(\.frame) + [layout.header, layout.footer]
        let screen = Rect(x: 0, y: 0, width: width, height: height)
        for (index, frame) in frames.enumerated() {
            #expect(!frame.isEmpty)
            #expect(frame.intersection(screen) == frame)
            for other in frames.dropFirst(index + 1) { #expect(frame.intersection(other).isEmpty) }
        }
        #expect(frames.reduce(0) { $0 + $1.width * $1.height } == width * height)
    }
}
