/// A match of typed letters in a text: all of them in order, best at the beginnings of words.
struct FuzzyMatch: Equatable, Sendable {
    /// How good the match is; higher is better.
    let score: Int
    /// The places of the typed letters in the text, rising.
    let places: [Int]

    /// Matches a text; nil where a letter is missing.
    ///
    /// No letters match every text.
    init?(_ typed: String, in text: String) {
        let letters = typed.lowercased().filter { $0 != " " }
        let characters = Array(text.lowercased())
        var best: FuzzyMatch?
        // Try every place of the first letter; further letters prefer beginnings of words.
        for start in characters.indices where letters.isEmpty || characters[start] == letters.first {
            if let match = Self.match(Array(letters), characters, from: start),
                best.map({ match.score > $0.score }) ?? true
            {
                best = match
            }
            if letters.isEmpty { break }
        }
        guard let best = best ?? (letters.isEmpty ? FuzzyMatch(score: 0, places: []) : nil) else {
            return nil
        }
        self = best
    }

    private init(score: Int, places: [Int]) {
        (self.score, self.places) = (score, places)
    }

    private static func match(_ letters: [Character], _ text: [Character], from start: Int) -> FuzzyMatch? {
        var places: [Int] = []
        var score = -text.count / 4
        var at = start
        for letter in letters {
            let rest = text.indices.dropFirst(at).filter { text[$0] == letter }
            guard let next = rest.first else { return nil }
            let isNeighbour = places.last == next - 1
            let place = isNeighbour ? next : rest.first { isWordStart($0, text) } ?? next
            score += places.last == place - 1 ? 6 : isWordStart(place, text) ? 5 : 0
            score -= min(place - at, 4)
            places.append(place)
            at = place + 1
        }
        if places.first == 0 { score += 4 }
        return FuzzyMatch(score: score, places: places)
    }

    private static func isWordStart(_ place: Int, _ text: [Character]) -> Bool {
        place == 0 || !(text[place - 1].isLetter || text[place - 1].isNumber)
    }
}
