import Runs
import Testing

@Suite("JSON")
struct JSONValueTests {
    @Test(
        "what is sound is read, and written again as it was",
        arguments: [
            "null", "true", "[]", "{}", "[1,-0,2.50,1e-7,-1.5E+300]", #"{"a":{"b":[false,null]},"c":""}"#,
            #""\\ \" \n \t é 🙂""#,
        ])
    func roundTrip(text: String) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)).line == text)
    }

    @Test(
        "escapes are read",
        arguments: [(#""\u00e9\/\b""#, "é/\u{8}"), (#""\ud83d\ude42""#, "🙂")])
    func escapes(text: String, expected: String) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)) == .string(expected))
    }

    @Test(
        "what is not JSON is refused",
        arguments: [
            "", " ", "nul", "tru", "01", "1.", ".5", "+1", "1e", "--1", "NaN", "[1,]", "[1 2]", "{\"a\"}",
            "{\"a\":1,}",
            "{a:1}", "\"", "\"\\x\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"",
            "\"\u{1}\"", "1 2",
            "{\"a\":1,\"a\":2}", "[", "{\"a\":", "'a'",
        ])
    func refusal(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.utf8)) }
    }

    @Test("bytes that are not UTF-8 are refused")
    func notUnicode() {
        #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22]) }
    }

    @Test("deep nesting is refused before it fills the stack", arguments: ["[", "{\"a\":"])
    func depth(opening: String) {
        let text = String(repeating: opening, count: 200_000)
        #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.utf8)) }
    }

    @Test(
        "numbers read back to the same bits",
        arguments: [Double(0.1), 1e-7, .leastNonzeroMagnitude, 1.7976931348623157e308, -0.0, 1e21])
    func numbers(value: Double) throws {
        let json = try JSONValue(parsing: Array(JSONValue(encoding: [value]).line.utf8))
        #expect(try json.decoded(as: [Double].self).map(\.bitPattern) == [value.bitPattern])
    }

    @Test(
        "numbers that are not finite become null, and read back as not a number",
        arguments: [Double.nan, .infinity])
    func notFinite(value: Double) throws {
        let json = try JSONValue(encoding: [value])
        #expect(json.line == "[null]")
        #expect(try json.decoded(as: [Double].self)[0].isNaN)
    }

    @Test("absent values are null, so that an object always has the same names")
    func absentValues() throws {
        let evaluation = Evaluation(images: 3, top1: nil, top5: nil, agreement: 100, kl: 0, sqnrDb: nil)
        let line = try JSONValue(encoding: evaluation).line
        #expect(line == #"{"images":3,"top1":null,"top5":null,"agreement":100.0,"kl":0.0,"sqnr_db":null}"#)
        #expect(try JSONValue(parsing: Array(line.utf8)).decoded(as: Evaluation.self) == evaluation)
    }

    @Test("an error names the member that is wrong")
    func errorPath() throws {
        let json = try JSONValue(parsing: Array(#"{"weight_bits":[4,"8"],"activation_bits":[]}"#.utf8))
        let error = #expect(throws: JSONError.self) { try json.decoded(as: SweepRequest.self) }
        #expect(
            error?.description
                == "“weight_bits[1]” is a string, where a whole number of its range was expected")
    }

    @Test("a page is indented, and is the same document")
    func page() throws {
        let json = try JSONValue(encoding: Samples.report)
        #expect(json.page.hasPrefix("{\n  \"full_precision\": {\n    \"images\": 1000,"))
        #expect(try JSONValue(parsing: Array(json.page.utf8)) == json)
    }
}
