import SampleRun
import Runs
import TerminalUI
import Testing

@testable import Workbench
import Vocabulary

@Suite("Gates, parameters and sweeps")
struct GateTests {
    // MARK: - Pause

    @Test("a pause is queued when asked for, withdrawn by the same key, and over when the run waits")
    func pause() {
        var session = Session(at: .running)
        #expect(session.press(.character(" ")) == [.send(.pause)])
        #expect(session.text.contains("PAUSE queued"))
        #expect(session.text.contains("RUNNING"))
        #expect(session.press(.character(" ")) == [.send(.resume)])
        #expect(!session.text.contains("PAUSE queued"))
        session.press(.character(" "))
        session.tell([.pauseQueued])
        #expect(session.text.contains("PAUSE queued"))
        session.tell(session.run.unit(3) + [.waiting(unit: 4)])
        #expect(!session.text.contains("PAUSE queued"))
        #expect(session.text.contains("WAITING"))
        #expect(session.press(.character(" ")) == [.send(.resume)])
        #expect(session.text.contains("WAITING"), "only the engine says that the run goes on")
        session.tell([.resumed(unit: 4)])
        #expect(session.text.contains("RUNNING"))
    }

    @Test("a step pauses at the gate after the unit")
    func step() {
        var session = Session(at: .waiting)
        #expect(session.press(.character("s")) == [.send(.step)])
        session.tell([.resumed(unit: 4)] + session.run.unit(4, through: 30))
        #expect(session.state.run?.phase == .running)
        #expect(session.text.contains("PAUSE queued"))
        session.tell([.waiting(unit: 5)])
        #expect(session.state.run?.gate == 5)
    }

    @Test("e pauses at the next gate and opens the parameters there")
    func editAtGate() {
        var session = Session(at: .running)
        #expect(session.press(.character("e")) == [.send(.pause)])
        #expect(session.state.focus == .units)
        session.tell(session.run.unit(3) + [.waiting(unit: 4)])
        #expect(session.state.focus == .parameters)
        #expect(session.text.contains("Enter changes a value"))
    }

    @Test("Space withdraws the wish to edit")
    func editWithdrawn() {
        var session = Session(at: .running)
        session.press(.character("e"))
        #expect(session.press(.character(" ")) == [.send(.resume)])
        session.tell(session.run.unit(3) + [.waiting(unit: 4)])
        #expect(session.state.focus == .units)
    }

    // MARK: - Parameters

    @Test("parameters are read-only while a unit is in work", arguments: [Key.enter, .left, .right])
    func readOnly(key: Key) {
        var session = Session(at: .running)
        session.press(.character("5"), key)
        #expect(session.state.editor.typing == nil)
        #expect(session.state.editor.draft.isEmpty)
        #expect(session.state.notice?.text.contains("read-only") == true)
    }

    @Test(
        "a bad value keeps the text, says what is accepted, and changes nothing",
        arguments: ["abc", "-1", "", "1e9"])
    func badValue(text: String) throws {
        var session = Session(at: .typing)
        session.press(.control("u"))
        session.type(text)
        session.press(.enter)
        let typing = try #require(session.state.editor.typing)
        #expect(typing.line.text == text)
        var trial = Hyperparameters()
        let field = try #require(HyperparameterField.named("steps"))
        let error = #expect(throws: PlanError.self) { try field.set(text, in: &trial) }
        #expect(typing.problem == error?.description)
        #expect(session.text.contains("steps cannot be"))
        #expect(session.state.editor.draft.isEmpty)
        session.press(.escape)
        #expect(session.state.editor.typing == nil)
    }

    @Test("a draft shows the old values, survives the gate, and is settled by the engine's event")
    func draft() {
        var session = Session(at: .drafted)
        #expect(session.text.contains("was 600"))
        session.tell([.resumed(unit: 4)] + session.run.unit(4, through: 20))
        #expect(session.state.notice?.text.contains("kept as a draft") == true)
        #expect(session.state.editor.draft.map(\.value) == ["900"])
        session.tell(session.run.unit(4) + [.waiting(unit: 5)])
        let change = HyperparameterChange(key: "steps", value: "900")
        #expect(session.press(.character("a")) == [.send(.change([change]))])
        #expect(session.state.editor.draft == [change], "the engine has not taken it yet")
        session.tell([.changed(units: [5, 6, 7], changes: [change])])
        #expect(session.state.editor.draft.isEmpty)
        #expect(
            session.state.run?.units.map(\.hyperparameters.steps) == [600, 600, 600, 600, 600, 900, 900, 900])
        #expect(session.text.contains("plan 600"))
    }

    @Test("a change that the engine refuses stays in the draft")
    func refused() {
        var session = Session(at: .drafted)
        session.press(.character("a"))
        session.tell([.warning("the change was not taken: no")])
        #expect(session.state.editor.draft.map(\.value) == ["900"])
        #expect(session.state.notice?.text.contains("not taken") == true)
    }

    @Test("undo removes changes one by one")
    func undo() {
        var session = Session(at: .drafted)
        session.press(.down, .down, .down, .right)
        #expect(session.state.editor.draft.map(\.key) == ["steps", "rounding"])
        session.press(.character("u"))
        #expect(session.state.editor.draft.map(\.key) == ["steps"])
        session.press(.character("u"))
        #expect(session.state.editor.draft.isEmpty)
        #expect(session.press(.character("a")).isEmpty)
        #expect(session.state.notice?.text.contains("nothing is changed") == true)
    }

    @Test(
        "every field can be changed at a gate, or says that it is set before a run",
        arguments: Array(HyperparameterField.all.indices))
    func everyField(index: Int) throws {
        var session = Session(at: .waiting)
        session.press(.character("e"))
        for _ in 0..<index { session.press(.down) }
        let field = HyperparameterField.all[index]
        guard !field.isShared else {
            for key in [Key.enter, .right] {
                session.press(key)
                #expect(session.state.editor.typing == nil)
                #expect(
                    session.state.notice?.text.contains("\(field.key) is one value for the whole model")
                        == true)
            }
            session.press(.control("p"))
            session.type("set \(field.key) \(otherValue(of: field, than: session.state.draftBase))")
            session.press(.enter)
            #expect(session.state.notice?.text.contains("it is set before a run") == true)
            #expect(session.state.editor.draft.isEmpty)
            return
        }
        session.press(.enter)
        if session.state.editor.typing != nil {
            session.press(.control("u"))
            session.type(otherValue(of: field, than: session.state.draftBase))
            session.press(.enter)
        }
        let value = try #require(session.state.editor.drafted(field))
        var trial = Hyperparameters()
        #expect(throws: Never.self) { try field.set(value, in: &trial) }
        #expect(session.text.contains(field.key))
        #expect(session.text.contains(field.summary.prefix(36)))
    }

    private func otherValue(of field: HyperparameterField, than base: Hyperparameters) -> String {
        ["3", "1", "0.5", "0", "true", "false"].first { text in
            var trial = base
            return (try? field.set(text, in: &trial)) != nil && trial != base
        } ?? ""
    }

    @Test("the undo history is bounded")
    func bounded() {
        var editor = ParameterEditor()
        let field = HyperparameterField.all[0]
        for step in 0..<500 {
            #expect(editor.put(step % 2 == 0 ? "3" : "2", into: field, over: Hyperparameters()) == nil)
        }
        var count = 0
        while editor.canUndo {
            editor.undo()
            count += 1
        }
        #expect(count == ParameterEditor.undoDepth)
    }

    // MARK: - Sweep

    @Test("points fill in one by one and can be chosen by size")
    func points() throws {
        var session = Session(at: .sweeping)
        #expect(session.text.contains("11/25"))
        #expect(session.text.contains("SWEEPING"))
        let latest = try #require(session.state.shownPoint)
        #expect((latest.weightBits, latest.activationBits) == (4, 2))
        session.press(.character("g"))
        let smallest = try #require(session.state.shownPoint)
        #expect(session.state.run?.sweep?.points.allSatisfy { $0.bytes >= smallest.bytes } == true)
        session.tell([.sweepMeasured(session.run.point(8, 8))])
        #expect(session.state.shownPoint == smallest)
    }

    @Test("adopting a point asks for its bits, and the engine's event changes the coming units")
    func adopt() throws {
        var session = Session(at: .swept)
        session.press(.left)
        let point = try #require(session.state.shownPoint)
        let changes = [
            HyperparameterChange(key: "weight_bits", value: "\(point.weightBits)"),
            HyperparameterChange(key: "activation_bits", value: "\(point.activationBits)"),
        ]
        #expect(session.press(.character("a")) == [.send(.change(changes))])
        session.tell([.changed(units: [4, 5, 6, 7], changes: changes)])
        #expect(session.state.run?.units[3].hyperparameters.weightBits == 4)
        #expect(session.state.run?.units[4].hyperparameters.weightBits == point.weightBits)
        #expect(session.text.contains("\(point.weightBits)/\(point.activationBits)"))
        #expect(session.text.contains("W4–8A4–6"))
    }

    @Test("after adopting other bits, the calibrated evaluation and the export name their bits")
    func adopted() throws {
        var session = Session(at: .swept)
        #expect(session.text.contains("% calibrated  "))
        let changes = [HyperparameterChange(key: "weight_bits", value: "6")]
        session.tell([.changed(units: [4, 5, 6, 7], changes: changes)])
        #expect(session.text.contains("86.10 % calibrated at W4A4"))
        session.press(.character("x"))
        #expect(session.press(.enter) == [.checkPath("fashion-vit-w4-6a4.yaml")])
        session.press(.escape)
        session.tell([.resumed(unit: 4)] + session.run.ending)
        #expect(session.text.contains("cal. W4A4"))
    }

    @Test("an adopted change is reported in the footer if the log is hidden", arguments: [true, false])
    func adoptedNotice(isFullScreen: Bool) {
        var session = Session(at: .swept)
        if isFullScreen { session.press(.character("f")) }
        session.state.notice = nil
        session.tell([
            .changed(units: [4, 5, 6, 7], changes: [HyperparameterChange(key: "weight_bits", value: "6")])
        ])
        #expect((session.state.notice?.text.contains("weight_bits = 6") == true) == isFullScreen)
    }

    @Test("after a sweep the best point of the front is suggested")
    func suggestion() throws {
        var session = Session(at: .sweeping)
        session.tell([.sweepMeasured(session.run.point(8, 8)), .sweepMeasured(session.run.point(8, 2))])
        #expect(session.state.shownPoint == session.run.point(8, 2))
        session.tell([.sweepFinished(complete: false)])
        #expect(session.state.shownPoint == session.run.point(8, 8))
    }

    @Test("points of nearly the same size are ordered by their bits")
    func nearTies() throws {
        var sweep = SweepProgress(expected: 25)
        for (offset, bits) in [(4, 2), (2, 8), (2, 2), (2, 4)].enumerated() {
            var point = SampleRun().point(bits.0, bits.1)
            point.bytes -= 3 * offset
            sweep.points.append(point)
        }
        #expect(sweep.ordered.map(\.weightBits) == [2, 2, 2, 4])
        #expect(sweep.ordered.map(\.activationBits) == [2, 4, 8, 2])
    }

    @Test(
        "the size axis holds the same range from the first point to the last", arguments: [1, 5, 6, 11, 24])
    func sizes(count: Int) throws {
        let run = SampleRun()
        var sweep = SweepProgress(expected: 25, fullPrecisionBytes: run.summary.fullPrecisionBytes)
        let all = SweepRequest().points.map { run.point($0.weightBits, $0.activationBits) }
        sweep.points = Array(all.prefix(count))
        let range = try #require(sweep.sizes)
        let bytes = all.map { Double($0.bytes) }
        #expect(abs(range.lowerBound - (bytes.min() ?? 0)) < 4)
        #expect(abs(range.upperBound - (bytes.max() ?? 0)) < 4)
    }

    @Test(
        "sizes have the unit that suits the largest",
        arguments: [(7_712, "kB", "7.7"), (662_412, "kB", "662.4"), (1_357_754, "MB", "1.36")])
    func sizeUnit(bytes: Int, name: String, text: String) {
        let unit = SizeUnit(largest: Double(bytes))
        #expect(unit.name == name)
        #expect(unit.text(bytes) == text)
    }

    @Test("typed text replaces the old value; after a movement it is inserted", arguments: [true, false])
    func replacing(moves: Bool) {
        var session = Session(at: .typing)
        if moves { session.press(.end) }
        session.type("9")
        #expect(session.state.editor.typing?.line.text == (moves ? "6009" : "9"))
        session.type("0")
        #expect(session.state.editor.typing?.line.text == (moves ? "60090" : "90"))
    }

    @Test("the front holds exactly the points that nothing beats", arguments: [true, false])
    func front(isLabelled: Bool) throws {
        let session = Session(at: .swept, run: SampleRun(isLabelled: isLabelled))
        let sweep = try #require(session.state.run?.sweep)
        #expect(sweep.isJudgedByTop1 == isLabelled)
        for point in sweep.points {
            let beaten = sweep.points.contains { other in
                other != point && other.bytes <= point.bytes
                    && sweep.badness(of: other) <= sweep.badness(of: point)
                    && (other.bytes < point.bytes || sweep.badness(of: other) < sweep.badness(of: point))
            }
            #expect(sweep.isOnFront(point) == !beaten)
        }
        #expect(session.text.contains(isLabelled ? "top-1 % against MB" : "KL nats"))
    }
}
