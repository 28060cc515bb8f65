import SampleRun
import Runs
import TerminalUI
import Testing

@testable import Workbench

@Suite("Settings")
struct SettingsTests {
    private func problem(_ text: String) -> String? {
        do throws(SettingsProblem) {
            _ = try WorkbenchSettings(yaml: text, file: "config.yaml")
            return nil
        } catch {
            return error.description
        }
    }

    @Test("every setting is read")
    func reading() throws {
        let settings = try WorkbenchSettings(
            yaml: """
                screen:
                  theme: paper
                  glyphs: block
                  color: 256
                  mouse: false
                  alt_screen: false
                  fps: 30
                  esc_ms: 50
                keys:
                  step: S
                  pause: [Ctrl-O, F5]
                  sweep: []
                """, file: "config.yaml")
        #expect(settings.theme == "paper")
        #expect(settings.glyphs == .block)
        #expect(settings.color.depth == .indexed256)
        #expect(!settings.capturesMouse)
        #expect(!settings.usesAlternateScreen)
        #expect(settings.framesPerSecond == 30)
        #expect(settings.escapeMilliseconds == 50)
        #expect(settings.keys.action(for: .character("S"), in: [.run]) == .step)
        #expect(settings.keys.action(for: .character("s"), in: [.run]) == nil)
        #expect(settings.keys.action(for: .function(5), in: [.run]) == .pause)
        #expect(settings.keys.text(of: .pause) == "Ctrl-O")
        #expect(settings.keys.text(of: .sweep) == ":sweep")
    }

    @Test(
        "an empty file, or one without values, gives the defaults",
        arguments: ["", "# a\n", "screen:\nkeys:\n"])
    func empty(text: String) throws {
        #expect(try WorkbenchSettings(yaml: text, file: "config.yaml") == WorkbenchSettings())
    }

    @Test(
        "a mistake is reported with file, line and what would be accepted",
        arguments: [
            (
                "screen:\n  fps: 0",
                "config.yaml:2: fps cannot be “0”; it accepts a whole number from 1 through 60"
            ),
            (
                "screen:\n  color: neverr",
                "config.yaml:2: color cannot be “neverr”; it accepts auto or never or 16 or 256 or true"
            ),
            (
                "screen:\n  them: ink",
                "config.yaml:2: there is no key “them” in screen; did you mean “theme”?"
            ),
            ("fps: 3", "config.yaml:1: there is no key “fps”; it accepts screen, keys"),
            (
                "keys:\n\n  pasue: p",
                "config.yaml:3: there is no key “pasue” in keys; did you mean “pause”?"
            ),
            (
                "keys:\n  step: Hyper-x",
                "config.yaml:2: step cannot be “Hyper-x”; it accepts a character, Space, Enter, Esc, Tab, Up, PgDn, F1 to F12, Ctrl-X or Alt-x"
            ),
            ("keys:\n  step: Ctrl-C", "config.yaml:2: Ctrl-C cannot be given another meaning"),
            (
                "keys:\n  suspend: x",
                "config.yaml:2: “suspend” has the same key in every program and cannot have another"
            ),
            (
                "keys:\n  keep-filter: k",
                "config.yaml:2: “k” is typed where “keep-filter” works; use a key that types nothing"
            ),
            ("keys:\n  step:", "config.yaml:2: step cannot be “null”; it accepts a key, or a list of keys"),
            (
                "keys:\n  step: {a: b}",
                "config.yaml:2: “step” is a mapping, where a single value was expected"
            ),
            (
                "keys:\n  step: w",
                "config.yaml:2: w for “step” is the key of “sweep” (Run: choose and start a sweep of bit-widths at a gate, or stop it); give one of them another"
            ),
            (
                "keys:\n  step: q",
                "config.yaml:2: q for “step” is the key of “quit” (Everywhere: quit; asks first while a run is in progress); give one of them another"
            ),
            (
                "keys:\n\n  filter: f",
                "config.yaml:3: f for “filter” is the key of “full-screen” (Run: panel on the full screen); give one of them another"
            ),
            (
                "keys:\n  mouse: o",
                "config.yaml:2: o for “mouse” is the key of “open” (Start: open a checkpoint, images, a plan or a run); give one of them another"
            ),
            (
                "keys:\n  step: S\n  step: T",
                "config.yaml:2: the key “step” comes twice; it may come once"
            ),
        ])
    func problems(text: String, expected: String) {
        #expect(problem(text) == expected)
    }

    @Test("two keys can change places")
    func swapped() {
        #expect(problem("keys: {step: w, sweep: s}") == nil)
        #expect(problem("keys: {step: q, quit: s}") == nil)
    }

    @Test("a panel may keep a default key that shadows one of the run")
    func shadowed() {
        #expect(problem("keys: {measure: [v, V], new-run: [n, Ctrl-N]}") == nil)
    }

    @Test("every key's name is read as the key", arguments: KeyTable.standard.bindings.flatMap(\.keys))
    func names(key: Key) {
        #expect(Key(named: key.name) == key)
    }

    @Test("every name consists of lowercase words and hyphens")
    func actionNames() {
        let names = Action.allCases.map(\.name)
        #expect(names.allSatisfy { $0.allSatisfy { $0.isLowercase || $0 == "-" } })
    }

    @Test(
        "the written file reads back as the same settings",
        arguments: [
            "", "screen: {theme: paper, fps: 7, glyphs: ascii, color: true}\nkeys: {step: S, sweep: []}",
            "keys: {step: '\"', pause: ['\\', '#', Ctrl-O]}",
        ])
    func writing(text: String) throws {
        let settings = try WorkbenchSettings(yaml: text, file: "a")
        #expect(try WorkbenchSettings(yaml: settings.yaml, file: "b") == settings)
    }

    @Test("other keys work, and footer, help and sentences tell them")
    func rebound() throws {
        var session = Session(at: .waiting)
        session.state.settings = try WorkbenchSettings(
            yaml: "keys: {pause: P, help: H}", file: "config.yaml")
        let footer = session.grid.glyphRows.last ?? ""
        #expect(footer.contains("P continue") && footer.contains("H help"))
        #expect(session.press(.character(" ")).isEmpty)
        #expect(session.state.notice?.text.contains("H shows what does") == true)
        #expect(session.press(.character("P")) == [.send(.resume)])
        session.press(.character("H"))
        #expect(session.text.contains("pause at the next gate, or continue"))
    }

    @Test("the state file reads back as the same state, and unusable parts are dropped")
    func memory() {
        var memory = WorkbenchMemory()
        memory.theme = "paper"
        memory.remember(command: "set steps 4")
        memory.remember(command: "theme \"odd\"")
        memory.remember(RecentRun(directory: "/runs/a", label: "a\tb"))
        memory.keep(draft: [.init(key: "steps", value: "900")], of: "sample:a")
        memory.remember(RecentModel(model: "/models/a", calibration: "/images"))
        memory.splits.move(.tabbedLog, to: 0.25)
        #expect(WorkbenchMemory(json: memory.json) == memory)
        #expect(WorkbenchMemory(json: "][") == WorkbenchMemory())
        let foreign =
            #"{"drafts": {"a": [{"key": "steps", "value": "x"}, {"key": "none", "value": "1"}]}, "panels": {"none": 1}}"#
        #expect(WorkbenchMemory(json: foreign).draft(of: "a").isEmpty)
        #expect(WorkbenchMemory(json: foreign).splits.isEmpty)
        for index in 0..<1100 {
            memory.remember(command: "theme \(index)")
            memory.remember(RecentRun(directory: "/runs/\(index)", label: ""))
        }
        #expect(memory.commands.count == 50 && memory.runs.count == 1000)
        #expect(memory.commands.first == "theme 1099" && memory.runs.first?.directory == "/runs/1099")
        #expect(memory.json.utf8.count < 1 << 20, "more would not be read again")
    }

    @Test("a draft that was not applied is there the next time")
    func drafts() {
        let before = Session(at: .drafted).state.remembered
        #expect(before.draft(of: "sample:fashion-vit") == [.init(key: "steps", value: "900")])
        #expect(before.runs.first?.directory == "runs/fashion-vit-w4a4")
        var session = Session()
        session.state.memory = before
        session.press(.enter)
        session.tell(session.run.opening + session.run.unit(0) + [.waiting(unit: 1)])
        session.press(.character("5"))
        #expect(session.text.contains("now 900 (applied: 600)"))
    }

    @Test("a draft of one model does not appear in another's run")
    func draftsOfModels() {
        let before = Session(at: .drafted).state.remembered
        var session = Session()
        session.state.memory = before
        session.state.start.plan.model = "sample:fashion-swin"
        session.press(.enter)
        session.tell(session.run.opening + session.run.unit(0) + [.waiting(unit: 1)])
        #expect(session.state.editor.draft.isEmpty)
        #expect(!session.text.contains("applied: 600"))
        // And its own run does not lose it.
        #expect(session.state.remembered.draft(of: "sample:fashion-vit").count == 1)
    }

    @Test("two sessions at once lose no run of each other")
    func merging() {
        let file = WorkbenchMemory(json: "")
        var (first, second) = (file, file)
        first.remember(RecentRun(directory: "/runs/a", label: "a, not finished"))
        second.remember(RecentRun(directory: "/runs/b", label: "b"))
        var written = first.merged(over: file)
        written = second.merged(over: written)
        #expect(Set(written.runs.map(\.directory)) == ["/runs/a", "/runs/b"])
        // The first ends later, and knows more about its own run only.
        first.remember(RecentRun(directory: "/runs/a", label: "a, done"))
        written = first.merged(over: written)
        #expect(written.runs.map(\.label) == ["a, done", "b"])
        second.forget(run: "/runs/a")
        #expect(second.merged(over: written).runs.map(\.directory) == ["/runs/b"])
    }
}
