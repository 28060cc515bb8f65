import SampleRun
import Runs
import TerminalUI
import Testing

@testable import Workbench
import Vocabulary

@Suite("Edits of parameters")
struct EditTests {
    @Test("continuing with an edit that is not applied asks", arguments: [Key.character(" "), "s"])
    func unapplied(key: Key) {
        var session = Session(at: .drafted)
        let command: RunCommand = key == "s" ? .step : .resume
        #expect(session.press(key).isEmpty)
        #expect(session.text.contains("steps 900 (applied: 600)"))
        var (without, staying) = (session, session)
        let change = HyperparameterChange(key: "steps", value: "900")
        #expect(session.press(.enter) == [.send(.change([change])), .send(command)])
        #expect(without.press(.character("c")) == [.send(command)])
        #expect(without.state.editor.draft == [change])
        #expect(staying.press(.escape).isEmpty && staying.state.overlay == nil)
        staying.press(.character("u"))
        #expect(staying.press(key) == [.send(command)])
    }

    @Test("a redo with the settings of an attempt is refused, and says what to do")
    func repeatedRedo() {
        var session = Session(at: .redo)
        session.press(.tab)
        #expect(session.text.contains("Same settings as attempt 1: the result will be identical."))
        #expect(session.press(.enter).isEmpty)
        session.press(.character("e"))
        #expect(session.state.focus == .parameters && session.state.overlay == nil)
    }

    @Test("at the last gate values can be edited for a redo, and cannot be applied")
    func editAtEnd() {
        var session = Session(at: .waitingAtEnd)
        session.press(.character("5"))
        session.select("steps")
        session.press(.right)
        #expect(session.state.editor.draft == [HyperparameterChange(key: "steps", value: "1000")])
        #expect(session.press(.character("a")).isEmpty)
        #expect(session.state.notice?.text.contains("r redoes the selected unit") == true)
        #expect(session.press(.character(" ")) == [.send(.resume)], "nothing is left that could have them")
    }

    @Test(
        "Left and Right move every value along its ladder, within its range",
        arguments: HyperparameterField.all.map(\.key))
    func ladders(key: String) throws {
        let field = try #require(HyperparameterField.named(key))
        let start = field.value(of: .mgrq)
        var value = start
        var seen = [value]
        while let next = field.neighbour(of: value, offset: 1) {
            var trial = Hyperparameters()
            try field.set(next, in: &trial)
            value = next
            seen.append(next)
            try #require(seen.count < 200)
        }
        while let next = field.neighbour(of: value, offset: -1) {
            var trial = Hyperparameters()
            try field.set(next, in: &trial)
            value = next
            try #require(seen.count < 400)
            seen.append(next)
        }
        #expect(Set(seen).count > 1 && !seen.dropFirst().contains(where: \.isEmpty))
    }

    @Test("changed parameters are listed first, and no line moves while values are edited")
    func changedFirst() {
        var session = Session(at: .waiting)
        session.press(.character("e"))
        #expect(session.state.editor.order.prefix(2).map(\.key) == ["steps", "weight_learning_rate"])
        session.select("batch")
        let order = session.state.editor.order.map(\.key)
        session.press(.right)
        #expect(session.state.editor.order.map(\.key) == order)
        session.tell([.changed(units: [4, 5, 6, 7], changes: session.state.editor.draft)])
        #expect(
            session.state.editor.order.prefix(3).map(\.key) == ["steps", "batch", "weight_learning_rate"])
        #expect(session.state.editor.key == "batch")
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
}
