/// Words that a line must have, in any order, whatever the case.
struct SearchedWords {
    private let words: [Substring]

    /// Takes the words of what was typed.
    init(_ text: String) {
        words = text.lowercased().split(separator: " ")
    }

    /// Whether there is no word, so that every line has them all.
    var isEmpty: Bool { words.isEmpty }

    /// Whether a line has every word.
    func areAll(in line: String) -> Bool {
        let line = line.lowercased()
        return words.allSatisfy { line.contains($0) }
    }
}
