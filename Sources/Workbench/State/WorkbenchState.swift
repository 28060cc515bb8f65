internal import RunText
package import Runs
package import TerminalUI
internal import Vocabulary

/// The whole state of the workbench, changed only by `update` and shown by `view`.
package struct WorkbenchState: Equatable, Sendable {
    package internal(set) var size: ScreenSize
    /// The names of the themes that can be chosen.
    package internal(set) var themeNames: [String]
    package internal(set) var settings: WorkbenchSettings
    /// The memory for the next session.
    package internal(set) var memory: WorkbenchMemory
    package internal(set) var theme: String
    package internal(set) var glyphs: GlyphSet
    package internal(set) var capturesMouse: Bool
    /// Whether the terminal shows enough colours for pictures.
    package internal(set) var hasColors: Bool
    package internal(set) var now = 0.0

    package internal(set) var start: StartForm
    /// The run; nil while the start screen is shown.
    package internal(set) var run: RunProgress?
    /// The folder of the run; nil while there is none.
    package internal(set) var runDirectory: String?
    /// Whether the journal of a run to resume is being read.
    var isResuming = false
    package internal(set) var log = LogRing()
    /// The last request to open something; answers to earlier ones are ignored.
    var awaited: OpenRequest?
    /// The storage of ``overlay``.
    var overlayBox: OverlayBox?

    package internal(set) var focus = Panel.units
    /// The panel beside the list of units on a medium screen: the last one with the focus except units and log.
    package internal(set) var tab = Panel.reconstruction
    /// Whether the panel with the focus has the whole screen.
    package internal(set) var isFullScreen = false
    /// The unit that was selected by hand; nil follows the current one.
    package internal(set) var chosenUnit: Int?
    package internal(set) var chart = ChartView()
    package internal(set) var lossView = LossView.ratio
    package internal(set) var contributionView = ContributionView.gradient
    /// The attempt that was asked for and is compared at its end; nil without one.
    package internal(set) var trial: Trial?
    package internal(set) var estimates = EstimateBook()
    /// The bits of the chosen point of the sweep.
    package internal(set) var chosenBits: BitsPair?
    package internal(set) var editor = ParameterEditor()
    /// How many of the latest lines of the log are below the view; 0 follows.
    package internal(set) var logOffset = 0
    package internal(set) var logFilter: ListSearch?
    /// The search in the list of a panel.
    package internal(set) var search: ListSearch?

    package internal(set) var notice: Notice?
    /// Whether the parameters get the focus at the next gate.
    var editsAtGate = false
    /// The edge between panels that the mouse holds.
    var draggedEdge: PanelSplits.Split?
    var lastInterrupt: Double?
    /// What follows when the run, which was asked to stop, has ended; nil if it was not asked.
    var stopping: Stopping?
    /// The model that the draft is for: its name when the run was started or opened.
    var draftModel = ""
    /// The sweep that was asked for last.
    var askedSweep: SweepRequest?
    /// The state of the folders of remembered runs, by their paths.
    package internal(set) var folders: [String: RunFolder] = [:]
    /// The use of the machine, measured last.
    package internal(set) var machine: MachineUse?
    /// When the use of the machine was asked for last.
    var machineAskedAt: Double?
    /// When the estimate of the start screen was asked for last.
    var estimatedAt = 0.0
    /// When the user asked to quit; the program then waits for the run to end.
    package internal(set) var quittingSince: Double?
    var reporter = PlainReporter(brief: true)

    /// Makes a workbench that shows its start screen.
    ///
    /// - Parameters:
    ///   - card: The facts about the model.
    ///   - plan: The plan to start from, for the card's model.
    ///   - themes: The names of the themes, the one in use first.
    ///   - glyphs: The glyphs that the terminal can show.
    ///   - size: The size of the screen.
    ///   - samples: The references of the bundled models.
    ///   - settings: The settings.
    ///   - memory: The memory of earlier sessions.
    ///   - colorDepth: How many colours the terminal shows.
    package init(
        card: ModelCard, plan: RunPlan, themes: [String], glyphs: GlyphSet = .braille,
        size: ScreenSize = ScreenSize(width: 80, height: 24), samples: [String] = [],
        settings: WorkbenchSettings = WorkbenchSettings(), memory: WorkbenchMemory = WorkbenchMemory(),
        colorDepth: ColorDepth = .indexed256
    ) {
        hasColors = colorDepth == .indexed256 || colorDepth == .trueColor
        start = StartForm(plan: plan, card: card, samples: samples)
        themeNames = themes
        theme =
            [settings.theme, memory.theme].compactMap(\.self).first { themes.contains($0) } ?? themes.first
            ?? ""
        self.settings = settings
        self.memory = memory
        self.glyphs = glyphs
        self.size = size
        capturesMouse = settings.capturesMouse
    }
}

/// What follows when a run that was asked to stop has ended.
enum Stopping: Equatable, Sendable {
    /// Its result is shown.
    case stay
    /// The start screen is shown.
    case leave
}

/// A sentence that replaces the footer for a while.
package struct Notice: Equatable, Sendable {
    /// How long a sentence stays, in seconds: as long as it takes to read.
    static func duration(of text: String) -> Double { max(6, Double(text.count) / 15) }

    package let text: String
    package let severity: LogRing.Severity
    let until: Double
}

/// A width of weight codes and one of activation codes.
package struct BitsPair: Hashable, Sendable {
    package let weightBits: Int
    package let activationBits: Int
}

extension WorkbenchState {
    /// What to remember for the next session.
    package var remembered: WorkbenchMemory {
        var state = self
        state.keepRun()
        return state.memory
    }

    /// Puts the run and its draft into the memory.
    mutating func keepRun() {
        guard let run else { return }
        memory.keep(draft: editor.draft, of: draftModel)
        guard let runDirectory else { return }
        if run.hasEnded, !run.hasResults {
            memory.forget(run: runDirectory)
        } else {
            memory.remember(RecentRun(directory: runDirectory, label: run.label))
        }
    }

    /// The first key of an action, for sentences.
    func key(_ action: Action) -> String { settings.keys.text(of: action) }

    /// The unit that charts and the list show.
    var shownUnit: Int? {
        guard let run, !run.units.isEmpty else { return nil }
        return min(chosenUnit ?? run.currentUnit ?? 0, run.units.count - 1)
    }

    /// The hyperparameters that the parameter panel shows.
    ///
    /// At a gate those of the first coming unit, else those of the current unit.
    var shownParameters: Hyperparameters {
        guard let run, !run.units.isEmpty else { return start.plan.hyperparameters }
        let unit = draftUnit ?? run.gate ?? run.currentUnit ?? 0
        return run.units[min(unit, run.units.count - 1)].hyperparameters
    }

    /// The hyperparameters that a draft changes: those of the first coming unit.
    var draftBase: Hyperparameters {
        guard let run, !run.units.isEmpty else { return start.plan.hyperparameters }
        return run.units[min(draftUnit ?? run.firstComingUnit, run.units.count - 1)].hyperparameters
    }

    /// The one coming unit that the draft is for; nil for all of them.
    var draftUnit: Int? {
        guard let run, let unit = editor.unit, (run.firstComingUnit..<run.units.count).contains(unit) else {
            return nil
        }
        return unit
    }

    /// The chosen point of the sweep, or the one that the sweep suggests.
    var shownPoint: SweepPoint? {
        guard let sweep = run?.sweep else { return nil }
        let chosen = sweep.points.first {
            BitsPair(weightBits: $0.weightBits, activationBits: $0.activationBits) == chosenBits
        }
        return chosen ?? sweep.suggested
    }

    /// The time since the run began, up to its end.
    var runSeconds: Double { run?.elapsed(at: now) ?? 0 }
}
