internal import RunText
internal import ArgumentParser
internal import Runs
internal import TerminalUI
internal import Workbench

/// The flags that draw one frame into a file instead of opening a screen.
struct SnapshotOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Draw one frame into a file instead: .txt, .svg or .png, by its name.", valueName: "file"))
    var snapshot: String?

    @Option(help: ArgumentHelp("The columns and rows of the snapshot.", valueName: "WxH"))
    var size = "120x40"

    @Option(help: ArgumentHelp("The run to show; with --snapshot, a journal too.", valueName: "run"))
    var replay: String?

    @Option(help: ArgumentHelp("When in the journal, in seconds; without, at its end.", valueName: "s"))
    var at: String?

    @Option(
        help: ArgumentHelp("Keys pressed before the snapshot, such as 2,f or Down.", valueName: "key,key,…"))
    var press: String?

    /// Checks that no flag is given that has a meaning only with --snapshot.
    ///
    /// - Throws: `RunFailure(.usage)` that names it.
    func checkNeedless() throws(RunFailure) {
        for (flag, isGiven) in [("--at", at != nil), ("--press", press != nil)] where isGiven {
            throw RunFailure(.usage, "\(flag) needs --snapshot FILE, into which the frame is drawn")
        }
    }

    /// Checks that the file's name asks for a format.
    ///
    /// - Throws: `RunFailure(.usage)` where it does not.
    func check(_ path: String) throws(RunFailure) {
        guard PictureFormat(path: path) != nil else {
            throw RunFailure(
                .usage, "--snapshot cannot be “\(path)”; it accepts a name that ends with .txt, .svg or .png")
        }
    }

    /// The size in cells.
    ///
    /// - Throws: `RunFailure(.usage)`.
    func screenSize() throws(RunFailure) -> ScreenSize {
        let parts = size.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let width = parts[0], let height = parts[1], (1...500).contains(width),
            (1...200).contains(height)
        else {
            throw RunFailure(
                .usage, "--size cannot be “\(size)”; it accepts 1x1 through 500x200, such as 120x40")
        }
        return ScreenSize(width: width, height: height)
    }

    /// The time in the journal.
    ///
    /// - Throws: `RunFailure(.usage)`.
    func time() throws(RunFailure) -> Double? {
        guard let at else { return nil }
        guard let seconds = Double(at), seconds.isFinite, seconds >= 0 else {
            throw RunFailure(.usage, "--at cannot be “\(at)”; it accepts seconds from 0")
        }
        return seconds
    }
}
