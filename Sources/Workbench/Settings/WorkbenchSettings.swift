internal import Runs
package import TerminalUI

/// How many colours are used.
package enum ColorChoice: String, CaseIterable, Hashable, Sendable {
    /// As many as the terminal promises, and none where `NO_COLOR` is set.
    case auto
    /// None.
    case never
    /// The terminal's palette.
    case sixteen = "16"
    /// 256.
    case indexed = "256"
    /// Any.
    case trueColor = "true"

    /// The depth that was chosen; nil lets the terminal decide.
    package var depth: ColorDepth? {
        switch self {
        case .auto: nil
        case .never: .monochrome
        case .sixteen: .sixteen
        case .indexed: .indexed256
        case .trueColor: .trueColor
        }
    }
}

/// What a settings file says about the workbench; what it does not say is as it comes.
///
/// The file is of the same format as a theme: sections `[screen]` and `[keys]`.
package struct WorkbenchSettings: Equatable, Sendable {
    /// The numbers of frames a second that can be asked for.
    package static let frameRates = 1...60
    /// The times to wait for the rest of an escape sequence that can be asked for, in milliseconds.
    package static let escapeDelays = 1...2000

    /// The theme's name; nil takes the last one.
    package var theme: String?
    /// The glyphs; nil takes what the terminal can show.
    package var glyphs: GlyphSet?
    /// How many colours are used.
    package var color = ColorChoice.auto
    /// Whether the mouse is taken.
    package var capturesMouse = true
    /// Whether the screen is drawn beside the shell's, which comes back at the end; if not, the last frame stays.
    package var usesAlternateScreen = true
    /// How many frames a second are drawn for new data.
    package var framesPerSecond = 10
    /// How long to wait for the rest of an escape sequence, in milliseconds.
    package var escapeMilliseconds = 25
    /// What keys do.
    var keys = KeyTable.standard

    /// Everything as it comes.
    package init() {}

    /// Reads a settings file.
    ///
    /// - Parameters:
    ///   - text: The whole file.
    ///   - file: Its name, for messages.
    /// - Throws: The first line that cannot be used, with what would be accepted.
    package init(parsing text: String, file: String) throws(SettingsProblem) {
        var overrides: [SettingsText.Entry] = []
        for entry in try SettingsText(parsing: text, file: file).entries {
            switch entry.section {
            case "screen": try take(entry, file: file)
            case "keys": overrides.append(entry)
            default:
                let place = entry.section.isEmpty ? "before the first section" : "in [\(entry.section)]"
                throw SettingsProblem(
                    file: file, line: entry.line,
                    message: "\"\(entry.key)\" means nothing \(place); there are [screen] and [keys]")
            }
        }
        keys = try KeyTable.standard.rebound(by: overrides, file: file)
    }

    private static let screenKeys = ["theme", "glyphs", "color", "mouse", "alt_screen", "fps", "esc_ms"]

    private mutating func take(_ entry: SettingsText.Entry, file: String) throws(SettingsProblem) {
        func problem(_ message: String) -> SettingsProblem {
            SettingsProblem(file: file, line: entry.line, message: message)
        }
        func word(_ accepted: [String]) throws(SettingsProblem) -> String {
            let text: String? =
                switch entry.value {
                case .string(let text): text
                case .number(let number) where number == number.rounded() && abs(number) < 1e6:
                    "\(Int(number))"
                case .boolean(let value): "\(value)"
                default: nil
                }
            guard let text, accepted.contains(text) else {
                let near = text.flatMap { closest(to: $0, among: accepted) }
                throw problem(
                    "\"\(entry.key)\" accepts \(accepted.joined(separator: ", "))"
                        + (near.map { "; did you mean \"\($0)\"?" } ?? ""))
            }
            return text
        }
        func number(_ range: ClosedRange<Int>) throws(SettingsProblem) -> Int {
            guard case .number(let value) = entry.value, value == value.rounded(),
                let number = Int(exactly: value), range.contains(number)
            else {
                throw problem(
                    "\"\(entry.key)\" accepts a whole number from \(range.lowerBound) through \(range.upperBound)"
                )
            }
            return number
        }
        switch entry.key {
        case "theme":
            guard case .string(let name) = entry.value, !name.isEmpty else {
                throw problem("\"theme\" must be a theme's name in double quotes")
            }
            theme = name
        case "glyphs": glyphs = GlyphSet(rawValue: try word(GlyphSet.allCases.map(\.rawValue)))
        case "color":
            color = ColorChoice(rawValue: try word(ColorChoice.allCases.map(\.rawValue))) ?? .auto
        case "mouse": capturesMouse = try word(["true", "false"]) == "true"
        case "alt_screen": usesAlternateScreen = try word(["true", "false"]) == "true"
        case "fps": framesPerSecond = try number(Self.frameRates)
        case "esc_ms": escapeMilliseconds = try number(Self.escapeDelays)
        default:
            let near = closest(to: entry.key, among: Self.screenKeys)
            throw problem(
                "there is no setting \"\(entry.key)\"; "
                    + (near.map { "did you mean \"\($0)\"?" }
                        ?? "there is \(Self.screenKeys.joined(separator: ", "))"))
        }
    }
}
