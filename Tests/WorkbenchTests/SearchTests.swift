import Runs
import TerminalUI
import Testing

@testable import Workbench

@Suite("Searching lists")
struct SearchTests {
    private func footer(_ session: Session) -> String { session.grid.glyphRows.last ?? "" }

    @Test("words find a unit while they are typed; Esc goes back, Enter stays")
    func units() {
        var session = Session(at: .waiting)
        session.press(.character("1"), .character("g"), .character("/"))
        session.type("5")
        #expect(session.state.shownUnit == 6)
        #expect(session.text.contains(" /5"))
        #expect(footer(session).contains("Enter stay") && footer(session).contains("Esc back"))
        session.press(.escape)
        #expect(session.state.shownUnit == 0 && session.state.search == nil)
        session.press(.character("/"))
        session.type("BLOCKS")
        session.press(.enter)
        #expect(session.state.shownUnit == 1)
        #expect(footer(session).contains("n next match") && footer(session).contains("Esc end search"))
        session.press(.character("n"), .character("n"))
        #expect(session.state.shownUnit == 3)
        session.press(.character("N"))
        #expect(session.state.shownUnit == 2)
        session.press(.character("g"), .character("N"))
        #expect(session.state.shownUnit == 6)
        session.press(.character("n"))
        #expect(session.state.shownUnit == 1)
        session.press(.escape)
        #expect(session.state.search == nil && session.state.shownUnit == 1)
    }

    @Test("a parameter is found by its name and by its summary")
    func parameters() throws {
        var session = Session(at: .waiting)
        session.press(.character("5"), .character("/"))
        session.type("learning scale")
        session.press(.enter)
        #expect(session.state.editor.field?.key == "scale_learning_rate")
        session.press(.escape, .character("/"))
        session.type("optimisation steps")
        #expect(session.state.editor.field?.key == "steps")
    }

    @Test("a search without a match says so and selects nothing")
    func nothing() {
        var session = Session(at: .waiting)
        session.press(.character("1"), .character("G"), .character("/"))
        session.type("none")
        session.press(.enter)
        #expect(session.state.shownUnit == 7 && session.state.search == nil)
        #expect(session.text.contains("nothing here has “none”"))
        session.press(.character("/"), .enter)
        #expect(session.state.search == nil)
    }

    @Test("the words of a filter are on the log's edge, with a cursor while they are typed")
    func filter() {
        var session = Session(at: .waiting)
        session.press(.character("6"), .character("/"))
        session.type("held")
        let edge = session.grid.glyphRows.dropLast().last ?? ""
        #expect(edge.contains("╰─ /held"))
        #expect(session.grid.styleRuns.contains { $0.contains("reverse") })
        session.press(.enter)
        #expect(session.grid.glyphRows.dropLast().last?.contains("╰─ /held") == true)
        session.press(.escape)
        #expect(!session.text.contains("/held"))
    }

    @Test("typed text replaces the proposal of the open dialog; after a movement it is inserted")
    func open() {
        var session = Session(at: .start)
        session.press(.character("o"))
        session.type("models/a")
        #expect(session.press(.tab) == [.complete("models/a", canBeSample: true)])
        session = Session(at: .start)
        session.press(.character("o"), .left, .right)
        session.type("-1")
        #expect(session.press(.tab) == [.complete("sample:fashion-vit-1", canBeSample: true)])
    }
}
