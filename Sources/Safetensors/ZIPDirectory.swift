/// The members of a ZIP archive, as its directory at the end lists them: what `torch.save` and `numpy.savez` write.
///
/// Every statement of the directory is checked against the file's length before it is believed.
///
/// Source: APPNOTE 6.3.10; with 64-bit sizes, without encryption and parts.
package struct ZIPDirectory: Sendable {
    /// One member.
    package struct Member: Equatable, Sendable {
        /// The name, with slashes.
        package let name: String
        /// 0 stored, 8 deflate.
        package let method: Int
        /// The CRC-32 of the content.
        package let checksum: UInt32
        /// The range of the stored bytes in the file.
        package let bytes: Range<Int>
        /// The length of the content in bytes; of a stored member that of its bytes.
        package let length: Int
    }

    /// Why a directory cannot be believed.
    package struct Problem: Error, Equatable, CustomStringConvertible {
        /// The distance from the start of the file.
        package let byte: Int
        /// What was found and what is accepted.
        package let detail: String

        /// Both in words.
        package var description: String { "byte \(byte): \(detail)" }
    }

    /// The most members that are read; a checkpoint has one for each tensor.
    package static let mostMembers = 100_000

    /// The members, in the order of the directory; no two have the same name.
    package let members: [Member]

    /// Reads and checks a directory.
    ///
    /// - Parameter bytes: The whole archive.
    /// - Throws: `Problem` with the byte.
    package init(parsing bytes: Span<UInt8>) throws(Problem) {
        var reader = try Reader(bytes)
        var members: [Member] = []
        var names: Set<String> = []
        for _ in 0..<reader.count {
            let start = reader.place
            let member = try reader.member(bytes)
            guard names.insert(member.name).inserted else {
                throw Problem(byte: start, detail: "the archive has two members \(quoted(member.name))")
            }
            members.append(member)
        }
        self.members = members
    }
}

/// Reads the records of a ZIP archive one after another.
private struct Reader {
    /// The number of members.
    let count: Int
    /// The position of the directory's next record.
    private(set) var place: Int
    /// Where the records that end the archive begin.
    private let end: Int

    /// Finds the directory.
    init(_ bytes: Span<UInt8>) throws(ZIPDirectory.Problem) {
        guard let last = Self.endRecord(of: bytes) else {
            throw ZIPDirectory.Problem(
                byte: bytes.count,
                detail: "the archive has no directory at its end; the file is probably cut short")
        }
        var (count, place, end) = (
            try Self.number(bytes, last + 10, width: 2), try Self.number(bytes, last + 16, width: 4), last
        )
        if count == 0xFFFF || place == 0xFFFF_FFFF {
            let missing = ZIPDirectory.Problem(
                byte: last, detail: "the archive's 64-bit directory is not where it should be")
            guard last >= 20, try Self.number(bytes, last - 20, width: 4) == 0x0706_4B50 else {
                throw missing
            }
            let record = try Self.number(bytes, last - 12, width: 8)
            guard record <= last - 20 - 56, try Self.number(bytes, record, width: 4) == 0x0606_4B50 else {
                throw missing
            }
            end = record
            (count, place) = (
                try Self.number(bytes, record + 32, width: 8), try Self.number(bytes, record + 48, width: 8)
            )
        }
        guard count <= ZIPDirectory.mostMembers, place <= end else {
            throw ZIPDirectory.Problem(
                byte: last,
                detail: "the archive announces \(count) members from byte \(place) on; up to "
                    + "\(ZIPDirectory.mostMembers) before byte \(end) are accepted")
        }
        (self.count, self.place, self.end) = (count, place, end)
    }

    /// The position of the end record: the last one with its signature and room for the comment that it announces.
    private static func endRecord(of bytes: Span<UInt8>) -> Int? {
        guard bytes.count >= 22 else { return nil }
        for place in (max(0, bytes.count - 22 - 0xFFFF)...bytes.count - 22).reversed()
        where bytes[place] == 0x50 && bytes[place + 1] == 0x4B && bytes[place + 2] == 5
            && bytes[place + 3] == 6
        {
            let comment = Int(bytes[place + 20]) | Int(bytes[place + 21]) << 8
            if place + 22 + comment == bytes.count { return place }
        }
        return nil
    }

    /// A little-endian number.
    private static func number(_ bytes: Span<UInt8>, _ place: Int, width: Int) throws(ZIPDirectory.Problem)
        -> Int
    {
        guard place >= 0, place <= bytes.count - width else {
            throw ZIPDirectory.Problem(
                byte: bytes.count, detail: "a record of the archive reaches beyond the end of the file")
        }
        var value: UInt64 = 0
        for index in (0..<width).reversed() { value = value << 8 | UInt64(bytes[place + index]) }
        guard let result = Int(exactly: value) else {
            throw ZIPDirectory.Problem(byte: place, detail: "\(value) is not a length that a file can have")
        }
        return result
    }

    /// Reads the next member and advances past its record.
    mutating func member(_ bytes: Span<UInt8>) throws(ZIPDirectory.Problem) -> ZIPDirectory.Member {
        let record = place
        func problem(_ detail: String) -> ZIPDirectory.Problem {
            ZIPDirectory.Problem(byte: record, detail: detail)
        }
        func number(_ offset: Int, _ width: Int) throws(ZIPDirectory.Problem) -> Int {
            try Self.number(bytes, record + offset, width: width)
        }
        guard try number(0, 4) == 0x0201_4B50 else {
            throw problem("the archive's directory is damaged: a record of a member was expected")
        }
        let extra = record + 46 + (try number(28, 2))
        let comment = extra + (try number(30, 2))
        place = comment + (try number(32, 2))
        guard place <= end else { throw problem("the archive's directory ends in the middle of a record") }
        var units: [UInt8] = []
        for index in record + 46..<extra { units.append(bytes[index]) }
        let name = String(decoding: units, as: UTF8.self)
        guard try number(8, 2) & 1 == 0 else {
            throw problem("\(quoted(name)) is encrypted, which is not read")
        }
        var sizes = [try number(24, 4), try number(20, 4), try number(42, 4)]
        try Self.widen(&sizes, bytes, extra..<comment, of: problem("\(quoted(name)) has no 64-bit sizes"))
        let (length, packed, local) = (sizes[0], sizes[1], sizes[2])
        guard local <= bytes.count - 30, try Self.number(bytes, local, width: 4) == 0x0403_4B50 else {
            throw problem("\(quoted(name)) is not where the archive's directory says")
        }
        let start =
            local + 30 + (try Self.number(bytes, local + 26, width: 2))
            + (try Self.number(bytes, local + 28, width: 2))
        guard start <= bytes.count, packed <= bytes.count - start else {
            throw problem("\(quoted(name)) of \(packed) bytes reaches beyond the end of the file")
        }
        let method = try number(10, 2)
        guard method != 0 || length == packed else {
            throw problem("the archive announces two lengths of \(quoted(name)), which is stored as it is")
        }
        return ZIPDirectory.Member(
            name: name, method: method, checksum: UInt32(truncatingIfNeeded: try number(16, 4)),
            bytes: start..<start + packed, length: length)
    }

    /// Takes sizes beyond 32 bits from the extra fields.
    private static func widen(
        _ sizes: inout [Int], _ bytes: Span<UInt8>, _ fields: Range<Int>, of missing: ZIPDirectory.Problem
    ) throws(ZIPDirectory.Problem) {
        guard sizes.contains(0xFFFF_FFFF) else { return }
        var place = fields.lowerBound
        while place + 4 <= fields.upperBound {
            let end = place + 4 + (try number(bytes, place + 2, width: 2))
            guard try number(bytes, place, width: 2) == 1 else {
                place = end
                continue
            }
            var field = place + 4
            for index in sizes.indices where sizes[index] == 0xFFFF_FFFF {
                guard field + 8 <= min(end, fields.upperBound) else { throw missing }
                sizes[index] = try number(bytes, field, width: 8)
                field += 8
            }
            return
        }
        throw missing
    }
}
