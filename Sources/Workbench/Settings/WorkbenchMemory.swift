internal import Foundation
internal import Runs
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

/// A checkpoint that was opened, with the images that were named with it.
package struct RecentModel: Equatable, Codable, Sendable {
    /// The checkpoint.
    package let model: String
    /// The calibration images; nil for the model's own.
    package let calibration: String?
    /// The evaluation images; nil for the model's own.
    package let evaluation: String?

    package init(model: String, calibration: String? = nil, evaluation: String? = nil) {
        (self.model, self.calibration, self.evaluation) = (model, calibration, evaluation)
    }
}

/// The workbench's memory, kept from one session to the next.
package struct WorkbenchMemory: Equatable, Sendable {
    /// How many runs are remembered, how many checkpoints, and of how many models the drafts.
    static let (runCount, modelCount, draftCount) = (1000, 8, 12)

    /// The theme used last.
    package var theme: String?
    /// The commands of the palette, latest first.
    package var commands: [String] = []
    /// Runs, latest first.
    package var runs: [RecentRun] = []
    /// Checkpoints that were opened, latest first, samples not included.
    package private(set) var models: [RecentModel] = []
    /// Edits of parameters that were not applied, by the model of the run.
    private(set) var drafts: [String: [HyperparameterChange]] = [:]
    /// The folders of runs that this session has made, opened or forgotten; not stored.
    private var touched: Set<String> = []
    /// The edges between panels that were moved.
    package internal(set) var splits = PanelSplits()

    /// Remembers nothing.
    package init() {}

    /// The file's members.
    private struct Stored: Codable {
        var theme: String?
        var commands: [String]?
        var runs: [RecentRun]?
        var models: [RecentModel]?
        var drafts: [String: [HyperparameterChange]]?
        var panels: [String: Double]?
    }

    /// Reads a state file; what cannot be used, such as a parameter of another version, is dropped.
    package init(json: String) {
        guard let stored = try? JSONDecoder().decode(Stored.self, from: Data(json.utf8)) else { return }
        theme = stored.theme
        commands = Array((stored.commands ?? []).prefix(CommandPalette.historyLength))
        runs = Array((stored.runs ?? []).prefix(Self.runCount))
        models = Array((stored.models ?? []).prefix(Self.modelCount))
        for (model, changes) in stored.drafts ?? [:] {
            let usable = changes.filter { change in
                var trial = Hyperparameters()
                return (try? trial.apply([change])) != nil
            }
            keep(draft: usable, of: model)
        }
        for (name, share) in stored.panels ?? [:] {
            if let split = PanelSplits.Split(rawValue: name) { splits.move(split, to: share) }
        }
    }

    /// The state file.
    package var json: String {
        let panels = Dictionary(uniqueKeysWithValues: splits.shares.map { ($0.key.rawValue, $0.value) })
        let stored = Stored(
            theme: theme, commands: commands, runs: runs, models: models, drafts: drafts, panels: panels)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(stored), as: UTF8.self) + "\n"
        } catch {
            // Only numbers that are not finite cannot be written, and shares are finite.
            preconditionFailure("the state cannot be written: \(error)")
        }
    }

    package static func == (a: WorkbenchMemory, b: WorkbenchMemory) -> Bool {
        a.theme == b.theme && a.commands == b.commands && a.runs == b.runs && a.models == b.models
            && a.drafts == b.drafts && a.splits == b.splits
    }

    /// This session's memory on top of what other processes have written meanwhile.
    ///
    /// Runs of both are kept: those that this session has touched as it knows them, the others as they are in the file.
    ///
    /// - Parameter file: What the file holds now.
    /// - Returns: What the file should hold.
    package func merged(over file: WorkbenchMemory) -> WorkbenchMemory {
        var result = self
        let own = runs.filter { touched.contains($0.directory) }
        result.runs = Array(
            (own + file.runs.filter { !touched.contains($0.directory) }).prefix(Self.runCount))
        result.commands = Array(
            (commands + file.commands.filter { !commands.contains($0) }).prefix(CommandPalette.historyLength))
        result.models = Array(
            (models + file.models.filter { other in !models.contains { $0.model == other.model } })
                .prefix(Self.modelCount))
        result.drafts = file.drafts
        for (model, changes) in drafts { result.keep(draft: changes, of: model) }
        return result
    }

    /// The same memory with other paths of runs.
    package func locatingRuns(_ locate: (String) -> String) -> WorkbenchMemory {
        var result = self
        result.runs = runs.map { RecentRun(directory: locate($0.directory), label: $0.label) }
        result.touched = Set(touched.map(locate))
        return result
    }

    /// Keeps the edits of a model that were not applied; none are forgotten as well.
    mutating func keep(draft: [HyperparameterChange], of model: String) {
        if drafts[model] == nil, drafts.count >= Self.draftCount, let other = drafts.keys.min() {
            drafts[other] = nil
        }
        drafts[model] = draft
    }

    /// The edits of a model that were not applied.
    func draft(of model: String) -> [HyperparameterChange] { drafts[model] ?? [] }

    /// Puts a checkpoint first.
    mutating func remember(_ model: RecentModel) {
        models = Array(([model] + models.filter { $0.model != model.model }).prefix(Self.modelCount))
    }

    /// Leaves a run out of the list; its folder stays.
    mutating func forget(run directory: String) {
        touched.insert(directory)
        runs.removeAll { $0.directory == directory }
    }

    /// Puts a run first.
    mutating func remember(_ run: RecentRun) {
        touched.insert(run.directory)
        runs = Array(([run] + runs.filter { $0.directory != run.directory }).prefix(Self.runCount))
    }

    /// Puts a command first.
    mutating func remember(command: String) {
        guard !command.isEmpty else { return }
        commands = Array(
            ([command] + commands.filter { $0 != command }).prefix(CommandPalette.historyLength))
    }
}
