internal import Files

/// How the lines of a journal are tied together: each has the member `chain` at its end, the SHA-256 of the digits that the
/// line before has there (nothing before the first line) and of the line's own bytes up to the member.
///
/// The first line begins with the journal's schema.
package struct JournalChain: Equatable, Sendable {
    /// The only schema there is; journals of schema 1 had no chain and no member `schema`.
    static let schema = 2

    private static let (start, end) = (Array(",\"chain\":\"".utf8), Array("\"}".utf8))
    private static let opening = "{\"schema\":\(schema),"

    /// The number of lines.
    package private(set) var lines = 0
    /// The digits of the last line; empty without lines.
    package private(set) var digest = ""

    package init() {}

    /// Adds a line.
    ///
    /// - Parameter object: The line as one JSON object, without a chain.
    /// - Returns: The line as it is written, without a line end, and the chain after it.
    func appending(_ object: String) -> (line: [UInt8], chain: JournalChain) {
        let members = (lines == 0 ? Self.opening + object.dropFirst() : object).utf8.dropLast()
        let next = after(members)
        return (Array(members) + Self.start + Array(next.digest.utf8) + Self.end, next)
    }

    /// Follows a line that was read; false if it is not the one that was written here.
    mutating func follow(_ line: [UInt8]) -> Bool {
        let length = Self.start.count + SHA256.digits + Self.end.count
        guard line.count > length else { return false }
        let members = line.dropLast(length)
        let next = after(members)
        guard line[members.endIndex...].elementsEqual(Self.start + Array(next.digest.utf8) + Self.end),
            lines > 0 || members.starts(with: Self.opening.utf8)
        else { return false }
        self = next
        return true
    }

    private func after(_ members: some Collection<UInt8>) -> JournalChain {
        var digest = SHA256()
        digest.add(self.digest)
        digest.add(Array(members))
        var next = self
        (next.lines, next.digest) = (lines + 1, digest.hex)
        return next
    }
}
