import SampleRun
import Runs
import TerminalUI
import Testing

@testable import Workbench

@Suite("Settings")
struct SettingsTests {
    private func problem(_ text: String) -> String? {
        do throws(SettingsProblem) {
            _ = try WorkbenchSettings(parsing: text, file: "config.toml")
            return nil
        } catch {
            return error.description
        }
    }

    @Test("everything that can be set is read")
    func reading() throws {
        let settings = try WorkbenchSettings(
            parsing: """
                [screen]
                theme = "paper"
                glyphs = "block"
                color = 256
                mouse = false
                alt_screen = false
                fps = 30
                esc_ms = 50
                [keys]
                step = "S"
                pause = ["Ctrl-O", "F5"]
                sweep = []
                """, file: "config.toml")
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
        "what is wrong is told with file, line and what would be accepted",
        arguments: [
            ("[screen]\nfps = 0", "config.toml:2: \"fps\" accepts a whole number from 1 through 60"),
            (
                "[screen]\ncolor = \"neverr\"",
                "config.toml:2: \"color\" accepts auto, never, 16, 256, true; did you mean \"never\"?"
            ),
            (
                "[screen]\nthem = \"ink\"",
                "config.toml:2: there is no setting \"them\"; did you mean \"theme\"?"
            ),
            (
                "fps = 3",
                "config.toml:1: \"fps\" means nothing before the first section; there are [screen] and [keys]"
            ),
            (
                "[keys]\n\npasue = \"p\"",
                "config.toml:3: there is no action \"pasue\"; did you mean \"pause\"?"
            ),
            (
                "[keys]\nstep = \"Hyper-x\"",
                "config.toml:2: \"Hyper-x\" is no key; use a character, Space, Enter, Esc, Tab, Up, PgDn, F1 to F12, Ctrl-X or Alt-x"
            ),
            ("[keys]\nstep = \"Ctrl-C\"", "config.toml:2: Ctrl-C cannot be given another meaning"),
            (
                "[keys]\nsuspend = \"x\"",
                "config.toml:2: \"suspend\" has the same key in every program and cannot have another"
            ),
            (
                "[keys]\nkeep-filter = \"k\"",
                "config.toml:2: \"k\" is typed where \"keep-filter\" works; use a key that types nothing"
            ),
            ("[keys]\nstep = 3", "config.toml:2: \"step\" must be a key in double quotes, or a list of keys"),
            (
                "[keys]\nstep = \"w\"",
                "config.toml:2: w for \"step\" is the key of \"sweep\" (Run: start a sweep of bit-widths at a gate, or stop it); give one of them another"
            ),
            (
                "[keys]\nstep = \"q\"",
                "config.toml:2: q for \"step\" is the key of \"quit\" (Everywhere: quit; asks first while a run is in progress); give one of them another"
            ),
            (
                "[keys]\n\nfilter = \"f\"",
                "config.toml:3: f for \"filter\" is the key of \"full-screen\" (Run: panel on the full screen); give one of them another"
            ),
            (
                "[keys]\nmouse = \"o\"",
                "config.toml:2: o for \"mouse\" is the key of \"open\" (Start: open a checkpoint, images, a plan or a run); give one of them another"
            ),
            (
                "[keys]\nstep = \"S\"\nstep = \"T\"",
                "config.toml:3: \"step\" was already given in line 2; remove one of them"
            ),
        ])
    func problems(text: String, expected: String) {
        #expect(problem(text) == expected)
    }

    @Test("two keys can change places")
    func swapped() {
        #expect(problem("[keys]\nstep = \"w\"\nsweep = \"s\"") == nil)
        #expect(problem("[keys]\nstep = \"q\"\nquit = \"s\"") == nil)
    }

    @Test("what a panel does with a key of the run as it comes, it may go on doing")
    func shadowed() {
        #expect(problem("[keys]\nmeasure = [\"v\", \"V\"]\nnew-run = [\"n\", \"Ctrl-N\"]") == nil)
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

    @Test("the written file says what is in use")
    func writing() throws {
        var settings = try WorkbenchSettings(
            parsing: "[screen]\ntheme = \"paper\"\nfps = 7\n[keys]\nstep = \"S\"\nsweep = []", file: "a")
        #expect(try WorkbenchSettings(parsing: settings.text, file: "b") == settings)
        settings = WorkbenchSettings()
        #expect(try WorkbenchSettings(parsing: settings.text, file: "b") == settings)
    }

    @Test("other keys work, and footer, help and sentences tell them")
    func rebound() throws {
        var session = Session(at: .waiting)
        session.state.settings = try WorkbenchSettings(
            parsing: "[keys]\npause = \"P\"\nhelp = \"H\"", file: "config.toml")
        let footer = session.grid.glyphRows.last ?? ""
        #expect(footer.contains("P go on") && footer.contains("H help"))
        #expect(session.press(.character(" ")).isEmpty)
        #expect(session.state.notice?.text.contains("H shows what does") == true)
        #expect(session.press(.character("P")) == [.send(.resume)])
        session.press(.character("H"))
        #expect(session.text.contains("pause at the next gate, or go on"))
    }

    @Test("what was remembered comes back, and what cannot be read is forgotten")
    func memory() {
        var memory = WorkbenchMemory()
        memory.theme = "paper"
        memory.remember(command: "set steps 4")
        memory.remember(command: "theme \"odd\"")
        memory.remember(RecentRun(directory: "/runs/a", label: "a\tb"))
        memory.draft = [.init(key: "steps", value: "900")]
        memory.splits.move(.tabbedLog, to: 0.25)
        #expect(WorkbenchMemory(parsing: memory.text) == memory)
        #expect(WorkbenchMemory(parsing: "][") == WorkbenchMemory())
        #expect(
            WorkbenchMemory(
                parsing:
                    "runs = [\"a\"]\n[draft]\nsteps = \"x\"\nnone = \"1\"\n[panels]\nnone = 1\nlog = \"x\"")
                == WorkbenchMemory())
        for index in 0..<100 {
            memory.remember(command: "theme \(index)")
            memory.remember(RecentRun(directory: "/runs/\(index)", label: ""))
        }
        #expect(memory.commands.count == 50 && memory.runs.count == 12)
        #expect(memory.commands.first == "theme 99" && memory.runs.first?.directory == "/runs/99")
    }

    @Test("a draft that was not applied is there the next time")
    func drafts() {
        let before = Session(at: .drafted).state.remembered
        #expect(before.draft == [.init(key: "steps", value: "900")])
        #expect(before.runs.first?.directory == "runs/fashion-vit-w4a4")
        var session = Session()
        session.state.editor.draft(before.draft)
        session.press(.enter)
        session.tell(session.run.opening + session.run.unit(0) + [.waiting(unit: 1)])
        #expect(session.text.contains("was 600"))
    }
}
