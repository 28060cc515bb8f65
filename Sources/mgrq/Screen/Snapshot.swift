internal import Foundation
internal import Runs
internal import TerminalUI
internal import Workbench

/// Draws one frame of the workbench into a file, without a terminal.
struct Snapshot {
    let options: SnapshotOptions
    let screen: ScreenOptions
    /// What the start screen shows where no run is replayed.
    let plan: RunPlan

    /// Draws.
    ///
    /// - Parameter path: The file, which is replaced if it is there.
    /// - Throws: `RunFailure` for flags, for a run that cannot be read, and for a file that cannot be written.
    func write(to path: String) throws(RunFailure) {
        let format = try options.format(of: path)
        let size = try options.screenSize()
        let contents = try ScreenFiles(options: screen).read()
        var state = WorkbenchState(
            card: try options.replay == nil ? modelCard(of: plan) : .unknown(plan.model), plan: plan,
            themes: contents.themes.themes.map(\.name), glyphs: contents.settings.glyphs ?? .braille,
            size: size,
            samples: Surroundings.references.sampleModels.map { "sample:\($0)" }, settings: contents.settings,
            colorDepth: .trueColor)
        if let replay = options.replay {
            state.show(try recordedRun(replay, until: try options.time(), ends: false))
        }
        if let press = options.press {
            for name in press.split(separator: ",") {
                guard state.press(String(name)) else {
                    throw RunFailure(
                        .usage, "--press has no key “\(name)”; it accepts keys as help names them")
                }
            }
        }
        let grid = view(state, size: size)
        let theme = contents.themes.theme(named: state.theme) ?? ThemeLibrary.defaultTheme
        let bytes: [UInt8] =
            switch format {
            case .txt: Array((grid.glyphRows.joined(separator: "\n") + "\n").utf8)
            case .svg: Array(svgPicture(of: grid, theme: theme, title: "The mgrq workbench").utf8)
            case .png: pngPicture(of: grid, theme: theme)
            }
        do {
            try Data(bytes).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw RunFailure(.cannotCreate, "\(path) cannot be written")
        }
    }
}
