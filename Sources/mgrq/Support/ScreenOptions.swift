internal import ArgumentParser
internal import Runs
internal import TerminalUI
internal import Workbench

/// The flags for the screen of the workbench; they override the settings file.
struct ScreenOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A theme; --list-themes lists them.", valueName: "name"))
    var theme: String?

    @Option(help: ArgumentHelp("A theme from a file.", valueName: "file"))
    var themeFile: String?

    @Flag(help: "Draw with ASCII only.")
    var ascii = false

    @Option(help: "Colours: auto, never, 16, 256 or true.")
    var color: String?

    @Flag(help: "Leave the mouse to the terminal.")
    var noMouse = false

    @Flag(help: "Draw where the shell writes, so that the last frame stays.")
    var noAltScreen = false

    @Option(help: ArgumentHelp("Frames a second for new data: 1 through 60.", valueName: "n"))
    var fps: String?

    @Option(help: ArgumentHelp("How long to wait for the rest of an escape sequence.", valueName: "ms"))
    var escMs: String?

    @Option(
        help: ArgumentHelp(
            "The settings file, else mgrq/config.yaml below XDG_CONFIG_HOME.", valueName: "file"))
    var config: String?

    /// Puts the flags that were given over the settings of the file.
    ///
    /// - Throws: `RunFailure(.usage)` for a value that is not accepted.
    func apply(to settings: inout WorkbenchSettings) throws(RunFailure) {
        if let theme { settings.theme = theme }
        if ascii { settings.glyphs = .ascii }
        if noMouse { settings.capturesMouse = false }
        if noAltScreen { settings.usesAlternateScreen = false }
        if let color {
            guard let choice = ColorChoice(rawValue: color) else {
                let known = ColorChoice.allCases.map(\.rawValue).joined(separator: ", ")
                throw RunFailure(.usage, "--color cannot be “\(color)”; it accepts \(known)")
            }
            settings.color = choice
        }
        if let fps {
            settings.framesPerSecond = try number(fps, "--fps", WorkbenchSettings.frameRates)
        }
        if let escMs {
            settings.escapeMilliseconds = try number(escMs, "--esc-ms", WorkbenchSettings.escapeDelays)
        }
    }

    private func number(
        _ text: String, _ flag: String, _ range: ClosedRange<Int>
    ) throws(RunFailure) -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw RunFailure(
                .usage,
                "\(flag) cannot be “\(text)”; it accepts \(range.lowerBound) through \(range.upperBound)")
        }
        return number
    }
}
