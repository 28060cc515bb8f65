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
        let parameter = try place(of: "  weight_bits  ", column: 6)
        session.click(x: parameter.x, y: parameter.y)
        #expect(session.state.editor.field?.key == "weight_bits")
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

    @Test("a click in an overlay's list selects a row, and a second click takes it")
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

    private func drag(_ session: inout Session, from start: (x: Int, y: Int), to end: (x: Int, y: Int)) {
        for (action, place) in [
            (MouseEvent.Action.press, start), (.drag, end), (.release, end), (.drag, start),
        ] {
            _ = session.send(.input(.mouse(MouseEvent(action, button: .left, x: place.x, y: place.y))))
        }
    }

    @Test("a click on an edge selects nothing")
    func edgeSelectsNothing() throws {
        var session = Session(at: .running)
        let edge = try #require(Layout(session.state).edges.first { $0.isVertical })
        let unit = session.state.shownUnit
        for y in edge.frame.y..<edge.frame.endY { session.click(x: edge.frame.x, y: y) }
        #expect(session.state.shownUnit == unit)
    }

    @Test("edges between panels follow the mouse until the button is released")
    func edges() throws {
        for (width, height) in [(120, 40), (80, 24)] {
            var session = Session(at: .running, width: width, height: height)
            let edges = Layout(session.state).edges.map(\.split)
            #expect(edges.count == (width == 120 ? 5 : 2))
            for split in edges {
                let edge = try #require(Layout(session.state).edges.first { $0.split == split })
                let at = (edge.frame.x + (edge.isVertical ? 1 : 20), edge.frame.y + (edge.isVertical ? 3 : 1))
                let shift = edge.isVertical ? (-3, 0) : (0, -1)
                drag(&session, from: at, to: (at.0 + shift.0, at.1 + shift.1))
                let moved = try #require(Layout(session.state).edges.first { $0.split == split })
                #expect(moved.frame.x == edge.frame.x + shift.0 && moved.frame.y == edge.frame.y + shift.1)
            }
            #expect(
                WorkbenchMemory(json: session.state.remembered.json).splits == session.state.memory.splits)
            session.press(.character("|"))
            #expect(
                Layout(session.state) == Layout(Session(at: .running, width: width, height: height).state))
        }
    }

    @Test("keys make the panel with the focus larger and smaller", arguments: Panel.allCases, [120, 80])
    func sizes(panel: Panel, width: Int) throws {
        var session = Session(at: .running, width: width, height: width == 120 ? 44 : 30)
        session.press(.character(Character("\(panel.rawValue)")))
        func frame() throws -> Rect { try #require(Layout(session.state).frame(of: panel)) }
        let before = try frame()
        session.press(.character("}"))
        #expect(try frame().height == before.height + 2)
        session.press(.character("{"), .character("{"))
        #expect(try frame().height == before.height - 2)
        let hasSides = width == 120 || panel != .log
        session.press(.character(">"))
        #expect(try frame().width == before.width + (hasSides ? 4 : 0))
        #expect((session.state.notice == nil) == hasSides)
        session.press(.character("<"), .character("<"))
        #expect(try frame().width == before.width - (hasSides ? 4 : 0))
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
