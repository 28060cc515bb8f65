internal import Foundation
internal import Runs
internal import TerminalUI
internal import Workbench

/// Writes a frame as a picture, in the format that the file's name asks for.
///
/// - Parameters:
///   - grid: The frame.
///   - theme: Its colours.
///   - path: The file, which is replaced if it is there.
/// - Returns: What was written.
/// - Throws: `RunFailure(.usage)` for another name, `.cannotCreate` or `.inputOutput` where it cannot be written.
func writePicture(of grid: CellGrid, theme: Theme, to path: String) throws(RunFailure) -> WorkbenchOutcome {
    guard let format = PictureFormat(path: path) else {
        throw RunFailure(.usage, "\(path) must end with .svg, .png or .txt")
    }
    let bytes = format.bytes(of: grid, theme: theme)
    try writeFileAtomically(bytes, to: path)
    return .wrote(path: path, bytes: bytes.count, summary: "\(grid.width) × \(grid.height) cells")
}

/// Writes what every step of a run measured, in the format that the file's name asks for.
///
/// In constant memory, however long the run was; a run that goes on is written as far as it is.
///
/// - Parameters:
///   - directory: The run's folder.
///   - path: The file, which is replaced if it is there.
/// - Returns: What was written.
/// - Throws: `RunFailure`: `.usage` for another name, what `readJournal` throws, `.cannotCreate` or `.inputOutput` where
///   the file cannot be written.
func writeCurves(of directory: String, to path: String) throws(RunFailure) -> WorkbenchOutcome {
    guard let format = CurvesFormat(path: path) else {
        throw RunFailure(.usage, "\(path) must end with .csv or .json")
    }
    // Beside the file, so that renaming it is one step.
    let temporary = joined(parent(of: path), ".unfinished-\(getpid())-curves")
    guard FileManager.default.createFile(atPath: temporary, contents: nil),
        let file = FileHandle(forWritingAtPath: temporary)
    else {
        throw RunFailure(.cannotCreate, "\(path) cannot be made")
    }
    var table = CurvesWriter(format: format, file: file)
    do throws(RunFailure) {
        try readJournal(RunDirectory(path: directory).journalPath) { entry in
            if case .event(let event) = entry.content { table.take(event) }
        }
        try table.finish()
        try renameFile(temporary, to: path)
    } catch {
        try? FileManager.default.removeItem(atPath: temporary)
        throw error
    }
    let steps = table.steps == 1 ? "1 step" : "\(QuantityText.count(table.steps)) steps"
    let units = table.measured.count == 1 ? "1 unit" : "\(table.measured.count) units"
    return .wrote(path: path, bytes: table.bytes, summary: "\(steps) of \(units)")
}

/// A file of measurements while it is written.
private struct CurvesWriter {
    /// How much is gathered before it is written.
    private static let chunk = 1 << 18

    let format: CurvesFormat
    let file: FileHandle
    /// The units of which there are steps.
    private(set) var measured: Set<Int> = []
    /// How many steps there are.
    private(set) var steps = 0
    /// How many bytes were written.
    private(set) var bytes = 0
    /// The names of the run's units.
    private var units: [String] = []
    private var text: String
    private var problem: RunFailure?

    init(format: CurvesFormat, file: FileHandle) {
        (self.format, self.file) = (format, file)
        text = format.opening
    }

    mutating func take(_ event: RunEvent) {
        switch event {
        case .started(let summary): units = summary.units.map(\.name)
        case .stepped(let sample):
            let unit = units.indices.contains(sample.unit) ? units[sample.unit] : "\(sample.unit)"
            text += format.text(of: sample, unit: unit, isFirst: steps == 0)
            steps += 1
            measured.insert(sample.unit)
            if text.utf8.count >= Self.chunk { write() }
        default: break
        }
    }

    mutating func finish() throws(RunFailure) {
        text += format.closing
        write()
        if problem == nil, (try? file.close()) == nil { problem = Self.full }
        if let problem { throw problem }
    }

    /// What comes behind a write that failed goes nowhere; `finish` tells it.
    private mutating func write() {
        guard problem == nil else { return text = "" }
        let data = Data(text.utf8)
        do {
            try file.write(contentsOf: data)
            bytes += data.count
        } catch {
            problem = Self.full
        }
        text = ""
    }

    private static let full = RunFailure(.inputOutput, "the file cannot be written to its end")
}
