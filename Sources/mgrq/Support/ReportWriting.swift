internal import Datasets
internal import Engine
internal import Files
internal import Foundation
internal import Reports
internal import RunText
internal import Runs

/// What was written of a run.
struct WrittenReport {
    /// The size of all files, in bytes.
    var bytes: Int
    /// What is in them, in a few words.
    var summary: String
    /// What is missing, a sentence each.
    var notes: [String] = []
}

/// Writes what a run did and measured.
///
/// - Parameters:
///   - source: A run directory; for other formats than a page also a page or a JSON file.
///   - format: The format.
///   - path: The file, which is replaced if it exists; for TensorBoard a new or an empty folder.
///   - threads: The number of threads that measure sites.
///   - acceptsChanges: Whether sites and images may be those of another checkpoint or of other images than the run's.
/// - Returns: What was written.
/// - Throws: `RunFailure` with one sentence; then nothing is left behind.
func writeReport(
    of source: String, as format: ReportFormat, to path: String, threads: Int, acceptsChanges: Bool = false
) throws(RunFailure) -> WrittenReport {
    let isRun = isFolder(source)
    try checkOutput(path, isNoneOf: [source])
    if format == .html {
        guard isRun else {
            throw RunFailure(
                exists(source) ? .badData : .missingInput,
                "\(source) is not a run directory; a page is made of the folder that mgrq run wrote with --output"
            )
        }
        return try writePage(of: source, to: path, threads: threads, acceptsChanges: acceptsChanges)
    }
    let series = isRun ? try reportedRun(source).run.series : try readSeries(source)
    var written = WrittenReport(bytes: 0, summary: words(of: series))
    if series.stride > 1 {
        written.notes.append("\(source) keeps one of \(series.stride) steps; the run itself has all of them")
    }
    switch format {
    case .html, .json: written.bytes = try write(try series.json(), to: path)
    case .csv: written.bytes = try write(series.csv, to: path)
    case .tensorboard:
        written.bytes = try write(series.tensorBoard(end: Date().timeIntervalSince1970), toFolder: path)
    }
    return written
}

/// Reads a run from its folder, and checks its files.
private func reportedRun(_ path: String) throws(RunFailure) -> (run: ReportedRun, checked: CheckedRun) {
    var run = ReportedRun()
    let checked = try CheckedRun(try RunDirectory(run: path)) { entry in run.apply(entry) }
    run.predictions = checked.predictions
    if let report = checked.report {
        run.measurements = try checked.directory.measurements(of: report)
    }
    return (run, checked)
}

/// Reads the series of a page or of a JSON file.
private func readSeries(_ path: String) throws(RunFailure) -> RunSeries {
    guard isFile(path) else {
        throw RunFailure(.missingInput, "\(path) is not there; give a run directory or a report")
    }
    // The longest page has 60,000 values; a JSON file has all of a run.
    return try RunSeries(file: try RunFailure.wrapping(try readFile(path, limit: 1 << 30)), path: path)
}

private func writePage(
    of directory: String, to path: String, threads: Int, acceptsChanges: Bool
) throws(RunFailure) -> WrittenReport {
    var (run, checked) = try reportedRun(directory)
    var written = WrittenReport(bytes: 0, summary: words(of: run.series))
    if checked.report != nil, checked.history.sweep == nil {
        do throws(RunFailure) {
            let plan = ProcessEnvironment.located(checked.plan)
            let inspection = try RunInspection(
                of: checked, resources: try resources(of: plan), threads: threads,
                acceptsChanges: acceptsChanges)
            (run.sites, run.images) = (inspection.sites, inspection.images)
        } catch {
            run.missing =
                "The values of sites and the changed images could not be measured: \(error.message)."
            written.notes.append("the page has no values of sites and no images: \(error.message)")
        }
    }
    let page = try ReportPage(of: run) { encodedPNG($0.pixels, width: $0.width, height: $0.height) }.html()
    written.bytes = try write(page, to: path)
    return written
}

private func words(of series: RunSeries) -> String {
    let values = series.attempts.reduce(0) { $0 + $1.count }
    let attempts = series.attempts.count == 1 ? "1 attempt" : "\(series.attempts.count) attempts"
    return "\(QuantityText.count(values)) values of \(attempts)"
}

private func write(_ bytes: [UInt8], to path: String) throws(RunFailure) -> Int {
    try RunFailure.wrapping(try writeFile(bytes, to: path))
    return bytes.count
}

/// Writes files into a folder that is new or empty; where one cannot be written, the others go again.
private func write(
    _ files: [(name: String, bytes: [UInt8])], toFolder path: String
) throws(RunFailure) -> Int {
    if exists(path) {
        let found = try? names(in: path)
        guard let found, found.isEmpty else {
            throw RunFailure(
                .cannotCreate, "\(path) is not an empty folder; give --output a new or an empty folder")
        }
    }
    var (made, written) = ([String](), [String]())
    do throws(RunFailure) {
        for file in files {
            let whole = joined(path, file.name)
            made += try RunFailure.wrapping(try makeFolders(parent(of: whole)))
            try RunFailure.wrapping(try writeFile(file.bytes, to: whole))
            written.append(whole)
        }
    } catch {
        for file in written { try? removeFile(file) }
        removeFolders(made)
        throw error
    }
    return files.reduce(0) { $0 + $1.bytes.count }
}
