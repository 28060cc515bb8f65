import Foundation
import Safetensors
import Testing
import TestSupport

@Suite("Safetensors on disk")
struct FileTests {
    private let folder: TemporaryFolder
    /// A file by the reference implementation; Tests/Reference/safetensors_fixture.py makes it.
    private let reference =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures/python.safetensors"

    init() throws { folder = try TemporaryFolder() }

    @Test(
        "floats of the reference implementation come back exactly",
        arguments: ["float32", "float16", "bfloat16", "float64"])
    func referenceFloats(name: String) throws {
        let file = try SafetensorsFile(path: reference)
        #expect(try file.floats(name) == [-2, -0.5, 0, 1, 3, 120])
        #expect(file.entry(name)?.shape == [2, 3])
        #expect(throws: SafetensorsError.self) { try file.integers(name) }
    }

    @Test(
        "integers of the reference implementation come back exactly",
        arguments: ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"])
    func referenceIntegers(name: String) throws {
        let file = try SafetensorsFile(path: reference)
        #expect(
            try file.integers(name)
                == (name.hasPrefix("u") ? [0, 1, 2, 3, 100, 200] : [-2, 0, 1, 3, 100, 120]))
        let error = try #require(throws: SafetensorsError.self) { try file.floats(name) }
        #expect(error.code == .wrongType && error.tensor == name)
    }

    @Test("what controls a terminal in a name from outside is written as an escape")
    func escapes() {
        #expect(printable("a\tb\n\u{1B}[31m\u{202E}é") == #"a\tb\n\u001b[31m\u202eé"#)
        #expect(quoted("\u{E0001}") == #"'\ue0001'"#)
    }

    @Test("scalars, empty tensors, odd names and metadata of the reference implementation come back")
    func referenceOddities() throws {
        let file = try SafetensorsFile(path: reference)
        #expect(file.metadata == ["purpose": "tab\there"])
        #expect(try file.floats("scalar") == [0.1])
        #expect(try file.floats("empty").isEmpty)
        #expect(try file.bytes("odd") == [1, 0, 1])
        #expect(try file.floats("name with \"quotes\", \\ and \n é 😀") == [1])
        #expect(throws: SafetensorsError.self) { try file.integers("uint64") }
        #expect(file.names.count == 16)
    }

    @Test("a file of the reference implementation is read and written back with the same bytes")
    func sameBytes() throws {
        let file = try SafetensorsFile(path: reference)
        let tensors = try file.names.reversed().map { name in
            let entry = try #require(file.entry(name))
            return SafetensorsTensor(
                name: name, type: entry.type, shape: entry.shape, bytes: try file.bytes(name))
        }
        let copy = folder.path + "/copy"
        try writeSafetensors(tensors, metadata: file.metadata, to: copy)
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: copy))
                == Data(contentsOf: URL(fileURLWithPath: reference)))
    }

    @Test("every half-precision bit pattern is converted exactly, at any alignment")
    func halves() throws {
        let header =
            #"{"odd":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
            + #""h":{"dtype":"F16","shape":[65536],"data_offsets":[1,131073]}}"#
        let data: [UInt8] =
            [0]
            + (0...UInt16.max).flatMap { (bits: UInt16) -> [UInt8] in [UInt8(bits & 255), UInt8(bits >> 8)] }
        let floats = try SafetensorsFile(
            path: folder.write(safetensors(header, data: data), to: "x.safetensors")
        ).floats("h")
        for pattern in 0...UInt16.max {
            let expected = Float(Float16(bitPattern: pattern))
            let found = floats[Int(pattern)]
            if expected.isNaN {
                #expect(found.isNaN && (found.sign == expected.sign), "pattern \(pattern)")
            } else if found.bitPattern != expected.bitPattern {
                Issue.record("pattern \(pattern) became \(found), not \(expected)")
            }
        }
    }

    @Test("doubles are rounded; one beyond the range of floats is refused with its place")
    func doubles() throws {
        func file(_ doubles: [Double]) throws -> SafetensorsFile {
            let bytes: [UInt8] = doubles.flatMap { (double: Double) -> [UInt8] in
                (0..<8).map { UInt8(truncatingIfNeeded: double.bitPattern >> UInt64(8 * $0)) }
            }
            let path = folder.path + "/doubles"
            try writeSafetensors(
                [SafetensorsTensor(name: "d", type: .float64, shape: [doubles.count], bytes: bytes)], to: path
            )
            return try SafetensorsFile(path: path)
        }
        #expect(try file([0.1, -.infinity, 1e-60]).floats("d") == [Float(0.1), -.infinity, 0])
        let tooLarge = try file([0, 1e39])
        let error = try #require(throws: SafetensorsError.self) { try tooLarge.floats("d") }
        #expect(error.code == .badValue)
        #expect(error.byte == tooLarge.entry("d").map { $0.byteRange.lowerBound + 8 })
    }

    @Test("a missing tensor is named, with those of the file")
    func missingTensor() throws {
        let file = try SafetensorsFile(path: reference)
        let error = try #require(throws: SafetensorsError.self) { try file.floats("head.weight") }
        #expect(error.code == .missingTensor && error.tensor == "head.weight")
        #expect(error.description.contains("'uint64'") && error.description.contains("and 8 more"))
    }

    @Test("a missing file, a folder and a named pipe are refused at once", .timeLimit(.minutes(1)))
    func noFile() throws {
        let pipe = folder.path + "/pipe"
        let isMade = unsafe mkfifo(pipe, 0o600) == 0
        #expect(isMade)
        let cases: [(String, SafetensorsError.Code)] = [
            (folder.path + "/none", .missing), ("", .missing), (reference + "/below", .missing),
            (reference + "\0", .missing), (folder.path, .unreadable), (pipe, .unreadable),
        ]
        for (path, code) in cases {
            let error = try #require(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
            #expect(error.code == code, "\(error)")
        }
    }

    @Test("a file that is cut short after it was opened gives an error, not a crash")
    func changedFile() throws {
        let header = #"{"a":{"dtype":"U8","shape":[100000],"data_offsets":[0,100000]}}"#
        let path = try folder.write(
            safetensors(header, data: Array(repeating: 1, count: 100_000)), to: "x.safetensors")
        let file = try SafetensorsFile(path: path)
        let isCut = unsafe truncate(path, 100) == 0
        #expect(isCut)
        let error = try #require(throws: SafetensorsError.self) { try file.bytes("a") }
        #expect(error.code == .unreadable)
    }

    @Test("a file that is replaced after it was opened still gives its old content")
    func replacedFile() throws {
        let path = folder.path + "/file"
        try writeSafetensors([SafetensorsTensor(name: "a", shape: [1], floats: [1])], to: path)
        let file = try SafetensorsFile(path: path)
        try writeSafetensors([SafetensorsTensor(name: "a", shape: [1], floats: [2])], to: path)
        #expect(try file.floats("a") == [1])
        #expect(try SafetensorsFile(path: path).floats("a") == [2])
    }
}
