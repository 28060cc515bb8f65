internal import RunText
package import Runs
internal import TerminalUI
internal import Vocabulary

/// A run that was opened or made, as it is remembered.
package struct RecentRun: Equatable, Sendable {
    /// Its folder.
    package let directory: String
    /// What it was, such as `fashion-vit mgrq W4A4`.
    package let label: String

    package init(directory: String, label: String) {
        (self.directory, self.label) = (directory, label)
    }
}

/// What the workbench remembers from one time to the next.
package struct WorkbenchMemory: Equatable, Sendable {
    /// How many runs are remembered.
    static let runCount = 12

    /// The theme that was used last.
    package var theme: String?
    /// The commands of the palette, latest first.
    package var commands: [String] = []
    /// Runs, latest first.
    package var runs: [RecentRun] = []
    /// Changes of parameters that were not applied.
    package var draft: [HyperparameterChange] = []
    /// The edges between panels that were moved.
    package internal(set) var splits = PanelSplits()

    /// Remembers nothing.
    package init() {}

    /// Reads what was remembered; what cannot be read any more is forgotten.
    package init(parsing text: String) {
        guard let settings = try? SettingsText(parsing: text, file: "state") else { return }
        for entry in settings.entries {
            switch (entry.section, entry.key, entry.value) {
            case ("", "theme", .string(let name)): theme = name
            case ("", "commands", .strings(let list)):
                commands = Array(list.prefix(CommandPalette.historyLength))
            case ("", "runs", .strings(let list)):
                runs = stride(from: 0, to: list.count - 1, by: 2).prefix(Self.runCount).map {
                    RecentRun(directory: list[$0], label: list[$0 + 1])
                }
            case ("draft", _, .string(let value)):
                guard let field = HyperparameterField.named(entry.key) else { continue }
                var trial = Hyperparameters()
                guard (try? field.set(value, in: &trial)) != nil else { continue }
                draft.append(HyperparameterChange(key: entry.key, value: value))
            case ("panels", _, .number(let share)):
                if let split = PanelSplits.Split(rawValue: entry.key) { splits.move(split, to: share) }
            default: continue
            }
        }
    }

    /// The text that says the same.
    package var text: String {
        func list(_ texts: [String]) -> String {
            "[" + texts.map { "\"\(WorkbenchSettings.escaped($0))\"" }.joined(separator: ", ") + "]"
        }
        var lines = ["# What the mgrq workbench remembers; it writes this file anew when it ends."]
        if let theme { lines.append("theme = \"\(WorkbenchSettings.escaped(theme))\"") }
        lines.append("commands = \(list(commands))")
        lines.append("runs = \(list(runs.flatMap { [$0.directory, $0.label] }))")
        if !draft.isEmpty {
            lines.append("[draft]")
            lines += draft.map { "\($0.key) = \"\(WorkbenchSettings.escaped($0.value))\"" }
        }
        if !splits.isEmpty {
            lines.append("[panels]")
            lines += PanelSplits.Split.allCases.compactMap { split in
                splits.shares[split].map { "\(split.rawValue) = \(QuantityText.fixed($0, decimals: 4))" }
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Puts a run first.
    mutating func remember(_ run: RecentRun) {
        runs = Array(([run] + runs.filter { $0.directory != run.directory }).prefix(Self.runCount))
    }

    /// Puts a command first.
    mutating func remember(command: String) {
        guard !command.isEmpty else { return }
        commands = Array(
            ([command] + commands.filter { $0 != command }).prefix(CommandPalette.historyLength))
    }
}
