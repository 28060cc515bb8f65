import Foundation
import Safetensors
import Testing

@Suite("Hostile safetensors")
struct HostileFileTests {
    @Test("a file that breaks a rule is refused with the byte and the tensor", arguments: HostileFile.all)
    func refused(file: HostileFile) throws {
        let error = try #require(throws: SafetensorsError.self) { try parse(file.bytes) }
        #expect(error.code == file.code, "\(error)")
        #expect(error.file == "hostile.safetensors")
        #expect(error.tensor == file.tensor)
        if let byte = file.byte { #expect(error.byte == byte, "\(error)") }
        #expect((0...file.bytes.count).contains(try #require(error.byte)))
        let sentence = error.description
        #expect(sentence.hasPrefix("hostile.safetensors"))
        #expect(sentence.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
        #expect(sentence.count < 1_000)
    }

    @Test(
        "unusual but valid files are read",
        arguments: [
            ("{}", 0, 0),
            ("{}     ", 0, 0),
            ("{\n\t\"__metadata__\" : { } \r\n}", 0, 0),
            (#"{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#, 4, 1),
            (#"{"":{"data_offsets":[0,0],"shape":[0,1099511627776],"dtype":"F32"}}"#, 0, 1),
            (#"{"a":{"dtype":"F4","shape":[2,3],"data_offsets":[0,3]}}"#, 3, 1),
            (#"{"a":{"dtype":"F6_E3M2","shape":[4],"data_offsets":[0,3]}}"#, 3, 1),
            (#"{"a":{"x":[1,-2.5e+3,{"y":null}],"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, 1, 1),
            (#"{"\ud83d\ude00\/\"":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, 1, 1),
            (
                #"{"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
                    + #""e":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}}"#, 2, 3
            ),
        ])
    func accepted(header: String, dataBytes: Int, tensors: Int) throws {
        let found = try parse(safetensors(header, data: Array(repeating: 1, count: dataBytes)))
        #expect(found.names.count == tensors)
        #expect(found.entries.count == tensors)
    }

    @Test("names are sorted by their bytes, and escapes are decoded")
    func names() throws {
        let header =
            #"{"second":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},"\u0066\u00e9\ud83d\ude00":"#
            + #"{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#
        #expect(try parse(safetensors(header, data: [1, 2])).names == ["fé😀", "second"])
    }

    @Test("control characters in names do not reach the terminal")
    func controlCharacters() throws {
        let header = #"{"\u001b[2J\u202e\#(String(repeating: "x", count: 5_000))":1}"#
        let error = try #require(throws: SafetensorsError.self) { try parse(safetensors(header)) }
        #expect(error.tensor?.hasPrefix("\u{1B}") == true)
        #expect(!error.description.unicodeScalars.contains("\u{1B}"))
        #expect(!error.description.unicodeScalars.contains("\u{202E}"))
        #expect(error.description.count < 400)
    }

    @Test("a hundred thousand tensors are read within a minute", .timeLimit(.minutes(1)))
    func manyTensors() throws { try readTensors(count: 100_000) }

    @Test(
        "a million tensors are read in reasonable time", .timeLimit(.minutes(1)),
        .enabled(
            if: ProcessInfo.processInfo.environment["SLOW_TESTS"] == "1", "takes seconds; set SLOW_TESTS=1"))
    func millionTensors() throws { try readTensors(count: 1_000_000) }

    private func readTensors(count: Int) throws {
        var header = "{"
        for index in 1..<count {
            header += #""t\#(index)":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"#
        }
        header += #""last":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#
        let found = try parse(safetensors(header, data: [0]))
        #expect(found.names.count == count)
        #expect(found.names.last == "last")
    }
}
