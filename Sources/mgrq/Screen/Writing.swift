internal import Datasets
internal import Files
internal import RunText
internal import Runs
internal import TerminalUI
internal import Workbench
internal import Vocabulary

/// Writes a frame as a picture, in the format of the file's extension.
///
/// - Parameters:
///   - grid: The frame.
///   - theme: Its colours.
///   - path: The file, which is replaced if it exists.
/// - Returns: What was written.
/// - Throws: `RunFailure(.usage)` for another name, `.cannotCreate` or `.inputOutput` where it cannot be written.
func writePicture(of grid: CellGrid, theme: Theme, to path: String) throws(RunFailure) -> WorkbenchOutcome {
    guard let format = PictureFormat(path: path) else {
        throw RunFailure(.usage, "\(path) must end with \(PictureFormat.extensions)")
    }
    let bytes =
        switch format {
        case .svg: Array(svgPicture(of: grid, theme: theme, title: "The mgrq workbench").utf8)
        case .png: png(PixelPicture(of: grid, theme: theme))
        case .txt: Array((grid.glyphRows.joined(separator: "\n") + "\n").utf8)
        }
    try RunFailure.wrapping(try writeFile(bytes, to: path))
    return .wrote(path: path, bytes: bytes.count, summary: "\(grid.width) × \(grid.height) cells")
}

private func png(_ picture: PixelPicture) -> [UInt8] {
    encodedPNG(picture.bytes, width: picture.width, height: picture.height)
}

/// Writes what every step of a run measured, in the format of the file's extension.
///
/// In constant memory, however long the run was; of a run in progress, the steps so far are written.
///
/// - Parameters:
///   - directory: The run's folder.
///   - path: The file, which is replaced if it exists.
/// - Returns: What was written.
/// - Throws: `RunFailure`: `.usage` for another name, what `readJournal` throws, `.cannotCreate` or `.inputOutput` where
///   the file cannot be written.
func writeCurves(of directory: String, to path: String) throws(RunFailure) -> WorkbenchOutcome {
    guard let format = CurvesFormat(path: path) else {
        throw RunFailure(.usage, "\(path) must end with \(CurvesFormat.extensions)")
    }
    var table = CurvesTable(format: format)
    let file = try RunFailure.wrapping(try AtomicFile(path))
    try readJournal(RunDirectory(path: directory).journalPath) { entry throws(RunFailure) in
        if case .event(let event) = entry.content { table.take(event) }
        if let text = table.takeChunk() { try RunFailure.wrapping(try file.write(Array(text.utf8))) }
    }
    try RunFailure.wrapping(try file.write(Array(table.takeRest().utf8)))
    try RunFailure.wrapping(try file.commit())
    let steps = table.steps == 1 ? "1 step" : "\(QuantityText.count(table.steps)) steps"
    let units = table.measured.count == 1 ? "1 unit" : "\(table.measured.count) units"
    return .wrote(path: path, bytes: file.count, summary: "\(steps) of \(units)")
}

/// The text of a file of measurements, made in chunks.
private struct CurvesTable {
    /// The size of a chunk in bytes.
    private static let chunk = 1 << 18

    private let format: CurvesFormat
    /// The units that have steps.
    private(set) var measured: Set<Int> = []
    /// The number of steps.
    private(set) var steps = 0
    /// The names of the run's units.
    private var units: [String] = []
    private var text: String

    init(format: CurvesFormat) {
        self.format = format
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
        default: break
        }
    }

    /// Takes the text once it fills a chunk.
    mutating func takeChunk() -> String? {
        guard text.utf8.count >= Self.chunk else { return nil }
        defer { text = "" }
        return text
    }

    /// Takes the rest of the text and the end of the file.
    mutating func takeRest() -> String {
        defer { text = "" }
        return text + format.closing
    }
}
