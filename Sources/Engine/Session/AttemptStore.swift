internal import Checkpoints
internal import Quantization
internal import Runs

/// The units that attempts gave: in the run directory, or in memory without one.
struct AttemptStore {
    private let record: RunRecord?
    private var inMemory: [Key: QuantizedUnit] = [:]
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

    /// Stores an attempt.
    ///
    /// - Returns: The SHA-256 of its file; nil without one.
    mutating func store(_ unit: QuantizedUnit, of report: AttemptReport) throws -> String? {
        guard let record, var file = header else {
            inMemory[Key(unit: report.unit, attempt: report.attempt)] = unit
            return nil
        }
        file.units = [report.unit: unit]
        return try record.store(file, name: report.name, attempt: report.attempt)
    }

    /// Loads an attempt, the same integers and floats that were stored.
    ///
    /// - Throws: `CheckpointError` if the file is missing, or not the one that was stored.
    func load(_ report: AttemptReport) throws -> QuantizedUnit {
        if let unit = inMemory[Key(unit: report.unit, attempt: report.attempt)] { return unit }
        guard let record else {
            throw RunFailure(.internal, "attempt \(report.attempt) at \(report.name) was never stored")
        }
        let path = record.attemptPath(of: report)
        guard let unit = try PackedCheckpoint(path: path, sha256: report.sha256).units[report.unit] else {
            throw RunFailure(.badData, "\(path) does not hold the unit “\(report.name)”")
        }
        return unit
    }
}
