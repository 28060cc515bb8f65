import SampleRun
import Runs
import TerminalUI
import Vocabulary

@testable import Workbench

/// A workbench under test, driven by keys and by the events of a fake run.
struct Session {
    /// A situation that a user can be in.
    enum Stage: String, CaseIterable, Sendable {
        case start, preparing, running, queued, waiting, typing, drafted, waitingAtEnd, sweeping, swept
        case evaluating, finished, stopped, failed
        case help, themes, quitDialog, exportRecipe, exportPacked, exportExists, exportDone
        case recents, open, completing, palette, setting, inspecting, pinned, filtering, filtered
        case heldOut, redo, redone, stale, attempts, rollBack, site, attention, images, oneUnit
        case unapplied, sweepDialog, adopt, stopDialog, allParameters, runs, comparison
    }

    var state: WorkbenchState
    let run: SampleRun

    init(
        width: Int = 120, height: Int = 40, glyphs: GlyphSet = .braille, run: SampleRun = SampleRun()
    ) {
        self.run = run
        state = WorkbenchState(
            card: Self.card, plan: run.plan, themes: ThemeLibrary.builtIn.themes.map(\.name), glyphs: glyphs,
            size: ScreenSize(width: width, height: height),
            samples: ["sample:fashion-deit", "sample:fashion-vit"])
    }

    /// Makes a session in a situation.
    init(
        at stage: Stage, width: Int = 120, height: Int = 40, glyphs: GlyphSet = .braille,
        run: SampleRun = SampleRun()
    ) {
        // A run is started on a screen that is large enough, which may then become too small.
        let least = Layout.least
        self.init(
            width: max(width, least.width), height: max(height, least.height), glyphs: glyphs, run: run)
        lead(to: stage)
        _ = update(&state, .input(.resize(width: width, height: height)))
    }

    static let card = ModelCard(
        reference: "sample:fashion-vit", architecture: "ViT, 6 blocks of width 128, 4 heads, 4 × 4 patches",
        preprocessing: "(pixel / 255 − [0.286]) / [0.353], from config.json", parameters: 1_207_754,
        bytes: 4_831_016, calibrationImages: 512, evaluationImages: 1000, isLabelled: true)

    /// A difference with an interval: that of two images.
    static func change(_ mean: Double, halfWidth: Double) -> PairedDifference? {
        let deviation = halfWidth / studentQuantile(freedom: 1)
        return PairedDifference([[mean - deviation, mean + deviation]], [[0, 0]])
    }

    var grid: CellGrid { view(state, size: state.size) }

    /// The frame as one text.
    var text: String { grid.glyphRows.joined(separator: "\n") }

    @discardableResult
    mutating func press(_ keys: Key...) -> [WorkbenchEffect] {
        keys.flatMap { send(.input(.key($0))) }
    }

    /// The effects of a message, without requests for measurements, which any message may cause.
    mutating func send(_ message: LoopMessage<WorkbenchData>) -> [WorkbenchEffect] {
        update(&state, message).filter {
            switch $0 {
            case .estimate, .measureMachine, .readAccuracy: false
            default: true
            }
        }
    }

    /// Selects a parameter.
    mutating func select(_ key: String) {
        state.editor.selected = state.editor.order.firstIndex { $0.key == key } ?? 0
    }

    @discardableResult
    mutating func type(_ text: String) -> [WorkbenchEffect] {
        text.flatMap { send(.input(.key(.character($0)))) }
    }

    @discardableResult
    mutating func click(x: Int, y: Int) -> [WorkbenchEffect] {
        send(.input(.mouse(MouseEvent(.press, button: .left, x: x, y: y))))
    }

    @discardableResult
    mutating func tell(_ events: [RunEvent]) -> [WorkbenchEffect] {
        send(.data(events.map { .event($0) }))
    }

    @discardableResult
    mutating func tick(_ seconds: Double) -> [WorkbenchEffect] {
        send(.tick(.milliseconds(Int(seconds * 1000))))
    }

    @discardableResult
    mutating func answer(_ outcome: WorkbenchOutcome) -> [WorkbenchEffect] {
        send(.data([.done(outcome)]))
    }

    /// Leads a new session to a situation as a user would.
    private mutating func lead(to stage: Stage) {
        switch stage {
        case .start: return
        case .help:
            lead(to: .running)
            press(.character("?"))
        case .themes:
            lead(to: .running)
            press(.character("t"))
        case .quitDialog:
            lead(to: .running)
            press(.character("q"))
        case .exportRecipe:
            lead(to: .waiting)
            press(.character("x"))
        case .exportPacked, .exportExists, .exportDone: leadToExport(stage)
        case .recents, .open, .completing, .allParameters, .runs, .comparison: leadAtStart(to: stage)
        case .palette, .setting, .inspecting, .pinned, .filtering, .filtered, .heldOut: leadToView(stage)
        case .redo, .redone, .stale, .attempts, .rollBack, .site, .attention, .images, .oneUnit:
            leadToDecision(stage)
        default:
            press(.enter)
            tell(Array(run.opening.prefix(4)))
            tick(4)
            if stage != .preparing { leadOn(to: stage) }
        }
    }

    private mutating func leadAtStart(to stage: Stage) {
        state.memory.runs = [
            RecentRun(
                directory: "runs/fashion-vit-w4a4-mgrq-2", label: "fashion-vit mgrq W4A4, top-1 90.60 %"),
            RecentRun(directory: "runs/fashion-vit-w3a8-glf-1", label: "fashion-vit glf W3A8, stopped"),
        ]
        switch stage {
        case .recents: return _ = press(.character("G"))
        case .allParameters:
            while state.start.field != .parameters { press(.down) }
            return _ = press(.enter, .down, .down)
        case .runs, .comparison: return leadToRuns(stage)
        default: break
        }
        press(.character("o"))
        guard stage == .completing else { return }
        press(.control("u"))
        type("sam")
        press(.tab)
        answer(.completed("sam", ["sample-models/", "sample:fashion-deit", "sample:fashion-vit"]))
    }

    /// The list of runs, and two of them side by side.
    private mutating func leadToRuns(_ stage: Stage) {
        state.memory.runs.append(RecentRun(directory: "/elsewhere/deep/in/folders/gone-1", label: "gone"))
        press(.character("R"))
        let report = RunReport(
            fullPrecision: nil, calibrated: nil, final: run.evaluation(top1: 90.6, kl: 0.0213),
            units: run.unitNames.indices.map { run.report($0) }, fullPrecisionBytes: 4_831_016,
            bytes: 662_412,
            seconds: 171.4)
        let done = RunFacts(plan: run.plan, report: report, isInUse: false)
        var other = run.plan
        other.hyperparameters.weightBits = 3
        other.hyperparameters.steps = 300
        let facts = [done, RunFacts(plan: other, report: nil, isInUse: stage == .runs)]
        let paths = state.memory.runs.map(\.directory)
        answer(.runsChecked([paths[0]: .run(facts[0]), paths[1]: .run(facts[1]), paths[2]: .missing]))
        guard stage == .comparison else { return }
        press(.character(" "), .character(" "))
        guard press(.character("c")) == [.compareRuns(Array(paths.prefix(2)))] else { return }
        var recorded = RecordedRun(plan: run.plan)
        for event in run.whole { recorded.take(event, at: 1) }
        let kl = PairedDifference([[0.02, 0.03, 0.05, 0.04]], [[0.01, 0.03, 0.02, 0.03]])
        let top1 = PairedDifference(shares: [[true, true, false, true]], [[true, false, true, true]])
        answer(
            .runsCompared([
                ComparedRun(
                    directory: paths[0], facts: facts[0], progress: recorded.progress, kl: nil, top1: nil),
                ComparedRun(
                    directory: paths[1], facts: facts[1], progress: recorded.progress, kl: kl, top1: top1),
            ]))
    }

    /// Views of a run.
    private mutating func leadToView(_ stage: Stage) {
        lead(to: .waiting)
        switch stage {
        case .palette, .setting:
            press(.character(":"))
            type(stage == .palette ? "sw" : "set lr")
        case .heldOut: press(.character("2"), .character("v"), .character("v"))
        case .inspecting: press(.character("2"), .character("+"), .right, .right, .right)
        case .pinned:
            press(.character("2"), .character("["), .character("c"), .character("]"), .character("L"))
        default:
            press(.character("6"), .character("/"))
            type("block loss")
            if stage == .filtered { press(.enter, .character("N")) }
        }
    }

    /// Decisions and inspections at a gate.
    private mutating func leadToDecision(_ stage: Stage) {
        lead(to: stage == .redo || stage == .oneUnit ? .drafted : .waiting)
        press(.character("1"), .character("["), .character("["))
        let unit = state.shownUnit ?? 0
        switch stage {
        case .redo: press(.character("r"))
        case .oneUnit: press(.character("e"), .character("o"))
        case .rollBack: press(.character("B"))
        case .site, .attention:
            press(.character("i"))
            if stage == .attention { press(.right, .right) }
            if let view = state.overlay as? SiteView {
                tell([.siteInspected(run.inspection(view.request, unit: unit))])
            }
        case .images:
            press(.character("I"))
            if let view = state.overlay as? ImagesView { tell([.imagesInspected(run.page(view.request))]) }
        default:
            tell(run.redo(unit, attempt: 2, steps: 300))
            tell([.staleChanged(units: [unit + 1]), .waiting(unit: 4)])
            if stage == .attempts { press(.character("A"), .left) }
            if stage == .redone { press(.character("2")) }
        }
    }

    /// From the end of the preparation.
    private mutating func leadOn(to stage: Stage) {
        tell(Array(run.opening[4...]))
        if stage == .failed {
            return _ = tell([
                .failed(RunFailure(.badData, "model.safetensors: blocks.3.attn.qkv.weight is cut short"))
            ])
        }
        for unit in 0..<3 {
            tell(run.unit(unit, reverted: unit == 2))
            tick(Double(23 + 20 * unit))
        }
        tell(run.unit(3, through: 241))
        tick(72)
        switch stage {
        case .running: break
        case .queued: press(.character(" "))
        case .stopped: tell([.stopped(unitsDone: 3)])
        case .waitingAtEnd, .evaluating, .finished: leadToEnd(stage)
        default: leadToGate(stage)
        }
    }

    private mutating func leadToEnd(_ stage: Stage) {
        for unit in 3..<run.unitNames.count {
            tell(run.unit(unit))
            tick(Double(90 + 20 * unit))
        }
        if stage == .waitingAtEnd { tell([.waiting(unit: run.unitNames.count)]) }
        guard stage == .finished else { return }
        tell(run.ending)
        answer(.accuracyRead(Self.change(-0.7, halfWidth: 0.94), of: state.runDirectory ?? ""))
    }

    private mutating func leadToGate(_ stage: Stage) {
        tell(run.unit(3) + [.waiting(unit: 4)])
        tick(90)
        switch stage {
        case .typing:
            press(.character("e"), .enter)
        case .drafted, .unapplied:
            press(.character("e"), .enter)
            press(.control("u"))
            type("900")
            press(.enter)
            if stage == .unapplied { press(.character(" ")) }
        case .sweepDialog: press(.character("w"), .right, .down)
        case .sweeping, .swept, .adopt:
            press(.character("w"), .enter)
            tell(run.sweep(points: stage == .sweeping ? 11 : 25))
            if stage == .adopt { press(.character("a")) }
        case .stopDialog: press(.character("n"))
        default: break
        }
        tick(100)
    }

    private mutating func leadToExport(_ stage: Stage) {
        lead(to: .finished)
        press(.character("x"))
        guard stage != .exportPacked else { return }
        press(.enter)
        let path = "fashion-vit-w4a4.safetensors"
        answer(.pathChecked(path, stage == .exportExists ? .exists : .free))
        if stage == .exportDone { answer(.exported(.packed, path: path, SampleRun.written(662_412))) }
    }
}
