internal import Runs
internal import TerminalUI
internal import Vocabulary

/// A command of the palette that takes arguments, such as `set steps 400`.
struct PaletteVerb: Sendable {
    let word: String
    /// Its help, with an example.
    let help: String
    /// The commands for the words after the first, and whether a space follows the last of them.
    private let proposals: @Sendable (WorkbenchState, [String], Bool) -> [PaletteEntry]
    /// Carries it out with the words after the first, at least one.
    let perform: @Sendable (inout WorkbenchState, [String]) -> [WorkbenchEffect]

    /// The commands that match the typed text, best first.
    func entries(_ typed: String, _ state: WorkbenchState) -> [PaletteEntry] {
        let words = typed.split(separator: " ").dropFirst().map(String.init)
        let entries = proposals(state, words, typed.hasSuffix(" "))
        guard let argument = words.first else { return entries }
        // Only the arguments count: the verb is the same for all.
        return entries.compactMap { entry in
            FuzzyMatch(argument, in: String(entry.command.dropFirst(word.count + 1))).map {
                (entry, $0.score)
            }
        }.sorted { $0.1 > $1.1 }.map(\.0)
    }

    static let all = [
        PaletteVerb(
            word: "set", help: "set a parameter: set steps 400",
            proposals: { state, words, isNext in
                guard words.count >= 2 || (words.count == 1 && isNext) else {
                    let base = state.editor.applied(to: state.draftBase)
                    let images = PaletteEntry(
                        command: "set \(ParametersDialog.images)",
                        text: "the most images to take, now \(state.start.plan.calibrationImages)",
                        isIncomplete: true)
                    return HyperparameterField.all.map {
                        PaletteEntry(
                            command: "set \($0.key)", text: "\($0.summary), now \($0.value(in: base))",
                            isIncomplete: true)
                    } + (state.run == nil ? [images] : [])
                }
                if state.run == nil, words[0] == ParametersDialog.images {
                    let value = words.dropFirst().joined(separator: " ")
                    return [
                        PaletteEntry(
                            command: "set \(words[0]) \(value)", text: "accepts a whole number from 1",
                            isIncomplete: value.isEmpty)
                    ]
                }
                guard let field = field(named: words[0]) else { return [] }
                let value = words.dropFirst().joined(separator: " ")
                return [
                    PaletteEntry(
                        command: "set \(field.key) \(value)",
                        text: "\(field.summary); accepts \(field.accepted)", isIncomplete: value.isEmpty)
                ]
            },
            perform: { state, words in
                if state.run == nil, words[0] == ParametersDialog.images {
                    let problem = state.start.problem(
                        setting: words[0], to: words.dropFirst().joined(separator: " "))
                    return problem.map { state.say($0, .error) }
                        ?? state.say("\(words[0]) = \(state.start.plan.calibrationImages)")
                }
                guard let field = field(named: words[0]) else {
                    return state.say("there is no parameter “\(words[0])”", .error)
                }
                return state.set(field, to: words.dropFirst().joined(separator: " "))
            }),
        PaletteVerb(
            word: "theme", help: "choose a theme: theme paper",
            proposals: { state, _, _ in
                state.themeNames.map {
                    PaletteEntry(command: "theme \($0)", text: $0 == state.theme ? "in use" : "")
                }
            },
            perform: { state, words in
                guard state.themeNames.contains(words[0]) else {
                    return state.say("there is no theme “\(words[0])”", .error)
                }
                (state.theme, state.memory.theme) = (words[0], words[0])
                return []
            }),
        PaletteVerb(
            word: "glyphs", help: "draw with: glyphs ascii",
            proposals: { state, _, _ in
                GlyphSet.allCases.map {
                    PaletteEntry(command: "glyphs \($0.rawValue)", text: $0 == state.glyphs ? "in use" : "")
                }
            },
            perform: { state, words in
                guard let glyphs = GlyphSet(rawValue: words[0]) else {
                    return state.say("there are no glyphs “\(words[0])”", .error)
                }
                state.glyphs = glyphs
                return []
            }),
        PaletteVerb(
            word: "unit", help: "show a unit: unit blocks.3",
            proposals: { state, _, _ in
                (state.run?.units ?? []).map { PaletteEntry(command: "unit \($0.name)") }
            },
            perform: { state, words in
                guard let index = state.run?.units.firstIndex(where: { $0.name == words[0] }) else {
                    return state.say("there is no unit “\(words[0])”", .error)
                }
                state.choose(unit: index)
                return []
            }),
        PaletteVerb(
            word: "bits", help: "give sites other bits: bits *.fc2.input 8",
            proposals: { state, words, isNext in
                if words.count >= 2 || (words.count == 1 && isNext) {
                    return [state.bitsEntry(words[0], words.dropFirst().joined(separator: " "))]
                }
                let names = state.siteNames
                let isPattern = words.first.map { $0.contains("*") || names.isEmpty } ?? false
                return names.map { PaletteEntry(command: "bits \($0)", isIncomplete: true) }
                    + (isPattern ? [state.bitsEntry(words[0], "")] : [])
            },
            perform: { state, words in
                state.setBits(of: words[0], to: words.dropFirst().joined(separator: " "))
            }),
    ]

    /// The field with a key, a well-known short name, or the key that some letters match best.
    static func field(named word: String) -> HyperparameterField? {
        let short = ["lr": "weight_learning_rate", "w": "weight_bits", "a": "activation_bits"]
        if let field = HyperparameterField.named(short[word] ?? word) { return field }
        let scored = HyperparameterField.all.compactMap { field in
            FuzzyMatch(word, in: field.key).map { (field, $0.score) }
        }
        return scored.max { $0.1 < $1.1 }?.0
    }
}

extension WorkbenchState {
    /// Changes the plan on the start screen, the draft during a run.
    fileprivate mutating func set(_ field: HyperparameterField, to value: String) -> [WorkbenchEffect] {
        guard run != nil else {
            do throws(PlanError) {
                try start.set(field, to: value)
                return say("\(field.key) = \(field.value(in: start.plan.hyperparameters))")
            } catch {
                return say("\(error)", .error)
            }
        }
        if let problem = editor.put(value, into: field, over: draftBase) { return say(problem, .error) }
        listChangedParametersFirst()
        let next = obstacleToApplying ?? "\(key(.apply)) in the parameters applies it"
        return say("edited \(field.key) = \(value); \(next)", .success)
    }

    // MARK: - Bits of sites

    /// The sites of coming units; unknown before a run.
    fileprivate var siteNames: [String] {
        guard let run else { return [] }
        let units =
            draftUnit.map { $0..<$0 + 1 } ?? min(run.firstComingUnit, run.units.count)..<run.units.count
        return run.units[units].flatMap(\.siteNames)
    }

    fileprivate func bitsEntry(_ pattern: String, _ width: String) -> PaletteEntry {
        let count = siteNames.count { matches(pattern: pattern, name: $0) }
        let place = draftUnit.flatMap { run?.units[$0].name } ?? "the coming units"
        let sites = run == nil ? "sites" : "\(count) \(count == 1 ? "site" : "sites") of \(place)"
        var obstacle = width.isEmpty ? nil : obstacleToBits(width)
        if obstacle == nil, run != nil, count == 0 {
            obstacle = "no site of \(place) is called “\(pattern)”; * matches anything"
        }
        return PaletteEntry(
            command: "bits \(pattern)" + (width.isEmpty ? "" : " \(width)"),
            text: "\(sites) that match; accepts 2 through 8, or 16", obstacle: obstacle,
            isIncomplete: width.isEmpty)
    }

    private func obstacleToBits(_ width: String) -> String? {
        guard let bits = Int(width), Hyperparameters.bitWidths.contains(bits) else {
            return "bits cannot be “\(width)”; they are 2 through 8, or 16"
        }
        return run == nil ? nil : obstacleToDrafting
    }

    /// Gives the sites that a pattern matches other bits: in the plan before a run, in the coming units at a gate.
    fileprivate mutating func setBits(of pattern: String, to width: String) -> [WorkbenchEffect] {
        if let obstacle = obstacleToBits(width) { return say(obstacle, .error) }
        let override = SiteOverride(match: pattern, bits: Int(width) ?? 0)
        guard run != nil else {
            start.plan.sites.append(override)
            return say("\(pattern) = \(width) bits; the last match wins", .success)
        }
        return [.send(.change(unit: draftUnit, [], sites: [override]))]
    }
}
