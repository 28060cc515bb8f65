import Runs
import TerminalUI
import Testing

@testable import Workbench

@Suite("Mouse")
struct MouseTests {
    @Test("a click gives a panel the focus", arguments: Panel.allCases)
    func focus(panel: Panel) throws {
        var session = Session(at: .running)
        let frame = try #require(Layout(session.state).frame(of: panel))
        session.click(x: frame.x + 3, y: frame.y)
        #expect(session.state.focus == panel)
    }

    @Test("a click selects the unit or the parameter that stands there", arguments: [32, 40])
    func rows(height: Int) throws {
        var session = Session(at: .waiting, width: 120, height: height)
        func place(of text: String, column: Int) throws -> (x: Int, y: Int) {
            let rows = session.grid.glyphRows
            let y = try #require(rows.firstIndex { $0.contains(text) })
            return (column, y)
        }
        let unit = try place(of: " blocks.0 ", column: 6)
        session.click(x: unit.x, y: unit.y)
        #expect(session.state.shownUnit == 1)
        let parameter = try place(of: "  batch  ", column: 6)
        session.click(x: parameter.x, y: parameter.y)
        #expect(session.state.editor.field?.key == "batch")
        #expect(session.state.focus == .parameters)
    }

    @Test("a click on a tab shows its panel", arguments: [80, 60])
    func tabs(width: Int) throws {
        var session = Session(at: .running, width: width, height: 24)
        let tab = try #require(Layout(session.state).tabs.first { $0.panel == .sweep })
        session.click(x: tab.frame.x + 1, y: tab.frame.y)
        #expect(session.state.focus == .sweep)
        #expect(session.text.contains("[4 Sweep]"))
    }

    @Test("the wheel moves what is under it and leaves the focus")
    func wheel() throws {
        var session = Session(at: .running)
        let log = try #require(Layout(session.state).frame(of: .log))
        _ = update(&session.state, .input(.mouse(MouseEvent(.wheel(.up), x: log.x + 2, y: log.y + 2))))
        #expect(session.state.logOffset == 1)
        #expect(session.state.focus == .units)
        _ = update(&session.state, .input(.mouse(MouseEvent(.wheel(.down), x: log.x + 2, y: log.y + 2))))
        #expect(session.state.logOffset == 0)
    }

    @Test("a click in a dialog's list selects, and one on what is selected takes it")
    func dialogs() throws {
        var session = Session(at: .themes)
        let names = session.state.themeNames
        let other = try #require(names.last)
        let rows = session.grid.glyphRows
        let row = try #require(rows.firstIndex { $0.contains(" \(other) ") })
        session.click(x: 60, y: row)
        #expect(session.state.theme == other)
        session.click(x: 60, y: row)
        #expect(session.state.overlay == nil && session.state.memory.theme == other)
        session = Session(at: .palette)
        let second = try #require(session.grid.glyphRows.firstIndex { $0.contains("show-sweep") })
        session.click(x: 40, y: second)
        session.click(x: 40, y: second)
        #expect(session.state.focus == .sweep && session.state.overlay == nil)
    }

    @Test("without the mouse, clicks do nothing")
    func off() {
        var session = Session(at: .running)
        session.press(.character("M"))
        let before = session.state
        session.click(x: 100, y: 30)
        #expect(session.state == before)
    }
}
