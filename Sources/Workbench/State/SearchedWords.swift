/// Words that a line must contain, in any order, ignoring case.
struct SearchedWords {
    private let words: [Substring]

    init(_ text: String) {
        words = text.lowercased().split(separator: " ")
    }

    /// Whether there is no word, so that every line matches.
    var isEmpty: Bool { words.isEmpty }

    func areAll(in line: String) -> Bool {
        let line = line.lowercased()
        return words.allSatisfy { line.contains($0) }
    }
}
