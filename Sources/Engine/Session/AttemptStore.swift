internal import Checkpoints
internal import Quantization
internal import Runs

/// The units that attempts gave: in the run directory, or in memory without one.
struct AttemptStore {
    private let record: RunRecord?
    private var inMemory: [Key: [Int: QuantizedUnit]] = [:]
    /// Everything but the units of the files to write.
    var header: PackedCheckpoint?

    private struct Key: Hashable {
        var unit: Int
        var attempt: Int
    }

    /// - Parameter record: The run directory; nil keeps everything in memory.
    init(record: RunRecord? = nil) {
        self.record = record
    }

    /// Stores an attempt: its unit, by its place, or all units where they learned together.
    ///
    /// - Returns: The SHA-256 of its file; nil without one.
    mutating func store(_ units: [Int: QuantizedUnit], of report: AttemptReport) throws -> String? {
        guard let record, var file = header else {
            inMemory[Key(unit: report.unit, attempt: report.attempt)] = units
            return nil
        }
        file.units = units
        return try record.store(file, name: report.name, attempt: report.attempt)
    }

    /// Loads an attempt, the same integers and floats that were stored.
    ///
    /// - Returns: Its unit, and all that it holds by the units' places.
    /// - Throws: `CheckpointError` if the file is missing, or not the one that was stored.
    func load(_ report: AttemptReport) throws -> (unit: QuantizedUnit, all: [Int: QuantizedUnit]) {
        if let all = inMemory[Key(unit: report.unit, attempt: report.attempt)], let unit = all[report.unit] {
            return (unit, all)
        }
        guard let record else {
            throw RunFailure(.internal, "attempt \(report.attempt) at \(report.name) was never stored")
        }
        let path = record.attemptPath(of: report)
        let all = try PackedCheckpoint(path: path, sha256: report.sha256).units
        guard let unit = all[report.unit] else {
            throw RunFailure(.badData, "\(path) does not hold the unit “\(report.name)”")
        }
        return (unit, all)
    }
}
