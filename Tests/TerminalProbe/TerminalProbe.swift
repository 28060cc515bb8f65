import Foundation
import NCursesTerminal
import TensorCore
import TerminalUI

/// Takes the screen as the workbench does, then ends in the way that its first argument names; a second, `inline`,
/// does without the alternate screen.
///
/// Provokes ends that a workbench should never have; its terminal must be restored all the same.
@main
struct TerminalProbe {
    struct Thrown: Error, CustomStringConvertible {
        var description: String { "an error that nobody caught" }
    }

    static func main() throws {
        let words = CommandLine.arguments.dropFirst()
        let kind = words.first ?? ""
        try NCursesTerminal.prepare()
        let cache = ProcessInfo.processInfo.environment["XDG_CACHE_HOME"].map { "\($0)/probe" }
        let terminal = try NCursesTerminal(
            options: NCursesTerminal.Options(
                usesAlternateScreen: words.dropFirst().first != "inline", descriptionFolder: cache))
        let theme = Theme(name: "probe", variant: .dark, roles: [:])
        var grid = CellGrid(width: terminal.size.width, height: terminal.size.height)
        let whole = Rect(x: 0, y: 0, width: grid.width, height: grid.height)
        grid.write("the probe is up", x: 2, y: 10, in: whole)
        terminal.present(grid, theme: theme)
        // Until a key says that the screen was seen.
        while !terminal.events(timeout: .seconds(60)).contains(where: {
            if case .key = $0 { true } else { false }
        }) {}
        grid.write("the key was read", x: 2, y: 11, in: whole)
        terminal.present(grid, theme: theme)
        try end(kind)
    }

    private static func end(_ kind: String) throws {
        switch kind {
        case "exit": exit(7)
        case "fatal": fatalError("the words of a fatal error")
        case "index": print([1, 2, 3][CommandLine.arguments.count + 5])
        case "throw": throw Thrown()
        case "null": try store(to: 8)
        case "abort":
            FileHandle.standardError.write(Data("the words before abort\n".utf8))
            abort()
        case "overflow": print(dig(CommandLine.arguments.count))
        case "thread-fatal": onThread { fatalError("the words of a thread") }
        case "thread-overflow": onThread { print(dig(CommandLine.arguments.count)) }
        case "stuck": while true { sleep(60) }
        default: FileHandle.standardError.write(Data("there is no end “\(kind)”\n".utf8))
        }
    }

    /// Writes where no memory is.
    private static func store(to address: Int) throws {
        guard let pointer = unsafe UnsafeMutablePointer<Int>(bitPattern: address) else { throw Thrown() }
        unsafe pointer.pointee = 1
    }

    /// Recurses until the stack overflows; never returns.
    @inline(never)
    private static func dig(_ depth: Int) -> Int {
        guard depth != -1 else { return 0 }
        return dig(dig(depth &+ 1) &+ depth) ^ depth
    }

    /// Does something on a thread of the kind that engines work on.
    private static func onThread(_ body: @escaping @Sendable () -> Void) {
        let pool = WorkerPool(threads: 2, prepare: NCursesTerminal.prepareThread)
        pool.run(2) { _, worker in
            if worker == 1 { body() } else { sleep(60) }
        }
    }
}
