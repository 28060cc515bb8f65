/// A file format, chosen by the extension of the file's name.
package protocol FileFormat: CaseIterable, RawRepresentable<String>, Sendable {}

extension FileFormat {
    /// The format of a file's extension; nil for another extension, or none.
    package init?(path: String) {
        self.init(rawValue: fileExtension(of: path))
    }

    /// All extensions: `.csv or .json`.
    package static var extensions: String {
        let all = allCases.map { ".\($0.rawValue)" }
        return [all.dropLast().joined(separator: ", "), all.last ?? ""].joined(separator: " or ")
    }
}

/// The extension of a file's name in lower case; empty if it has none.
private func fileExtension(of path: String) -> String {
    let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count > 1 ? parts[parts.count - 1].lowercased() : ""
}
