/// A file of scalars that TensorBoard reads: records of a length, its check, an event, and the event's check.
///
/// The events are those of TensorFlow's `event.proto` and `summary.proto`, of which only scalars are needed.
struct TensorBoardFile {
    /// The bytes so far.
    private(set) var bytes: [UInt8] = []

    /// Begins a file.
    ///
    /// - Parameter time: Now, in seconds since 1970.
    init(time: Double) {
        append(Self.double(1, time) + Self.text(3, "brain.Event:2"))
    }

    /// Adds a value.
    ///
    /// - Parameters:
    ///   - tag: Its name; TensorBoard groups by what is before the first slash.
    ///   - step: Its place.
    ///   - time: When, in seconds since 1970.
    ///   - value: The value, finite or not.
    mutating func add(_ tag: String, step: Int, time: Double, value: Float) {
        let scalar = Self.text(1, tag) + [2 << 3 | 5] + Self.littleEndian(value.bitPattern)
        append(
            Self.double(1, time) + [2 << 3] + Self.varint(UInt64(bitPattern: Int64(step)))
                + Self.message(5, Self.message(1, scalar)))
    }

    private mutating func append(_ event: [UInt8]) {
        let length = Self.littleEndian(UInt64(event.count))
        bytes += length + Self.check(length) + event + Self.check(event)
    }

    // MARK: - Protocol buffers

    private static func double(_ field: UInt8, _ value: Double) -> [UInt8] {
        [field << 3 | 1] + littleEndian(value.bitPattern)
    }

    private static func text(_ field: UInt8, _ value: String) -> [UInt8] { message(field, Array(value.utf8)) }

    private static func message(_ field: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        [field << 3 | 2] + varint(UInt64(bytes.count)) + bytes
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var (rest, bytes) = (value, [UInt8]())
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    // MARK: - Checks

    /// The check of a record: CRC-32C, turned by 15 bits and shifted, so that a check of checks differs.
    private static func check(_ bytes: [UInt8]) -> [UInt8] {
        let crc = crc32c(bytes)
        return littleEndian((crc >> 15 | crc << 17) &+ 0xA282_EAD8)
    }

    /// The cyclic redundancy check with Castagnoli's polynomial (RFC 3720).
    static func crc32c(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { crc, byte in
            crc >> 8 ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)]
        }
    }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1 == 1 ? 0x82F6_3B78 : 0) }
    }
}

extension RunSeries {
    /// The series as a log for TensorBoard.
    ///
    /// The chosen attempts are in the folder itself; others are in `attempt-N`, so that TensorBoard shows them as curves of
    /// their own beside the chosen ones.
    ///
    /// - Parameter end: When the run ended, in seconds since 1970.
    /// - Returns: The files by their names in the log's folder.
    package func tensorBoard(end: Double) -> [(name: String, bytes: [UInt8])] {
        let last = attempts.map(\.ended).max() ?? 0
        let name = "events.out.tfevents.\(Int(end)).mgrq"
        var chosen = TensorBoardFile(time: end - last)
        var others: [Int: TensorBoardFile] = [:]
        for attempt in attempts {
            func add(to file: inout TensorBoardFile) {
                let total = Double(max(1, attempt.steps.last ?? 1))
                for series in attempt.series {
                    for (step, value) in attempt.values(of: series) {
                        let seconds = attempt.began + (attempt.ended - attempt.began) * Double(step) / total
                        file.add(
                            "unit/\(attempt.unit)/\(series.name)", step: step, time: end - last + seconds,
                            value: value ?? .nan)
                    }
                }
            }
            if attempt.isChosen {
                add(to: &chosen)
            } else {
                add(to: &others[attempt.attempt, default: TensorBoardFile(time: end - last)])
            }
        }
        for row in outcomes {
            // The results of chosen attempts, unit by unit; what has no unit stands alone.
            let place = attempts.filter(\.isChosen).firstIndex {
                $0.unit == row.unit && $0.attempt == row.attempt
            }
            guard row.unit.isEmpty || place != nil else { continue }
            chosen.add(
                row.unit.isEmpty ? "model/\(row.series)" : "units/\(row.series)", step: (place ?? 0) + 1,
                time: end, value: Float(row.value ?? .nan))
        }
        return [(name, chosen.bytes)]
            + others.sorted { $0.key < $1.key }.map { ("attempt-\($0.key)/\(name)", $0.value.bytes) }
    }
}
