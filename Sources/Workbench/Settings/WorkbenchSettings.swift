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

/// The settings of the workbench: the file's mappings `screen` and `keys`, and defaults for absent values.
package struct WorkbenchSettings: Equatable, Sendable {
    /// The numbers of frames a second that can be asked for.
    package static let frameRates = 1...60
    /// The times to wait for the rest of an escape sequence that can be asked for, in milliseconds.
    package static let escapeDelays = 1...2000

    /// The theme's name; nil takes the last one.
    package var theme: String?
    /// The glyphs; nil takes those that the terminal supports.
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

    /// The defaults.
    package init() {}

    /// Reads a settings file.
    ///
    /// - Parameters:
    ///   - yaml: The whole file.
    ///   - file: Its name, for errors.
    /// - Throws: The first line that cannot be used, with what would be accepted.
    package init(yaml: String, file: String) throws(SettingsProblem) {
        do throws(PlanError) {
            let document = try YAMLMapping(yaml, what: "the settings")
            try document.check(known: ["screen", "keys"])
            if let screen = try document.mapping("screen") { try take(screen) }
            if let bindings = try document.mapping("keys") { keys = try keys.rebound(by: bindings) }
        } catch {
            throw SettingsProblem(error, file: file)
        }
    }

    private mutating func take(_ screen: YAMLMapping) throws(PlanError) {
        try screen.check(known: ["theme", "glyphs", "color", "mouse", "alt_screen", "fps", "esc_ms"])
        theme = try screen.text("theme")
        glyphs = try screen.option("glyphs")
        color = try screen.option("color") ?? color
        capturesMouse = try screen.flag("mouse") ?? capturesMouse
        usesAlternateScreen = try screen.flag("alt_screen") ?? usesAlternateScreen
        framesPerSecond = try screen.integer("fps", in: Self.frameRates) ?? framesPerSecond
        escapeMilliseconds = try screen.integer("esc_ms", in: Self.escapeDelays) ?? escapeMilliseconds
    }
}
