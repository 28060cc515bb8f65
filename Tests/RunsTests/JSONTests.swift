import Runs
import Testing

@Suite("JSON")
struct JSONTests {
    private func decode<Value: Decodable>(_ text: String, as type: Value.Type) throws -> Value {
        try decodeJSON(Array(text.utf8), as: type)
    }

    private func error(_ text: String, as type: (some Decodable).Type) -> String? {
        (#expect(throws: JSONError.self) { try decode(text, as: type) })?.description
    }

    @Test(
        "strings are escaped and read back",
        arguments: [(#"\ " / é 🙂"#, #""\\ \" / é 🙂""#), ("\n\r\t\u{1}\u{7F}", #""\n\r\t\u0001\u007f""#)])
    func strings(string: String, text: String) throws {
        #expect(try JSONText(encoding: string).line == text)
        #expect(try decode(text, as: String.self) == string)
    }

    @Test(
        "a list that is not JSON is refused",
        arguments: [
            "", " ", "nul", "[+1]", "[.5]", "[NaN]", "[1 2]", "[1", "[1]]", "{\"a\":", "[1,2", "['a']",
            "[1e999]",
        ])
    func refusal(text: String) {
        #expect(error(text, as: [Double].self)?.isEmpty == false)
    }

    @Test("bytes that are not UTF-8 are refused")
    func notUnicode() {
        #expect(throws: JSONError.self) { try decodeJSON([0x5B, 0x22, 0xFF, 0x22, 0x5D], as: [String].self) }
    }

    @Test(
        "an integer that does not fit is refused",
        arguments: ["99999999999999999999", "1.5", "-1e40", "1e3000000"])
    func integers(number: String) {
        #expect(error("[\(number)]", as: [Int].self)?.isEmpty == false)
    }

    @Test(
        "deep nesting and a number of a million digits end at once", .timeLimit(.minutes(1)),
        arguments: [
            String(repeating: "[", count: 1_000_000), String(repeating: "{\"a\":", count: 1_000_000),
            "[\(String(repeating: "9", count: 1_000_000))]",
        ])
    func hostile(text: String) {
        #expect(error(text, as: [Int].self)?.isEmpty == false)
    }

    @Test(
        "numbers read back to the same bits",
        arguments: [Double(0.1), 1e-7, .leastNonzeroMagnitude, 1.7976931348623157e308, -0.0, 1e21])
    func numbers(value: Double) throws {
        let text = try JSONText(encoding: [value]).line
        #expect(try decode(text, as: [Double].self).map(\.bitPattern) == [value.bitPattern])
    }

    @Test("NaN and infinities are written as null", arguments: [Double.nan, .infinity, -.infinity])
    func notFinite(value: Double) throws {
        #expect(try JSONText(encoding: [value]).line == "[null]")
        #expect(try JSONText(encoding: [Float(value)]).line == "[null]")
    }

    @Test(
        "every measured number of the journal can be NaN",
        arguments: Samples.events.filter(\.isRecorded).indices)
    func notNumbers(index: Int) throws {
        let event = Samples.events.filter(\.isRecorded)[index]
        let line = try JournalEntry(sequence: 7, seconds: 1.25, content: .event(event)).jsonLine
        let damaged = line.replacing(/-?[0-9]+\.?[0-9]*e-?[0-9]+|-?[0-9]+\.[0-9]+/, with: "null")
        #expect(damaged.contains(#""time":null"#))
        let entry = try JournalEntry(jsonLine: Array(damaged.utf8))
        #expect(entry.seconds.isNaN)
        #expect(try entry.jsonLine == damaged)
    }

    @Test("absent values are null, so that an object always has the same names")
    func absentValues() throws {
        let evaluation = Evaluation(images: 3, top1: nil, top5: nil, agreement: 100, kl: 0, sqnrDb: nil)
        let line = try JSONText(encoding: evaluation).line
        #expect(line == #"{"images":3,"top1":null,"top5":null,"agreement":100.0,"kl":0.0,"sqnr_db":null}"#)
        #expect(try decode(line, as: Evaluation.self) == evaluation)
    }

    @Test("an error names the member that is missing or wrong")
    func errorPath() throws {
        let wrong = error(#"{"weight_bits":[4,"8"],"activation_bits":[]}"#, as: SweepRequest.self)
        #expect(
            wrong == "“weight_bits[1]” is wrong: Expected to decode Int but found a string instead.")
        #expect(
            error(#"{"weight_bits":[4]}"#, as: SweepRequest.self) == "“activation_bits” is missing")
        #expect(error("{", as: SweepRequest.self) == "it is not valid JSON, or a number is out of range")
    }

    @Test("a page is indented, and is the same document")
    func page() throws {
        let page = try JSONText(encoding: Samples.report).page
        #expect(page.hasPrefix("{\n  \"full_precision\": {\n    \"images\": 1000,"))
        #expect(page.contains("\n      \"prefix\": [1,2],\n"))
        #expect(page.hasSuffix("\n}\n"))
        #expect(try decode(page, as: RunReport.self) == Samples.report)
    }
}
