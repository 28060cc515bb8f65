import Foundation
import Safetensors
import Testing
import TestSupport

@Suite("Safetensors round trip")
struct RoundTripTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("written tensors are read back bit for bit, NaN and infinities included")
    func roundTrip() throws {
        let floats: [Float] = [
            0, -0.0, 1.5, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, 0x1.fffffep127,
        ]
        let path = folder.path + "/a.safetensors"
        try writeSafetensors(
            [
                SafetensorsTensor(name: "weights", shape: [2, 4], floats: floats),
                SafetensorsTensor(name: "labels", shape: [3], integers: [-1, 0, .max]),
                SafetensorsTensor(name: "codes", type: .uint8, shape: [5], bytes: [1, 2, 3, 4, 255]),
                SafetensorsTensor(name: "scalar", shape: [], floats: [7]),
                SafetensorsTensor(name: "nothing", shape: [0, 3], floats: []),
            ], metadata: ["format": "pt", "quote\"\\\n\u{1}é": "ü\u{1F600}"], to: path)

        let file = try SafetensorsFile(path: path)
        #expect(file.metadata == ["format": "pt", "quote\"\\\n\u{1}é": "ü\u{1F600}"])
        #expect(file.names == ["labels", "nothing", "scalar", "weights", "codes"])
        #expect(try file.floats("weights").map(\.bitPattern) == floats.map(\.bitPattern))
        #expect(try file.integers("labels") == [-1, 0, .max])
        #expect(try file.bytes("codes") == [1, 2, 3, 4, 255])
        #expect(try file.integers("codes") == [1, 2, 3, 4, 255])
        #expect(try file.floats("scalar") == [7])
        #expect(try file.floats("nothing").isEmpty)
        #expect(file.entry("weights")?.shape == [2, 4])
        #expect(file.entry("scalar")?.count == 1)
        #expect(file.entry("absent") == nil)
        for name in file.names {
            let entry = try #require(file.entry(name))
            #expect(entry.byteRange.lowerBound % (entry.type.bits / 8) == 0, "\(name) is not aligned")
        }
        #expect(try folder.contents() == ["a.safetensors"])
    }

    @Test("the same tensors give the same bytes in any order")
    func deterministic() throws {
        let tensors = (0..<6).map { index in
            SafetensorsTensor(
                name: "t\(index)", shape: [index], floats: Array(repeating: Float(index), count: index))
        }
        let metadata = Dictionary(uniqueKeysWithValues: (0..<9).map { ("key \($0)", "\($0)") })
        let (first, second) = (folder.path + "/1", folder.path + "/2")
        try writeSafetensors(tensors, metadata: metadata, to: first)
        try writeSafetensors(tensors.reversed(), metadata: metadata, to: second)
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: first))
                == Data(contentsOf: URL(fileURLWithPath: second)))
    }
}
