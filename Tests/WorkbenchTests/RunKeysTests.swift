import SampleRun
import Runs
import TerminalUI
import Testing

@testable import Workbench
import Vocabulary

@Suite("Keys during a run")
struct RunKeysTests {
    /// What a key sends to the engine in a situation.
    struct Case: Sendable, CustomTestStringConvertible {
        let stage: Session.Stage
        let key: Key
        let command: RunCommand?

        var testDescription: String { "\(key.name) while \(stage.rawValue)" }

        init(_ stage: Session.Stage, _ key: Key, _ command: RunCommand?) {
            self.stage = stage
            self.key = key
            self.command = command
        }
    }

    private static let space = Key.character(" ")

    static let cases: [Case] = [
        Case(.preparing, space, .pause), Case(.running, space, .pause), Case(.queued, space, .resume),
        Case(.waiting, space, .resume), Case(.waitingAtEnd, space, .resume), Case(.sweeping, space, nil),
        Case(.running, .character("s"), .step), Case(.waiting, .character("s"), .step),
        Case(.waitingAtEnd, .character("s"), nil), Case(.sweeping, .character("s"), nil),
        Case(.running, .character("e"), .pause), Case(.queued, .character("e"), nil),
        Case(.waiting, .character("e"), nil), Case(.waitingAtEnd, .character("e"), nil),
        Case(.running, .character("d"), .finishUnit), Case(.waiting, .character("d"), nil),
        Case(.preparing, .character("d"), nil),
        Case(.running, .character("w"), nil), Case(.waiting, .character("w"), nil),
        Case(.sweepDialog, .enter, .sweep(SweepRequest(images: .heldOut))),
        Case(.sweeping, .character("w"), .stopSweep), Case(.finished, .character("w"), nil),
        Case(.running, .character("x"), nil), Case(.running, .character("n"), nil),
        Case(.swept, .character("a"), nil),
        Case(
            .adopt, .enter,
            .change([
                HyperparameterChange(key: "weight_bits", value: "8"),
                HyperparameterChange(key: "activation_bits", value: "8"),
            ])),
        Case(.sweeping, .character("a"), nil),
        Case(.drafted, .character("a"), .change([HyperparameterChange(key: "steps", value: "900")])),
        Case(.typing, space, nil), Case(.help, space, nil), Case(.themes, space, nil),
        Case(.quitDialog, .character("y"), .stop), Case(.quitDialog, .enter, .stop),
        Case(.quitDialog, .character("q"), .stop), Case(.quitDialog, .character("n"), nil),
    ]

    @Test("each key sends its command, or none", arguments: cases)
    func sends(test: Case) {
        var session = Session(at: test.stage)
        let effects = session.press(test.key)
        #expect(effects == (test.command.map { [.send($0)] } ?? []))
    }

    /// A key that is not available, and a part of the sentence that says what would help.
    static let unavailable: [(stage: Session.Stage, key: Key, part: String)] = [
        (.running, .character("x"), "Space waits at the next gate"),
        (.running, .character("w"), "Space waits at the next one"),
        (.sweeping, space, "w stops it"),
        (.finished, .character("s"), "n goes to the start screen"), (.failed, .character("x"), "no result"),
        (.waitingAtEnd, .character("e"), "no unit is left"), (.running, .escape, "q quits"),
        (.waiting, .character("d"), "no unit is being optimised"),
    ]

    @Test("an unavailable key says why and what would help", arguments: unavailable)
    func saysWhy(stage: Session.Stage, key: Key, part: String) throws {
        var session = Session(at: stage)
        let before = session.state
        #expect(session.press(key).isEmpty)
        let notice = try #require(session.state.notice)
        #expect(notice.text.contains(part), "\(notice.text)")
        #expect(session.text.contains(part))
        session.state.notice = before.notice
        #expect(session.state == before)
    }

    @Test("Enter on the start screen starts the plan as it was changed")
    func start() {
        var session = Session(at: .start)
        session.press(.right, .down, .left, .left, .down, .right, .down, .left)
        var plan = RunPlan(model: "sample:fashion-vit", preset: .glf)
        plan.hyperparameters.weightBits = 2
        plan.hyperparameters.activationBits = 5
        plan.hyperparameters.weightLearningRate = session.run.plan.hyperparameters.weightLearningRate
        plan.hyperparameters.steps = 400
        #expect(session.press(.enter) == [.startRun(plan)])
        #expect(session.state.run?.plan == plan)
    }

    @Test("changing the preset and back keeps the explicit values", arguments: Preset.allCases)
    func presetAndBack(preset: Preset) {
        var plan = RunPlan(model: "sample:fashion-vit", preset: preset)
        plan.hyperparameters = preset.hyperparameters
        plan.hyperparameters.steps = 6
        plan.hyperparameters.batch = 8
        plan.hyperparameters.weightBits = 3
        var form = StartForm(plan: plan, card: Session.card)
        for _ in Preset.allCases { form.move(by: -1) }
        for _ in Preset.allCases {
            form.move(by: 1)
            #expect(form.plan.hyperparameters.batch == 8)
            #expect(form.plan.hyperparameters.weightBits == 3)
            if form.plan.preset.hyperparameters.steps > 0 { #expect(form.plan.hyperparameters.steps == 6) }
        }
        #expect(form.plan.preset == Preset.allCases.last)
        while form.plan.preset != preset { form.move(by: -1) }
        #expect(form.plan == plan)
    }

    @Test("a preset that does not learn has no steps unless they were set with it")
    func calibrateHasNoSteps() {
        var form = StartForm(plan: SampleRun().plan, card: Session.card)
        while form.plan.preset != .calibrate { form.move(by: -1) }
        #expect(form.plan.hyperparameters.steps == 0)
        while form.plan.preset != SampleRun().plan.preset { form.move(by: 1) }
        #expect(form.plan == SampleRun().plan)
    }

    @Test("choices on the start screen stop at their ends")
    func ends() {
        var session = Session(at: .start)
        for _ in 0..<20 { session.press(.left) }
        #expect(session.state.start.plan.preset == Preset.allCases.first)
        session.press(.character("G"), .up, .up, .up)
        for _ in 0..<40 { session.press(.right) }
        #expect(session.state.start.plan.hyperparameters.steps == StartForm.steps.last)
    }

    @Test("n goes from an ended run to the start screen, which starts another run")
    func again() {
        var session = Session(at: .finished)
        session.press(.character("n"))
        #expect(session.state.run == nil)
        #expect(session.press(.enter) == [.startRun(session.state.start.plan)])
        #expect(session.state.log.entries.isEmpty)
    }

    @Test("keys that only change the view", arguments: Session.Stage.allCases)
    func viewing(stage: Session.Stage) {
        var session = Session(at: stage)
        guard session.state.overlay == nil, session.state.run != nil, !session.state.isTyping else { return }
        let smoothing = session.state.chart.smoothing
        session.press(.character("4"))
        #expect(session.state.focus == .sweep)
        session.press(.tab)
        #expect(session.state.focus == .parameters)
        session.press(.tab, .tab)
        #expect(session.state.focus == .units)
        session.press(.backtab)
        #expect(session.state.focus == .log)
        session.press(.character("m"), .character("v"), .character("l"), .character("b"))
        #expect(session.state.chart.smoothing == (smoothing + 1) % ChartView.smoothings.count)
        #expect(session.state.contributionView != .gradient)
        #expect(!session.state.chart.isLogarithmicY)
        #expect(session.state.glyphs == .block)
        session.press(.character("f"))
        #expect(session.state.isFullScreen)
        session.press(.escape)
        #expect(!session.state.isFullScreen)
        #expect(session.press(.character("M")) == [.loop(.captureMouse(false))])
        #expect(session.press(.control("z")) == [.loop(.suspend)])
        #expect(session.press(.control("l")) == [.loop(.redraw)])
    }

    @Test("the unit shown follows the current one until another is chosen")
    func following() {
        var session = Session(at: .running)
        #expect(session.state.shownUnit == 3)
        session.press(.up)
        #expect(session.state.shownUnit == 2)
        session.tell(session.run.unit(4, through: 20))
        #expect(session.state.shownUnit == 2)
        session.press(.character("]"), .character("]"))
        #expect(session.state.chosenUnit == nil)
        session.tell(session.run.unit(5, through: 20))
        #expect(session.state.shownUnit == 5)
        session.press(.character("g"))
        #expect(session.state.shownUnit == 0)
        session.press(.character("G"))
        #expect(session.state.shownUnit == 7)
    }

    @Test("the selected theme is shown, and Esc restores the previous one")
    func themes() throws {
        var session = Session(at: .themes)
        let names = session.state.themeNames
        try #require(names.count >= 2)
        session.press(.down)
        #expect(session.state.theme == names[1])
        session.press(.escape)
        #expect(session.state.theme == names[0])
        session.press(.character("t"), .down, .enter)
        #expect(session.state.theme == names[1])
        #expect(session.state.overlay == nil)
    }

    @Test("the help is filtered by what is typed; Esc clears the filter, then closes")
    func help() {
        var session = Session(at: .help)
        session.type("quit")
        #expect(session.text.contains("quit; asks first while a run"))
        #expect(!session.text.contains("smoothing off"))
        session.press(.escape)
        #expect(session.text.contains("smoothing off"))
        session.press(.pageDown)
        #expect(!session.text.contains("smoothing off"))
        session.press(.escape)
        #expect(session.state.overlay == nil)
    }
}
