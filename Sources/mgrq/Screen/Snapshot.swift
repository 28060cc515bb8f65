internal import Foundation
internal import Runs
internal import TerminalUI
internal import Workbench

/// Draws one frame of the workbench into a file, without a terminal.
struct Snapshot {
    let options: SnapshotOptions
    let screen: ScreenOptions
    /// The plan of the start screen, if no run is replayed.
    let plan: RunPlan
    /// The run that is shown, or its journal; nil for the start screen.
    let run: String?

    /// Draws.
    ///
    /// - Parameter path: The file, which is replaced if it exists.
    /// - Throws: `RunFailure` for flags that cannot be used, a run that cannot be read, a file that cannot be written.
    func write(to path: String) throws(RunFailure) {
        try options.check(path)
        let size = try options.screenSize()
        let contents = try ScreenFiles(options: screen).read()
        var state = WorkbenchState(
            card: try run == nil ? modelCard(of: plan) : .unknown(plan.model), plan: plan,
            themes: contents.themes.themes.map(\.name), glyphs: contents.settings.glyphs ?? .braille,
            size: size,
            samples: ProcessEnvironment.references.sampleModels.map { "sample:\($0)" },
            settings: contents.settings,
            colorDepth: .trueColor)
        if let run {
            state.show(try recordedRun(run, until: try options.time(), ends: false))
        }
        if let press = options.press {
            for name in press.split(separator: ",") {
                guard state.press(String(name)) else {
                    throw RunFailure(
                        .usage, "--press has no key “\(name)”; it accepts the key names that help shows")
                }
            }
        }
        let grid = view(state, size: size)
        let theme = contents.themes.theme(named: state.theme) ?? ThemeLibrary.defaultTheme
        _ = try writePicture(of: grid, theme: theme, to: path)
    }
}
