internal import CTerminal
internal import Foundation
internal import Glibc
package import TerminalUI

/// The terminal the process was started in, drawn with ncurses.
///
/// One thread prepares, opens and uses it; ``wake()`` may be called from any. The terminal is restored on
/// every way out except SIGKILL: normal ends, `exit`, signals, traps and crashes, after which
/// everything written to standard error meanwhile is shown.
package final class NCursesTerminal: Terminal {
    /// Options of a terminal.
    package struct Options: Hashable, Sendable {
        /// The colours to use; nil asks the terminal, and uses none if `NO_COLOR` is set.
        package var colorDepth: ColorDepth?
        /// How long to wait for the rest of an escape sequence.
        package var escapeDelay: Duration
        /// Whether mouse events are requested.
        package var capturesMouse: Bool

        /// Whether the screen is drawn beside the shell's, which comes back at the end; if not, the last frame stays.
        package var usesAlternateScreen: Bool
        /// The folder for terminal descriptions that systems lack; nil limits colours to 256.
        ///
        /// They have 24-bit colours, or no alternate screen.
        package var descriptionFolder: String?

        /// Makes options.
        package init(
            colorDepth: ColorDepth? = nil, escapeDelay: Duration = .milliseconds(25),
            capturesMouse: Bool = true, usesAlternateScreen: Bool = true, descriptionFolder: String? = nil
        ) {
            self.colorDepth = colorDepth
            self.escapeDelay = escapeDelay
            self.capturesMouse = capturesMouse
            self.usesAlternateScreen = usesAlternateScreen
            self.descriptionFolder = descriptionFolder
        }
    }

    /// The colours in use.
    package let colorDepth: ColorDepth
    /// The glyphs that the locale and the terminal's type support.
    package let preferredGlyphs: GlyphSet
    private static let greatestStyleCount = 8192
    private let clock = ContinuousClock()
    private let origin: ContinuousClock.Instant
    private var decoder = InputDecoder()
    private var shownRows: [[ct_cell]] = []
    private var styles: [Style: TerminalStyle] = [:]
    private var styledTheme: Theme?
    private var isOpen = true

    /// The beginnings of names of terminals that understand what xterm-256color does.
    private static let relatives = [
        "xterm-", "tmux", "screen", "foot", "alacritty", "kitty", "wezterm", "ghostty",
    ]

    /// The name to use in place of that of a terminal without a description on this machine, as is usual over ssh.
    ///
    /// - Parameters:
    ///   - name: The value of `TERM`.
    ///   - isKnown: Whether a terminal has a description.
    /// - Returns: Nil where the terminal is known, or is none of which xterm-256color is a part.
    package static func substitute(for name: String?, isKnown: (String) -> Bool) -> String? {
        let usual = "xterm-256color"
        guard let name, !isKnown(name), relatives.contains(where: name.hasPrefix), isKnown(usual) else {
            return nil
        }
        return usual
    }

    /// Sets `TERM` to a terminal that this machine knows, if its own is an unknown relative of xterm.
    ///
    /// Must be called before any other thread exists.
    ///
    /// - Returns: A sentence that says so; nil where nothing was changed.
    package static func replaceUnknownTerminal() -> String? {
        guard let name = environment("TERM"),
            let other = substitute(for: name, isKnown: { unsafe ct_knows_term($0) })
        else { return nil }
        guard unsafe setenv("TERM", other, 1) == 0 else { return nil }
        return "the terminal type TERM=\(name) is not known on this machine; it is used as \(other)"
    }

    /// Blocks signals, starts the thread that receives them, and installs crash handlers.
    ///
    /// Must be called before any other thread exists, and before ``init(options:)``.
    ///
    /// - Throws: ``TerminalError/system(_:)``.
    package static func prepare() throws(TerminalError) {
        for failure in [ct_prepare(), ct_install_crash_handlers()] where failure != 0 {
            throw .system(failure)
        }
    }

    /// Takes the screen.
    ///
    /// - Parameter options: Options.
    /// - Throws: `TerminalError`; then the terminal is as before.
    package init(options: Options = Options()) throws(TerminalError) {
        let term = Self.environment("TERM")
        let description = try Self.description(options, term: term)
        switch Self.open(Self.milliseconds(options.escapeDelay), description) {
        case CT_OPENED: break
        case CT_NO_TERMINAL: throw .noTerminal
        case CT_UNKNOWN_TERM: throw .unknownTerminal(term)
        case CT_NO_ADDRESSING: throw .noCursorAddressing(term)
        default: throw .system(ENOMEM)
        }
        colorDepth = Self.depth(wanted: options.colorDepth, available: Int(ct_color_count()))
        preferredGlyphs = ct_is_utf8() && term != "linux" ? .braille : .ascii
        origin = clock.now
        if options.capturesMouse { ct_capture_mouse(true) }
    }

    deinit {
        close()
    }

    /// Ends the wait for input with ``InputEvent/wake``; any thread may call it at any time.
    package nonisolated static func wake() {
        ct_wake()
    }

    /// What a sequence of typed characters means, after which nothing comes for a while.
    package nonisolated static func events(of characters: [UInt32]) -> [InputEvent] {
        var decoder = InputDecoder()
        var events: [InputEvent] = []
        for character in characters {
            var event = ct_event()
            event.kind = Int32(CT_CHARACTER.rawValue)
            event.code = Int32(bitPattern: character)
            decoder.take(event, into: &events)
        }
        decoder.finish(into: &events)
        return events
    }

    /// Lets an overflow of the calling thread's stack restore the terminal as well.
    @Sendable package nonisolated static func prepareThread() {
        ct_use_signal_stack()
    }

    /// The size of the screen now.
    package var size: ScreenSize { ScreenSize(width: Int(ct_width()), height: Int(ct_height())) }

    /// The time since the screen was taken.
    package var now: Duration { clock.now - origin }

    /// Sends the rows that differ from the last frame.
    package func present(_ grid: CellGrid, theme: Theme) {
        guard isOpen else { return }
        if styledTheme != theme {
            styledTheme = theme
            styles = [:]
        }
        let height = min(grid.height, size.height)
        if shownRows.count != height { shownRows = Array(repeating: [], count: height) }
        for y in 0..<height {
            let row = grid.row(y).map { cell($0, theme) }
            guard !Self.areEqual(row, shownRows[y]) else { continue }
            unsafe row.withUnsafeBufferPointer {
                unsafe ct_put_row(Int32(y), $0.baseAddress, Int32($0.count))
            }
            shownRows[y] = row
        }
        ct_flush()
    }

    /// Waits for input; returns all events that have arrived.
    package func events(timeout: Duration?) -> [InputEvent] {
        guard isOpen else { return [.closed] }
        ct_wait(timeout.map(Self.milliseconds) ?? -1)
        var events: [InputEvent] = []
        var event = ct_event()
        while unsafe ct_next(&event) {
            if event.kind == Int32(CT_REDRAW.rawValue) {
                invalidate()
                events.append(.resize(width: size.width, height: size.height))
            } else {
                decoder.take(event, into: &events)
            }
        }
        decoder.finish(into: &events)
        return events
    }

    /// Gives the screen back, stops the process group, and takes the screen again when it goes on.
    package func suspend() {
        guard isOpen else { return }
        ct_suspend()
        shownRows = []
    }

    /// Sends every cell with the next frame.
    package func invalidate() {
        shownRows = []
        ct_invalidate()
    }

    /// Asks for mouse events, or leaves the mouse to the terminal.
    package func captureMouse(_ isCaptured: Bool) {
        ct_capture_mouse(isCaptured)
    }

    /// Puts a text of at most 64 kB on the clipboard by OSC 52, where the terminal allows it.
    package func copy(_ text: String) {
        guard text.utf8.count <= 65536, Self.environment("TERM") != "linux" else { return }
        let bytes = Array("\u{1B}]52;c;\(Data(text.utf8).base64EncodedString())\u{07}".utf8)
        unsafe bytes.withUnsafeBufferPointer { unsafe ct_write($0.baseAddress, Int32($0.count)) }
    }

    /// Gives the screen back.
    package func close() {
        guard isOpen else { return }
        isOpen = false
        ct_close()
    }

    private func cell(_ cell: Cell, _ theme: Theme) -> ct_cell {
        let style: TerminalStyle
        if let known = styles[cell.style] {
            style = known
        } else {
            style = theme.resolve(cell.style, depth: colorDepth)
            // Pictures can have any number of styles.
            if styles.count >= Self.greatestStyleCount { styles = [:] }
            styles[cell.style] = style
        }
        return ct_cell(
            glyph: cell.glyph, foreground: number(style.foreground),
            background: number(style.background), attributes: UInt32(style.attributes.rawValue))
    }

    /// The number of a colour in ncurses; -1 is the terminal's own.
    private func number(_ color: Color) -> Int32 {
        if color == .terminalDefault { return -1 }
        if case .ansi(let index) = color, index < 8 || colorDepth != .trueColor { return Int32(index) }
        if case .indexed(let index) = color, colorDepth != .trueColor { return Int32(index) }
        guard let (red, green, blue) = color.components else { return -1 }
        // Descriptions with 24-bit colours take the numbers below 8 as palette colours.
        return max(8, Int32(red << 16 | green << 8 | blue))
    }

    private static func areEqual(_ a: [ct_cell], _ b: [ct_cell]) -> Bool {
        a.elementsEqual(b) {
            $0.glyph == $1.glyph && $0.foreground == $1.foreground && $0.background == $1.background
                && $0.attributes == $1.attributes
        }
    }

    private static func depth(wanted: ColorDepth?, available: Int) -> ColorDepth {
        let possible: ColorDepth =
            switch available {
            case ..<8: .monochrome
            case ..<16: .eight
            case ..<256: .sixteen
            case ..<0x100_0000: .indexed256
            default: .trueColor
            }
        let order = ColorDepth.allCases
        guard let wanted else {
            return (environment("NO_COLOR") ?? "").isEmpty ? possible : .monochrome
        }
        let index = { (depth: ColorDepth) in order.firstIndex(of: depth) ?? 0 }
        return index(wanted) < index(possible) ? wanted : possible
    }

    /// The name of a generated terminal description, and its differences from the system's.
    private struct Description {
        var name: String
        var changes: UInt32
    }

    private static let directColors = UInt32(CT_DIRECT)
    private static let normalBuffer = UInt32(CT_INLINE)

    /// Makes a description for features that the system's own lacks; nil if that is sufficient.
    ///
    /// 24-bit colours are used if options or COLORTERM ask for them and a description can be made.
    ///
    /// - Throws: `TerminalError` if options turn the alternate screen off and no such description can be made.
    private static func description(_ options: Options, term: String?) throws(TerminalError) -> Description? {
        func make(_ changes: UInt32) -> Description? {
            guard let term, let folder = options.descriptionFolder else { return nil }
            var name = [CChar](repeating: 0, count: 128)
            let isThere = unsafe name.withUnsafeMutableBufferPointer {
                unsafe ct_make_entry(folder, term, changes, $0.baseAddress, Int32($0.count))
            }
            guard isThere else { return nil }
            let bytes = name.prefix { $0 != 0 }.map(UInt8.init)
            return Description(name: String(decoding: bytes, as: UTF8.self), changes: changes)
        }
        let promised = ["truecolor", "24bit"].contains(environment("COLORTERM") ?? "")
        let hasNoColor = !(environment("NO_COLOR") ?? "").isEmpty
        let isDirect = options.colorDepth.map { $0 == .trueColor } ?? (promised && !hasNoColor)
        if isDirect, let colored = make(directColors | (options.usesAlternateScreen ? 0 : normalBuffer)) {
            return colored
        }
        if options.usesAlternateScreen { return nil }
        if let plain = make(normalBuffer) { return plain }
        guard let term, unsafe ct_knows_term(term) else { throw .unknownTerminal(term) }
        throw .noDescription(folder: options.descriptionFolder)
    }

    private static func open(_ milliseconds: Int32, _ description: Description?) -> ct_status {
        guard let description else { return ct_open(milliseconds, nil, 0) }
        return unsafe ct_open(milliseconds, description.name, description.changes)
    }

    private static func milliseconds(_ duration: Duration) -> Int32 {
        let (seconds, attoseconds) = duration.components
        guard seconds < 86_400 else { return 86_400_000 }
        // Rounded up, so that the wait never ends before the time is over.
        return max(0, Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000))
    }

    private static func environment(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }
}

@available(*, unavailable)
extension NCursesTerminal: Sendable {}
