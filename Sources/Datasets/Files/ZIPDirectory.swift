/// The members of a ZIP archive, as its directory at the end lists them.
///
/// Source: APPNOTE 6.3.10; with 64-bit sizes, without encryption and parts.
struct ZIPDirectory {
    /// One member.
    struct Member: Equatable {
        var name: String
        /// 0 stored, 8 deflate.
        var method: Int
        var checksum: UInt32
        /// Where the stored or deflated bytes lie.
        var bytes: Range<Int>
        /// The length of the content.
        var length: Int
    }

    /// The members, in the order of the directory.
    private(set) var members: [Member] = []

    /// The most members that are read.
    private static let mostMembers = 4096

    /// Reads and checks a directory.
    ///
    /// - Parameters:
    ///   - bytes: The whole archive.
    ///   - file: For errors.
    /// - Throws: `DatasetError` with `.malformed`.
    init(parsing bytes: Span<UInt8>, file: String) throws(DatasetError) {
        func malformed(_ detail: String) -> DatasetError {
            DatasetError(.malformed, file: file, detail: detail)
        }
        func number(_ place: Int, _ width: Int) throws(DatasetError) -> Int {
            guard place >= 0, place <= bytes.count - width else {
                throw malformed("the archive's directory points outside of the file")
            }
            var result: UInt64 = 0
            for index in (0..<width).reversed() { result = result << 8 | UInt64(bytes[place + index]) }
            guard let result = Int(exactly: result) else {
                throw malformed("the archive announces sizes beyond 63 bits")
            }
            return result
        }
        guard let end = Self.end(of: bytes) else {
            throw malformed("the archive has no directory at its end; the file is cut short, or no ZIP")
        }
        var (count, start) = (try number(end + 10, 2), try number(end + 16, 4))
        if count == 0xFFFF || start == 0xFFFF_FFFF {
            let locator = end - 20
            guard try number(locator, 4) == 0x0706_4B50 else {
                throw malformed("the 64-bit directory is missing")
            }
            let record = try number(locator + 8, 8)
            guard try number(record, 4) == 0x0606_4B50 else {
                throw malformed("the 64-bit directory is missing")
            }
            (count, start) = (try number(record + 32, 8), try number(record + 48, 8))
        }
        guard count <= Self.mostMembers else {
            throw malformed("the archive has \(count) members; up to \(Self.mostMembers) are read")
        }
        var place = start
        for _ in 0..<count {
            guard try number(place, 4) == 0x0201_4B50 else {
                throw malformed("the archive's directory is damaged")
            }
            let (nameLength, extraLength) = (try number(place + 28, 2), try number(place + 30, 2))
            let next = place + 46 + nameLength + extraLength + (try number(place + 32, 2))
            guard next <= bytes.count else { throw malformed("the archive's directory ends early") }
            let name = String(
                decoding: (place + 46..<place + 46 + nameLength).map { bytes[$0] }, as: UTF8.self)
            guard try number(place + 8, 2) & 1 == 0 else {
                throw malformed("“\(printable(name))” is encrypted, which is not read")
            }
            var fields = [
                try number(place + 24, 4), try number(place + 20, 4), try number(place + 42, 4),
            ]
            var extra = place + 46 + nameLength
            while extra + 4 <= place + 46 + nameLength + extraLength {
                let (kind, size) = (try number(extra, 2), try number(extra + 2, 2))
                var value = extra + 4
                for index in fields.indices where kind == 1 && fields[index] == 0xFFFF_FFFF {
                    guard value + 8 <= extra + 4 + size else {
                        throw malformed("the 64-bit sizes are missing")
                    }
                    fields[index] = try number(value, 8)
                    value += 8
                }
                extra += 4 + size
            }
            let (length, packed, local) = (fields[0], fields[1], fields[2])
            guard try number(local, 4) == 0x0403_4B50 else {
                throw malformed("“\(printable(name))” is not where the archive's directory says")
            }
            let content = local + 30 + (try number(local + 26, 2)) + (try number(local + 28, 2))
            guard content <= bytes.count, packed <= bytes.count - content else {
                throw malformed("“\(printable(name))” reaches beyond the end of the file")
            }
            guard !members.contains(where: { $0.name == name }) else {
                throw malformed("“\(printable(name))” is twice in the archive")
            }
            members.append(
                Member(
                    name: name, method: try number(place + 10, 2),
                    checksum: UInt32(truncatingIfNeeded: try number(place + 16, 4)),
                    bytes: content..<content + packed, length: length))
            place = next
        }
    }

    /// Where the end record lies: the last place that has its mark and room for the comment that it announces.
    private static func end(of bytes: Span<UInt8>) -> Int? {
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
}
