package import Runs

extension RunSeries {
    /// What stands before the series in a page, and what ends them.
    static let (opening, closing) = ("<script type=\"application/json\" id=\"mgrq-series\">", "</script>")

    /// The series as the block of a page; no character of it can end the block or begin another element.
    func block() throws(RunFailure) -> Markup {
        var text = ""
        for character in try JSONText(encoding: self).line.unicodeScalars {
            switch character {
            case "<", ">", "&": text += character.escape
            default: text.unicodeScalars.append(character)
            }
        }
        return Markup(stringLiteral: "\(Self.opening)\(text)\(Self.closing)\n")
    }

    /// Reads a page that was written as a report, or its series as JSON.
    ///
    /// - Parameters:
    ///   - bytes: The contents of the file.
    ///   - path: The file, for errors.
    /// - Throws: `RunFailure(.badData)` that says what is wrong and what would be accepted.
    package init(file bytes: [UInt8], path: String) throws(RunFailure) {
        let isJSON = bytes.first { !" \n\r\t".utf8.contains($0) } == UInt8(ascii: "{")
        guard let json = isJSON ? bytes : Self.block(of: bytes) else {
            throw RunFailure(
                .badData,
                "\(path) is neither a run nor a report; a run directory, or a page or a JSON file that mgrq report wrote "
                    + "was expected")
        }
        do throws(JSONError) {
            self = try decodeJSON(json)
        } catch {
            throw RunFailure(.badData, "\(path) holds no series of a run: \(error)")
        }
        if let problem { throw RunFailure(.badData, "\(path) holds no series of a run: \(problem)") }
    }

    /// What does not fit together; nil if everything does.
    private var problem: String? {
        guard schema == Self.schema else {
            return "its schema is \(schema), and this version reads \(Self.schema)"
        }
        guard stride > 0 else { return "its stride is \(stride), and 1 or more was expected" }
        for attempt in attempts {
            let (isOrdered, name) = (
                attempt.began <= attempt.ended, "\(attempt.unit), attempt \(attempt.attempt)"
            )
            guard isOrdered, attempt.attempt > 0 else { return "\(name), has a wrong number or time" }
            for series in attempt.series where (series.steps ?? attempt.steps).count != series.values.count {
                return "\(name), has another number of values of \(series.name) than of steps"
            }
        }
        return nil
    }

    /// The block of a page; nil where there is none, or where it does not end.
    private static func block(of page: [UInt8]) -> [UInt8]? {
        let (opening, closing) = (Array(Self.opening.utf8), Array(Self.closing.utf8))
        guard let start = firstIndex(of: opening, in: page[...]),
            let end = firstIndex(of: closing, in: page[(start + opening.count)...])
        else { return nil }
        return Array(page[start + opening.count..<end])
    }

    private static func firstIndex(of pattern: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        guard bytes.count >= pattern.count else { return nil }
        return (bytes.startIndex...bytes.endIndex - pattern.count).first { start in
            bytes[start] == pattern[0] && bytes[start..<start + pattern.count].elementsEqual(pattern)
        }
    }
}
