import SampleRun
import Runs
import TerminalUI
import Testing

@testable import Workbench
import Vocabulary

@Suite("Gates and parameters")
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

    @Test("the header says what the engine does at a gate, which takes keys all the same")
    func workAtGate() {
        var session = Session(at: .waiting)
        session.tell([.progressed(activity: "measuring baselines", done: 3, total: 19)])
        let header = session.grid.glyphRows[0]
        #expect(header.contains("MEASURING   baselines 3/19   gate before unit 5/8"))
        #expect(!header.contains("WAITING"))
        #expect(session.press(.character(" ")) == [.send(.resume)])
        session.tell([.progressed(activity: "measuring baselines", done: 19, total: 19)])
        #expect(session.grid.glyphRows[0].contains("WAITING   before unit 5/8"))
    }

    @Test("at the last gate the key that goes on says that it finishes the run")
    func last() {
        #expect(Session(at: .waitingAtEnd).text.contains("Space finish"))
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
        #expect(session.text.contains("Enter types one"))
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
        #expect(session.text.contains("applied: 600"))
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
        #expect(session.text.contains("900 (started with 600)"))
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
        session.select("rounding")
        session.press(.right)
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
        let field = HyperparameterField.all[index]
        session.select(field.key)
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
        let words = [field.guide.effect, field.summary].map {
            $0.split(separator: " ").prefix(2).joined(separator: " ")
        }
        #expect(words.contains { session.text.contains($0) }, "\(words)")
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
}
