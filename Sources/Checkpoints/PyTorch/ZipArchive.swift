internal import Safetensors

/// The places of the entries of a zip file whose entries are stored as they are.
///
/// Every statement of the directory is checked against the file's length; compressed and encrypted entries are refused.
struct ZipArchive {
    /// The most entries that a file may have.
    static let maximumEntries = 100_000

    /// Where the bytes of each entry lie, by name.
    let entries: [String: Range<Int>]

    /// Reads the directory.
    ///
    /// - Parameters:
    ///   - bytes: The whole file.
    ///   - file: The path, for errors.
    /// - Throws: `CheckpointError.unusable` with the entry and the byte.
    init(parsing bytes: Span<UInt8>, file: String) throws(CheckpointError) {
        let reader = ZipReader(file: file)
        let directory = try reader.directory(bytes)
        var entries: [String: Range<Int>] = [:]
        var place = directory.start
        for _ in 0..<directory.entries {
            let entry = try reader.entry(bytes, at: &place)
            guard entries.updateValue(entry.range, forKey: entry.name) == nil else {
                throw reader.failure(place, "two entries have the name \(quoted(entry.name))")
            }
        }
        self.entries = entries
    }
}

/// Reads numbers and records of a zip file.
private struct ZipReader {
    let file: String

    func failure(_ byte: Int, _ detail: String) -> CheckpointError {
        .unusable("\(file), byte \(byte): \(detail)")
    }

    /// A little-endian number.
    func number(_ bytes: Span<UInt8>, _ place: Int, width: Int) throws(CheckpointError) -> Int {
        guard place >= 0, place <= bytes.count - width else {
            throw failure(bytes.count, "the zip file ends in the middle of a record")
        }
        var value: UInt64 = 0
        for index in (0..<width).reversed() { value = value << 8 | UInt64(bytes[place + index]) }
        guard let result = Int(exactly: value) else {
            throw failure(place, "the number \(value) is no length that a file can have")
        }
        return result
    }

    /// Where the directory lies and how many entries it has.
    func directory(_ bytes: Span<UInt8>) throws(CheckpointError) -> (start: Int, entries: Int) {
        // The end record has 22 bytes and a comment of at most 65,535.
        var end = bytes.count - 22
        let last = max(0, end - 65_535)
        while end >= last, try number(bytes, end, width: 4) != 0x0605_4B50 { end -= 1 }
        guard end >= last, end >= 0 else {
            throw failure(
                bytes.count, "the directory of the zip file is missing; the file is probably cut short")
        }
        var entries = try number(bytes, end + 10, width: 2)
        var start = try number(bytes, end + 16, width: 4)
        if entries == 0xFFFF || start == 0xFFFF_FFFF, end >= 20,
            try number(bytes, end - 20, width: 4) == 0x0706_4B50
        {
            let long = try number(bytes, end - 12, width: 8)
            guard long <= bytes.count - 56, try number(bytes, long, width: 4) == 0x0606_4B50 else {
                throw failure(end - 20, "the zip file's 64-bit directory is not where it is said to be")
            }
            entries = try number(bytes, long + 32, width: 8)
            start = try number(bytes, long + 48, width: 8)
        }
        guard entries <= ZipArchive.maximumEntries, start <= end else {
            throw failure(
                end,
                "a directory of \(entries) entries at byte \(start) is announced, which cannot be; at most "
                    + "\(ZipArchive.maximumEntries) entries before byte \(end) are accepted")
        }
        return (start, entries)
    }

    /// The entry of the directory at `place`, which moves behind it.
    func entry(_ bytes: Span<UInt8>, at place: inout Int) throws(CheckpointError) -> (
        name: String, range: Range<Int>
    ) {
        let record = place
        guard try number(bytes, record, width: 4) == 0x0201_4B50 else {
            throw failure(record, "an entry of the zip file's directory was expected")
        }
        let nameLength = try number(bytes, record + 28, width: 2)
        let extraLength = try number(bytes, record + 30, width: 2)
        let commentLength = try number(bytes, record + 32, width: 2)
        let extra = record + 46 + nameLength
        place = extra + extraLength + commentLength
        guard place <= bytes.count else {
            throw failure(bytes.count, "the zip file ends in the middle of a record")
        }
        let name = text(bytes, record + 46..<extra)
        guard try number(bytes, record + 8, width: 2) & 1 == 0, try number(bytes, record + 10, width: 2) == 0
        else {
            throw failure(
                record,
                "the entry \(quoted(name)) is compressed or encrypted; only stored entries are accepted, as "
                    + "torch.save writes them; convert the weights to safetensors")
        }
        var sizes = [
            try number(bytes, record + 24, width: 4), try number(bytes, record + 20, width: 4),
            try number(bytes, record + 42, width: 4),
        ]
        try widen(&sizes, bytes, extra..<extra + extraLength)
        guard sizes[0] == sizes[1], sizes[2] <= bytes.count - 30,
            try number(bytes, sizes[2], width: 4) == 0x0403_4B50
        else {
            throw failure(record, "the entry \(quoted(name)) does not lie where the directory says")
        }
        let data =
            sizes[2] + 30 + (try number(bytes, sizes[2] + 26, width: 2))
            + (try number(bytes, sizes[2] + 28, width: 2))
        guard data <= bytes.count, sizes[0] <= bytes.count - data else {
            throw failure(
                record, "the entry \(quoted(name)) of \(sizes[0]) bytes goes beyond the end of the file")
        }
        return (name, data..<data + sizes[0])
    }

    /// Takes sizes beyond 32 bits from the extra fields.
    private func widen(_ sizes: inout [Int], _ bytes: Span<UInt8>, _ fields: Range<Int>)
        throws(CheckpointError)
    {
        guard sizes.contains(0xFFFF_FFFF) else { return }
        var place = fields.lowerBound
        while place + 4 <= fields.upperBound {
            let length = try number(bytes, place + 2, width: 2)
            if try number(bytes, place, width: 2) == 1 {
                var field = place + 4
                for index in sizes.indices where sizes[index] == 0xFFFF_FFFF {
                    guard field + 8 <= min(place + 4 + length, fields.upperBound) else { return }
                    sizes[index] = try number(bytes, field, width: 8)
                    field += 8
                }
                return
            }
            place += 4 + length
        }
    }

    private func text(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
        var units: [UInt8] = []
        for index in range { units.append(bytes[index]) }
        return String(decoding: units, as: UTF8.self)
    }
}
