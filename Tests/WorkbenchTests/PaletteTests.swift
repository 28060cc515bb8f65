import Runs
import TerminalUI
import Testing

@testable import Workbench
import Vocabulary

@Suite("Command palette")
struct PaletteTests {
    private func entries(_ session: Session) throws -> [PaletteEntry] {
        (session.state.overlay as? CommandPalette)?.entries(session.state) ?? []
    }

    @Test(
        "the best match comes first",
        arguments: [
            ("fin", "finish-unit"), ("exp", "export"), ("rst", "redo-stale"), ("logx", "log-x"),
            ("the", "themes"),
        ])
    func matching(typed: String, expected: String) throws {
        var session = Session(at: .running)
        session.press(.character(":"))
        session.type(typed)
        #expect(try entries(session).first?.command == expected)
    }

    @Test("a command does what its key does", arguments: [Session.Stage.waiting, .finished])
    func sameAsKey(stage: Session.Stage) {
        for binding in KeyTable.standard.bindings(in: [.run, .everywhere]) {
            guard let key = binding.keys.first, binding.action != .palette else { continue }
            var (typed, pressed) = (Session(at: stage), Session(at: stage))
            let effects = pressed.press(key)
            guard pressed.state.notice?.severity != .warning else { continue }
            typed.press(.character(":"))
            typed.type(binding.name)
            let others = typed.press(.enter)
            if binding.action == .back
                || typed.state.overlay is CommandPalette
            {
                continue
            }
            // The palette remembers the command besides.
            func isOther(_ effect: WorkbenchEffect) -> Bool {
                if case .remember = effect { false } else { true }
            }
            #expect(others.filter(isOther) == effects.filter(isOther), "\(binding.name)")
            #expect(typed.grid == pressed.grid && typed.state.theme == pressed.state.theme, "\(binding.name)")
        }
    }

    @Test(
        "write-config writes the settings, at every stage",
        arguments: [Session.Stage.start, .running, .finished])
    func writeConfig(stage: Session.Stage) {
        var session = Session(at: stage)
        session.press(.character(":"))
        session.type("write-config")
        #expect(session.press(.enter) == [.writeSettings])
    }

    @Test("set drafts a parameter in a run and changes the plan before it")
    func set() {
        var session = Session(at: .waiting)
        session.press(.control("p"))
        session.type("set lr 5e-4")
        session.press(.enter)
        #expect(
            session.state.editor.draft == [HyperparameterChange(key: "weight_learning_rate", value: "0.0005")]
        )
        #expect(session.state.memory.commands == ["set weight_learning_rate 5e-4"])
        var other = Session(at: .start)
        other.press(.character(":"))
        other.type("set batch 8")
        other.press(.enter)
        #expect(other.state.start.plan.hyperparameters.batch == 8)
        other.press(.character(":"))
        other.type("set batch none")
        other.press(.enter)
        #expect(other.state.notice?.text.contains("batch cannot be") == true)
        #expect(other.state.start.plan.hyperparameters.batch == 8)
    }

    @Test("bits gives sites other bits by pattern: of the coming units at a gate, in the plan before a run")
    func bits() throws {
        var session = Session(at: .waiting)
        func send(_ text: String) -> [WorkbenchEffect] {
            session.press(.character(":"))
            session.type(text)
            return session.press(.enter)
        }
        #expect(
            send("bits *.fc2.* 8")
                == [.send(.change([], sites: [SiteOverride(match: "*.fc2.*", bits: 8)]))])
        #expect(send("bits none 8").isEmpty)
        #expect(session.text.contains("no site of the coming units is called “none”"))
        session.press(.escape)
        #expect(send("bits *.fc2.* 9").isEmpty)
        #expect(session.text.contains("bits cannot be “9”; they are 2 through 8, or 16"))
        session.press(.escape)
        session.press(.character(":"))
        session.type("bits blocks.4.mlp.fc1.w")
        #expect(try entries(session).first?.command == "bits blocks.4.mlp.fc1.weight")
        session.press(.escape)
        session = Session(at: .running)
        #expect(send("bits *.fc2.* 8").isEmpty)
        #expect(session.text.contains("waits at the next gate"))
        session = Session(at: .start)
        #expect(send("bits head* 8").isEmpty)
        #expect(session.state.start.plan.sites == [SiteOverride(match: "head*", bits: 8)])
        #expect(session.text.contains("head* at 8 bits"))
    }

    @Test("Tab completes, and so does Enter on an incomplete command")
    func completing() throws {
        var session = Session(at: .waiting)
        session.press(.character(":"))
        session.type("theme pap")
        session.press(.tab)
        let palette = try #require(session.state.overlay as? CommandPalette)
        #expect(palette.line.text == "theme paper")
        session.press(.enter)
        #expect(session.state.theme == "paper")
        session.press(.character(":"))
        session.type("set tem")
        session.press(.enter)
        let other = try #require(session.state.overlay as? CommandPalette)
        #expect(other.line.text == "set temperature ")
    }

    @Test("the last command is offered first")
    func history() throws {
        var session = Session(at: .waiting)
        session.press(.character(":"))
        session.type("glyphs asc")
        session.press(.enter)
        #expect(session.state.glyphs == .ascii)
        session.press(.character(":"))
        #expect(try entries(session).first?.command == "glyphs ascii")
    }

    @Test("an unavailable command gives its reason and stays")
    func obstacle() {
        var session = Session(at: .running)
        session.press(.character(":"))
        session.type("export")
        session.press(.enter)
        #expect(session.text.contains("export works at a gate"))
        session.press(.control("u"))
        session.type("qqqqq")
        session.press(.enter)
        #expect(session.text.contains("there is no command “qqqqq”"))
        session.press(.escape)
        #expect(session.state.overlay == nil)
    }

    @Test("letters match in order, best at the beginnings of words")
    func fuzzy() throws {
        #expect(FuzzyMatch("xyz", in: "finish-unit") == nil)
        #expect(FuzzyMatch("fu", in: "finish-unit")?.places == [0, 7])
        #expect(FuzzyMatch("", in: "any")?.places == [])
        let near = try #require(FuzzyMatch("sw", in: "sweep")?.score)
        let far = try #require(FuzzyMatch("sw", in: "show-weights")?.score)
        #expect(near > far)
    }
}
