/// Why a screen cannot be taken.
package enum TerminalError: Error, Hashable, Sendable {
    /// Standard input or standard output is not a terminal.
    case noTerminal
    /// The value of `TERM` is not set or has no description on this machine.
    case unknownTerminal(String?)
    /// The terminal cannot place its cursor, as `dumb` cannot.
    case noCursorAddressing(String?)
    /// No description of the terminal without the alternate screen can be made in the folder.
    case noDescription(folder: String?)
    /// A system call failed with this error number.
    case system(Int32)
}

extension TerminalError: CustomStringConvertible {
    /// One sentence that says what to do.
    package var description: String {
        let advice = "set TERM to what the terminal is, for example TERM=xterm-256color, or use --plain"
        switch self {
        case .noTerminal:
            return "standard input and output are not both a terminal; start it in one, or use --plain"
        case .unknownTerminal(let name):
            guard let name, !name.isEmpty else { return "TERM is not set; \(advice)" }
            return "the terminal type TERM=\(name) is not known on this machine; \(advice)"
        case .noCursorAddressing(let name):
            return "the terminal type TERM=\(name ?? "") cannot place its cursor; \(advice)"
        case .noDescription(let folder):
            let place = folder.map { "\($0) must be a folder that can be written" }
            return
                "without the alternate screen, a description of the terminal has to be made: tic of ncurses must be "
                + "on the PATH, and \(place ?? "XDG_CACHE_HOME or HOME must name a folder")"
        case .system(let number):
            return "the terminal cannot be prepared (error \(number)); use --plain"
        }
    }
}
