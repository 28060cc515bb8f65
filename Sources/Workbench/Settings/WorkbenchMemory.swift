internal import Foundation
package import Runs
internal import Vocabulary

/// A run that was opened or made.
package struct RecentRun: Equatable, Codable, Sendable {
    /// Its directory.
    package let directory: String
    /// A short description, such as `fashion-vit mgrq W4A4`.
    package let label: String

    package init(directory: String, label: String) {
        (self.directory, self.label) = (directory, label)
    }
}

/// The workbench's memory, kept from one session to the next.
package struct WorkbenchMemory: Equatable, Sendable {
    /// How many runs are remembered.
    static let runCount = 12

    /// The theme used last.
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

    /// The file's members.
    private struct Stored: Codable {
        var theme: String?
        var commands: [String]?
        var runs: [RecentRun]?
        var draft: [HyperparameterChange]?
        var panels: [String: Double]?
    }

    /// Reads a state file; what cannot be used, such as a parameter of another version, is dropped.
    package init(json: String) {
        guard let stored = try? JSONDecoder().decode(Stored.self, from: Data(json.utf8)) else { return }
        theme = stored.theme
        commands = Array((stored.commands ?? []).prefix(CommandPalette.historyLength))
        runs = Array((stored.runs ?? []).prefix(Self.runCount))
        draft = (stored.draft ?? []).filter { change in
            var trial = Hyperparameters()
            return (try? trial.apply([change])) != nil
        }
        for (name, share) in stored.panels ?? [:] {
            if let split = PanelSplits.Split(rawValue: name) { splits.move(split, to: share) }
        }
    }

    /// The state file.
    package var json: String {
        let panels = Dictionary(uniqueKeysWithValues: splits.shares.map { ($0.key.rawValue, $0.value) })
        let stored = Stored(theme: theme, commands: commands, runs: runs, draft: draft, panels: panels)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(stored), as: UTF8.self) + "\n"
        } catch {
            // Only numbers that are not finite cannot be written, and shares are finite.
            preconditionFailure("the state cannot be written: \(error)")
        }
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
