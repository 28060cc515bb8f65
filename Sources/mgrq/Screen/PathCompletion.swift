internal import Files
internal import Foundation

/// Completes a path, or the name of a sample.
///
/// - Parameters:
///   - text: The beginning; `~/` is the home folder.
///   - samples: The references of the bundled models.
/// - Returns: Whole texts, sorted; folders end with a slash. At most 500.
func pathCompletions(of text: String, samples: [String]) -> [String] {
    let known = samples.filter { $0.hasPrefix(text) }
    if text.hasPrefix("sample:") { return known }
    var typed = text
    if text.hasPrefix("~/"), let home = ProcessInfo.processInfo.environment["HOME"] {
        typed = home + text.dropFirst(1)
    }
    let folder = typed.lastIndex(of: "/").map { String(typed[...$0]) } ?? ""
    let name = String(typed.dropFirst(folder.count))
    let found = (try? names(in: folder.isEmpty ? "." : folder)) ?? []
    let paths = found.filter { $0.hasPrefix(name) && (name.hasPrefix(".") || !$0.hasPrefix(".")) }
        .prefix(500).map { folder + $0 + (isFolder(folder + $0) ? "/" : "") }
    return known + paths
}
