internal import Files

extension SensitivityTable {
    /// The largest file that makes sense, in bytes.
    private static let limit = 1 << 26

    /// Reads a file that `write` made and nothing has changed since.
    ///
    /// - Throws: `RunFailure`: what `readFile` throws, `.badData` for a file that holds no such table.
    package init(path: String) throws(RunFailure) {
        let bytes = try RunFailure.wrapping(try readFile(path, limit: Self.limit))
        guard JSONSeal.digest(of: bytes) != nil else {
            throw RunFailure(
                .badData,
                "\(path) holds no sensitivities: it does not match the SHA-256 at its end; remove it to measure them again"
            )
        }
        do {
            self = try decodeJSON(bytes)
        } catch {
            throw RunFailure(.badData, "\(path) holds no sensitivities: \(error)")
        }
        guard schema == Self.schema else {
            throw RunFailure(
                .badData, "\(path) has schema \(schema); schema \(Self.schema) was expected")
        }
        let isSound = sites.allSatisfy { site in
            site.parameterBytes >= 0 && (site.weights ?? 0) >= 0
                && site.widths.allSatisfy { (2...8).contains($0.bits) && $0.harm.isFinite }
        }
        let names = Set(sites.map(\.site))
        guard isSound, names.count == sites.count, fixedBytes >= 0,
            products.allSatisfy({ $0.multiplications >= 0 && names.isSuperset(of: $0.sites) })
        else {
            throw RunFailure(.badData, "\(path) holds sensitivities that cannot be right")
        }
    }

    /// Writes the table as JSON, with its SHA-256 at the end.
    ///
    /// - Throws: `RunFailure` where the file cannot be made or written.
    package func write(to path: String) throws(RunFailure) {
        let text = try JSONText(encoding: self).sealedPage.text
        try RunFailure.wrapping(try writeFile(Array(text.utf8), to: path))
    }
}
