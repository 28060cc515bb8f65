/// A file format, chosen by the extension of the file's name.
package protocol FileFormat: CaseIterable, RawRepresentable<String>, Sendable {}

extension FileFormat {
    /// The format of a file's extension; nil for another extension, or none.
    package init?(path: String) {
        self.init(rawValue: ending(of: path))
    }

    /// The endings that there are: `.csv or .json`.
    package static var endings: String {
        let all = allCases.map { ".\($0.rawValue)" }
        return [all.dropLast().joined(separator: ", "), all.last ?? ""].joined(separator: " or ")
    }
}

/// What stands behind the last full stop of a file's name.
private func ending(of path: String) -> String {
    let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count > 1 ? parts[parts.count - 1].lowercased() : ""
}
