import TerminalUI
import Testing

@testable import Workbench

@Suite("Key table")
struct KeyTableTests {
    @Test("no key means two things in one place", arguments: KeyContext.allCases)
    func conflicts(context: KeyContext) {
        let keys = KeyTable.standard.bindings.filter { $0.contexts.contains(context) }.flatMap(\.keys)
        #expect(keys.count == Set(keys).count)
        #expect(!keys.isEmpty)
    }

    @Test("every action has exactly one row", arguments: Action.allCases)
    func rows(action: Action) {
        #expect(KeyTable.standard.bindings.count { $0.action == action } == 1)
        #expect(KeyTable.standard[action]?.contexts.isEmpty == false)
    }

    @Test("Ctrl-C, Ctrl-Z and Ctrl-L mean the same everywhere", arguments: Session.Stage.allCases)
    func reserved(stage: Session.Stage) {
        let contexts = Session(at: stage).state.contexts
        #expect(KeyTable.standard.action(for: .control("c"), in: contexts) == .interrupt)
        #expect(KeyTable.standard.action(for: .control("z"), in: contexts) == .suspend)
        #expect(KeyTable.standard.action(for: .control("l"), in: contexts) == .redraw)
    }

    @Test(
        "every key in the footer does something", arguments: Session.Stage.allCases,
        [60, 80, 120, 200])
    func hints(stage: Session.Stage, width: Int) throws {
        let session = Session(at: stage, width: width)
        let hints = Footer.hints(session.state, in: Layout(session.state).footer)
        #expect(!hints.isEmpty)
        for hint in hints {
            var (pressed, clicked) = (session, session)
            pressed.state.notice = nil
            clicked.state.notice = nil
            let before = pressed.state
            let key = try #require(
                KeyTable.standard.bindings(in: before.contexts).first { $0.action == hint.action }?.keys.first
            )
            let effects = pressed.press(key)
            #expect(pressed.state != before || !effects.isEmpty, "\(hint.key) \(hint.text)")
            #expect(pressed.state.notice?.severity != .warning, "\(hint.key) \(hint.text)")
            #expect(clicked.click(x: hint.frame.x, y: hint.frame.y) == effects, "\(hint.key) \(hint.text)")
            #expect(clicked.state == pressed.state, "\(hint.key) \(hint.text)")
        }
    }

    @Test("hints neither overlap nor leave the screen", arguments: Session.Stage.allCases, [60, 80, 120])
    func places(stage: Session.Stage, width: Int) {
        let session = Session(at: stage, width: width)
        let row = Layout(session.state).footer
        let hints = Footer.hints(session.state, in: row)
        for (hint, next) in zip(hints, hints.dropFirst()) {
            #expect(hint.frame.endX < next.frame.x)
        }
        #expect(hints.allSatisfy { $0.frame.intersection(row) == $0.frame })
    }

    @Test(
        "the footer has the keys of the panel with the focus first, and none of another",
        arguments: Panel.allCases)
    func ofPanel(panel: Panel) {
        var session = Session(at: .waiting, width: 200)
        session.press(.character(Character("\(panel.rawValue)")))
        let state = session.state
        let hints = Footer.hints(state, in: Layout(state).footer)
        let bindings = hints.compactMap { state.settings.keys[$0.action] }
        let own = bindings.prefix { $0.isOfPanel }
        #expect(!bindings.dropFirst(own.count).contains { $0.isOfPanel })
        #expect(own.allSatisfy { $0.belongs(to: panel.content.context) })
        #expect(
            hints.contains { $0.action == .smoothing } == [.reconstruction, .contributions].contains(panel))
        // What every situation needs is there on a narrow screen, too.
        _ = update(&session.state, .input(.resize(width: 80, height: 24)))
        let narrow = Footer.hints(session.state, in: Layout(session.state).footer).map(\.action)
        for action in [Action.pause, .quit, .help] { #expect(narrow.contains(action)) }
    }

    @Test("keys of curves are not in the footer of a view without curves over steps")
    func viewWithoutSteps() {
        var session = Session(at: .finished)
        session.press(.character("2"))
        for hint in ["log-y", "smooth", "inspect", "zoom"] { #expect(!session.text.contains(" \(hint)")) }
        session.press(.character("]"))
        for hint in ["log-y", "smooth", "inspect"] { #expect(session.text.contains(" \(hint)")) }
    }

    @Test("a key that does nothing says so, and nothing else happens")
    func unknownKey() {
        var session = Session(at: .running)
        #expect(session.press(.character("z")).isEmpty)
        #expect(session.state.notice?.text.contains("z does nothing here") == true)
    }

    @Test("no text of the help is cut", arguments: [60, 80, 120])
    func wholeHelp(width: Int) {
        let rows = HelpText.rows(of: .standard, matching: "", width: width - 12)
        #expect(rows.allSatisfy { cellWidth($0.keys) + cellWidth($0.text ?? "") <= width - 12 })
        let said = rows.compactMap(\.text).joined(separator: " ")
        #expect(KeyTable.standard.bindings.allSatisfy { said.contains($0.help) })
    }

    @Test("the help's footer says how it scrolls")
    func helpFooter() {
        let hints = Footer.hints(Session(at: .help).state, in: Rect(x: 0, y: 0, width: 80, height: 1))
        #expect(hints.map(\.key) == ["Esc", "Down", "PgDn", "Tab"])
    }

    @Test("the help lists every binding and finds it by its text")
    func help() {
        let all = HelpText.lines(of: .standard, matching: "")
        let count = all.count { if case .binding = $0 { true } else { false } }
        #expect(count >= KeyTable.standard.bindings.count)
        let found = HelpText.lines(of: .standard, matching: "Bits SELECTED")
        #expect(found.contains { if case .binding(let keys, _) = $0 { keys == "a" } else { false } })
        #expect(HelpText.lines(of: .standard, matching: "no such thing at all").isEmpty)
    }
}
