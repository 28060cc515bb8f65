/// An error in a plan, in a change of one, or in another YAML file.
package indirect enum PlanError: Error, Equatable, Sendable {
    /// A key does not accept the value.
    case badValue(key: String, value: String, accepted: String)
    /// The key is unknown at this place of the plan.
    case unknownKey(String, at: String, known: [String])
    /// A required key is missing.
    case missingKey(String)
    /// The text is not YAML.
    case notYAML(String)
    /// The plan is of another version.
    case unsupportedSchema(String)
    /// A key occurs twice.
    case duplicateKey(String)
    /// A part of the plan has the wrong form, such as a list in place of a value.
    case wrongForm(what: String, found: String, accepted: String)
    /// A value contradicts another one or its key; the sentence states how.
    case conflict(String)
    /// An error and its line, from 1.
    case located(PlanError, line: Int)
}

extension PlanError: CustomStringConvertible {
    /// One sentence: what is wrong, and what would be accepted.
    package var description: String {
        switch self {
        case .badValue(let key, let value, let accepted):
            return "\(key) cannot be “\(value)”; it accepts \(accepted)"
        case .unknownKey(let key, let place, let known):
            let place = place.isEmpty ? "" : " in \(place)"
            if let near = closest(to: key, among: known) {
                return "there is no key “\(key)”\(place); did you mean “\(near)”?"
            }
            return "there is no key “\(key)”\(place); it accepts \(known.joined(separator: ", "))"
        case .missingKey(let key):
            return "“\(key)” is missing"
        case .notYAML(let message):
            return "this is not YAML: \(message)"
        case .unsupportedSchema(let schema):
            return "the plan has schema \(schema); this version reads schema \(RunPlan.schema)"
        case .duplicateKey(let key):
            return "the key “\(key)” comes twice; it may come once"
        case .wrongForm(let what, let found, let accepted):
            return "\(what) is \(found), where \(accepted) was expected"
        case .conflict(let sentence):
            return sentence
        case .located(let error, let line):
            return "line \(line): \(error)"
        }
    }

    /// The error with its line; unchanged if it has one.
    package func located(at line: Int?) -> PlanError {
        guard let line else { return self }
        if case .located = self { return self }
        return .located(self, line: line)
    }

    /// The sentence with the file's name.
    func description(in path: String) -> String {
        if case .located = self { return "\(path), \(self)" }
        return "\(path): \(self)"
    }
}

/// The candidate with the fewest edits from `word`; nil if none is near.
package func closest(to word: String, among candidates: [String]) -> String? {
    let best = candidates.map { (distance(word, $0), $0) }.min { $0.0 < $1.0 }
    guard let best, best.0 <= max(2, word.count / 3) else { return nil }
    return best.1
}

/// The Levenshtein distance of two words.
private func distance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a), Array(b))
    var row = Array(0...b.count)
    for i in 0..<a.count {
        var diagonal = row[0]
        row[0] = i + 1
        for j in 0..<b.count {
            let replaced = diagonal + (a[i] == b[j] ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
        }
    }
    return row[b.count]
}
