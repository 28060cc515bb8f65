package import Runs
package import TerminalUI
internal import Vocabulary

/// Everything that the workbench knows: a value, changed by `update` alone and shown by `view`.
package struct WorkbenchState: Equatable, Sendable {
    /// The size of the screen, for clicks and paging.
    package internal(set) var size: ScreenSize
    /// The names of the themes that can be chosen.
    package internal(set) var themeNames: [String]
    /// What the settings file says.
    package internal(set) var settings: WorkbenchSettings
    /// What is remembered for the next time.
    package internal(set) var memory: WorkbenchMemory
    /// The name of the theme in use.
    package internal(set) var theme: String
    /// The glyphs in use.
    package internal(set) var glyphs: GlyphSet
    /// Whether the mouse is taken.
    package internal(set) var capturesMouse: Bool
    /// Whether the terminal shows enough colours for pictures.
    package internal(set) var hasColors: Bool
    /// The time of the last tick in seconds.
    package internal(set) var now = 0.0

    /// The start screen.
    package internal(set) var start: StartForm
    /// The run; nil while the start screen is shown.
    package internal(set) var run: RunProgress?
    /// The folder of the run; nil while there is none.
    package internal(set) var runDirectory: String?
    /// Whether the journal of a run that shall go on is being read.
    var isResuming = false
    /// The log of the run.
    package internal(set) var log = LogRing()
    /// What shall be opened; answers to what was asked for before are passed over.
    var awaited: OpenRequest?
    /// What is drawn over the screen; see ``overlay``.
    var overlayBox: OverlayBox?

    /// The panel that has the focus.
    package internal(set) var focus = Panel.units
    /// The panel shown where there is room for one only: the last one with the focus but units and log.
    package internal(set) var tab = Panel.reconstruction
    /// Whether the panel with the focus has the whole screen.
    package internal(set) var isFullScreen = false
    /// The unit looked at; nil follows the unit in work.
    package internal(set) var chosenUnit: Int?
    /// How charts over steps are shown.
    package internal(set) var chart = ChartView()
    /// Whether contributions are shown as gradient norms, not as weighted losses.
    package internal(set) var showsGradients = false
    /// What of held-out images the reconstruction panel shows for each unit; nil shows the steps of one.
    package internal(set) var heldOutMeasure: HeldOutMeasure?
    /// What runs will take.
    package internal(set) var estimates = EstimateBook()
    /// The point of the sweep that is looked at, by its bits.
    package internal(set) var chosenBits: BitsPair?
    /// The parameter panel.
    package internal(set) var editor = ParameterEditor()
    /// How many of the latest lines of the log lie below the screen; 0 follows.
    package internal(set) var logOffset = 0
    /// Which lines of the log are shown; nil shows all.
    package internal(set) var logFilter: LogFilter?
    /// What is looked for in the list of a panel.
    package internal(set) var search: ListSearch?

    /// What to say in the footer, and until when.
    package internal(set) var notice: Notice?
    /// Whether the parameters take the focus when the run waits.
    var editsAtGate = false
    /// The edge between panels that the mouse holds.
    var draggedEdge: PanelSplits.Split?
    /// When Ctrl-C was pressed last.
    var lastInterrupt: Double?
    /// Since when the program waits for the run to end so that it can quit.
    package internal(set) var quittingSince: Double?
    var reporter = PlainReporter(brief: true)

    /// Makes a workbench that shows its start screen.
    ///
    /// - Parameters:
    ///   - card: What is known of the model.
    ///   - plan: What would be run; a plan for the card's model.
    ///   - themes: The names of the themes, the one in use first.
    ///   - glyphs: The glyphs that the terminal can show.
    ///   - size: The size of the screen.
    ///   - samples: The references of the bundled models.
    ///   - settings: What the settings file says.
    ///   - memory: What was remembered.
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
        editor.draft(memory.draft)
        self.glyphs = glyphs
        self.size = size
        capturesMouse = settings.capturesMouse
    }
}

/// A line in the footer that goes away.
package struct Notice: Equatable, Sendable {
    /// How long a notice stays, in seconds.
    static let duration = 6.0
    /// What it says.
    package let text: String
    /// How much it matters.
    package let severity: LogRing.Severity
    /// When it goes away.
    let until: Double
}

/// A width of weight codes and one of activation codes.
package struct BitsPair: Hashable, Sendable {
    /// The width of weight codes.
    package let weightBits: Int
    /// The width of activation codes.
    package let activationBits: Int
}

extension WorkbenchState {
    /// What to remember for the next time.
    package var remembered: WorkbenchMemory {
        var memory = memory
        memory.draft = editor.draft
        if let run, let runDirectory {
            memory.remember(RecentRun(directory: runDirectory, label: run.label))
        }
        return memory
    }

    /// The first key of an action, for sentences.
    func key(_ action: Action) -> String { settings.keys.text(of: action) }

    /// The unit that charts and the list look at.
    var shownUnit: Int? {
        guard let run, !run.units.isEmpty else { return nil }
        return min(chosenUnit ?? run.currentUnit ?? 0, run.units.count - 1)
    }

    /// The hyperparameters that the parameter panel shows.
    ///
    /// At a gate those of the first coming unit, else those of the unit in work.
    var shownParameters: Hyperparameters {
        guard let run, !run.units.isEmpty else { return start.plan.hyperparameters }
        let unit = draftUnit ?? run.gate ?? run.currentUnit ?? 0
        return run.units[min(unit, run.units.count - 1)].hyperparameters
    }

    /// What a draft is compared with: the hyperparameters of the first coming unit.
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

    /// The selected point of the sweep, or the one that the sweep suggests.
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
