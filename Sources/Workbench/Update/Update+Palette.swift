internal import Runs
internal import TerminalUI

extension WorkbenchState {
    /// What moves inside a list or a text; the palette has no use for it.
    private static let unnamed: Set<Action> = [
        .up, .down, .left, .right, .first, .last, .pageUp, .pageDown, .cursorLeft, .cursorRight, .palette,
        .interrupt, .back, .editField, .start,
    ]

    /// The first words of commands that take another.
    private static let verbs: [(word: String, text: String)] = [
        ("set", "set a parameter: set steps 400"), ("theme", "take a theme: theme paper"),
        ("glyphs", "draw with: glyphs ascii"), ("unit", "look at a unit: unit blocks.3"),
        ("bits", "give sites other bits: bits *.fc2.input 8"),
    ]

    /// The commands that match what was typed, the best first.
    func entries(of palette: CommandPalette) -> [PaletteEntry] {
        let typed = palette.line.text
        if typed.contains(" "), let verb = typed.split(separator: " ").first.map(String.init),
            Self.verbs.contains(where: { $0.word == verb })
        {
            return arguments(of: verb, typed)
        }
        let all = actionEntries + verbEntries
        guard !typed.isEmpty else {
            let remembered = memory.commands.prefix(5).map {
                PaletteEntry(command: $0, text: "again", keys: "", obstacle: nil)
            }
            return remembered + all.filter { $0.obstacle == nil } + all.filter { $0.obstacle != nil }
        }
        return Self.matching(typed, in: all)
    }

    private static func matching(_ typed: String, in entries: [PaletteEntry]) -> [PaletteEntry] {
        let scored = entries.enumerated().compactMap {
            index, entry -> (score: Int, index: Int, PaletteEntry)? in
            let name = FuzzyMatch(typed, in: entry.command).map { $0.score + 8 }
            let text = entry.text.lowercased().contains(typed.lowercased()) ? 0 : nil
            guard let score = [name, text].compactMap(\.self).max() else { return nil }
            return (score - (entry.obstacle == nil ? 0 : 4), index, entry)
        }
        return scored.sorted { ($1.score, $0.index) < ($0.score, $1.index) }.map(\.2)
    }

    private var actionEntries: [PaletteEntry] {
        let screen: [KeyContext] = run == nil ? [.start] : KeyTable.panels + [.filtered, .found, .run]
        let places = Set(screen + [.everywhere, .always])
        return settings.keys.bindings.filter { binding in
            !Self.unnamed.contains(binding.action) && binding.contexts.contains(where: places.contains)
        }.map { binding in
            PaletteEntry(
                command: binding.name, text: binding.help, keys: binding.keyText,
                obstacle: obstacle(to: binding.action))
        } + [
            PaletteEntry(
                command: "write-config", text: "write the settings as a file with comments", keys: "",
                obstacle: nil)
        ]
    }

    private var verbEntries: [PaletteEntry] {
        Self.verbs.map {
            PaletteEntry(command: $0.word, text: $0.text, keys: "", obstacle: nil, isIncomplete: true)
        }
    }

    /// The commands of a verb whose argument begins like what was typed.
    private func arguments(of verb: String, _ typed: String) -> [PaletteEntry] {
        let words = typed.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
        let argument = words.dropFirst().first ?? ""
        var entries: [PaletteEntry] = []
        switch verb {
        case "set":
            if words.count >= 3 || (words.count == 2 && typed.hasSuffix(" ")) {
                return [settingEntry(argument, value: words.dropFirst(2).joined(separator: " "))].compactMap(
                    \.self)
            }
            let base = editor.applied(to: draftBase)
            entries = HyperparameterField.all.map { field in
                PaletteEntry(
                    command: "set \(field.key)", text: "\(field.summary), now \(field.value(in: base))",
                    keys: "",
                    obstacle: nil, isIncomplete: true)
            }
        case "bits":
            entries = bitsEntries(words, isNext: typed.hasSuffix(" "))
        case "theme":
            entries = themeNames.map {
                PaletteEntry(
                    command: "theme \($0)", text: $0 == theme ? "in use" : "", keys: "", obstacle: nil)
            }
        case "glyphs":
            entries = GlyphSet.allCases.map {
                PaletteEntry(
                    command: "glyphs \($0.rawValue)", text: $0 == glyphs ? "in use" : "", keys: "",
                    obstacle: nil)
            }
        default:
            entries = (run?.units ?? []).map {
                PaletteEntry(command: "unit \($0.name)", text: "", keys: "", obstacle: nil)
            }
        }
        guard !argument.isEmpty else { return entries }
        // Judged by the argument alone: the verb is the same for all.
        let named = entries.map { String($0.command.dropFirst(verb.count + 1)) }
        return zip(entries, named).compactMap { entry, name in
            FuzzyMatch(argument, in: name).map { (entry, $0.score) }
        }.sorted { $0.1 > $1.1 }.map(\.0)
    }

    private func settingEntry(_ word: String, value: String) -> PaletteEntry? {
        guard let field = Self.field(named: word) else { return nil }
        return PaletteEntry(
            command: "set \(field.key) \(value)", text: "\(field.summary); accepts \(field.accepted)",
            keys: "",
            obstacle: nil, isIncomplete: value.isEmpty)
    }

    /// The field of a key, of a well-known short name, or of the one key that the letters stand for.
    static func field(named word: String) -> HyperparameterField? {
        let short = ["lr": "weight_learning_rate", "w": "weight_bits", "a": "activation_bits"]
        if let field = HyperparameterField.named(short[word] ?? word) { return field }
        let scored = HyperparameterField.all.compactMap { field in
            FuzzyMatch(word, in: field.key).map { (field, $0.score) }
        }
        return scored.max { $0.1 < $1.1 }?.0
    }

    // MARK: - Doing

    mutating func performInPalette(_ palette: CommandPalette, _ action: Action) -> [WorkbenchEffect] {
        var palette = palette
        let entries = entries(of: palette)
        let selected = entries.indices.contains(palette.selected) ? entries[palette.selected] : nil
        switch action {
        case .up: palette.selected = max(0, palette.selected - 1)
        case .down: palette.selected = min(max(0, entries.count - 1), palette.selected + 1)
        case .complete:
            if let selected { palette.complete(selected) }
        case .confirm:
            guard let selected else {
                palette.problem = "there is no command “\(palette.line.text)”"
                break
            }
            if selected.isIncomplete {
                palette.complete(selected)
                break
            }
            if let obstacle = selected.obstacle {
                palette.problem = obstacle
                break
            }
            return run(command: selected.command)
        default:
            overlay = nil
            return []
        }
        overlay = .palette(palette)
        return []
    }

    private mutating func run(command: String) -> [WorkbenchEffect] {
        let words = command.split(separator: " ").map(String.init)
        overlay = nil
        memory.remember(command: command)
        if words.count == 1 {
            if command == "write-config" { return [.writeSettings] }
            guard let binding = settings.keys.bindings.first(where: { $0.name == command }) else {
                return say("there is no command “\(command)”", .error)
            }
            return perform(binding.action)
        }
        let argument = words.dropFirst().joined(separator: " ")
        switch words[0] {
        case "set": return set(words[1], to: words.dropFirst(2).joined(separator: " "))
        case "theme" where themeNames.contains(argument): (theme, memory.theme) = (argument, argument)
        case "glyphs": glyphs = GlyphSet(rawValue: argument) ?? glyphs
        case "bits" where words.count == 3: return setBits(of: words[1], to: words[2])
        case "unit":
            guard let index = run?.units.firstIndex(where: { $0.name == argument }) else {
                return say("there is no unit “\(argument)”", .error)
            }
            choose(unit: index)
        default: return say("“\(argument)” cannot be taken by \(words[0])", .error)
        }
        return []
    }

    /// Changes the plan on the start screen, the draft in a run.
    private mutating func set(_ word: String, to value: String) -> [WorkbenchEffect] {
        guard let field = Self.field(named: word) else {
            return say("there is no parameter “\(word)”", .error)
        }
        guard run != nil else {
            do throws(PlanError) {
                try start.set(field, to: value)
                return say("\(field.key) = \(field.value(in: start.plan.hyperparameters))")
            } catch {
                return say("\(error)", .error)
            }
        }
        if let problem = editor.put(value, into: field, over: draftBase) { return say(problem, .error) }
        let next = obstacle(to: .apply) ?? "\(key(.apply)) in the parameters applies the draft"
        return say("drafted \(field.key) = \(value); \(next)", .success)
    }

    /// A notice, and nothing else.
    mutating func say(_ text: String, _ severity: LogRing.Severity = .info) -> [WorkbenchEffect] {
        notify(text, severity)
        return []
    }
}

extension CommandPalette {
    /// Types an entry's command, with a space where more must follow.
    mutating func complete(_ entry: PaletteEntry) {
        line = EditLine(entry.command + (entry.isIncomplete ? " " : ""))
        selected = 0
        problem = nil
    }
}
