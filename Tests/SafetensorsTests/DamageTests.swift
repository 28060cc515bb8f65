import Safetensors
import Testing
import TestSupport

@Suite("Damaged safetensors")
struct DamageTests {
    private static let sample = safetensors(
        #"{"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"#
            + #""h":{"dtype":"F16","shape":[3],"data_offsets":[16,22]},"c":{"dtype":"U8","shape":[1],"data_offsets":[22,23]}}"#,
        data: Array(0..<23))

    @Test("a file cut short at any byte is refused")
    func truncation() throws {
        #expect(try parse(Self.sample).names == ["w", "h", "c"])
        for length in 0..<Self.sample.count {
            let error = try #require(throws: SafetensorsError.self, "cut to \(length) bytes") {
                try parse(Array(Self.sample.prefix(length)))
            }
            #expect(error.code == .truncated, "cut to \(length) bytes: \(error)")
            #expect(error.byte == length, "cut to \(length) bytes: \(error)")
        }
    }

    @Test("a file with something added at the end is refused", arguments: [1, 8, 4096])
    func added(bytes: Int) throws {
        let error = try #require(throws: SafetensorsError.self) {
            try parse(Self.sample + Array(repeating: 32, count: bytes))
        }
        #expect(error.code == .surplus)
        #expect(error.byte == Self.sample.count)
    }

    @Test(
        "flipped bytes never crash, and files that are still read keep every rule",
        arguments: 1...8 as ClosedRange<UInt64>)
    func flips(seed: UInt64) throws {
        var random = TestGenerator(seed: seed)
        var survivors = 0
        for _ in 0..<20_000 {
            var bytes = Self.sample
            for _ in 0...random.next() % 4 {
                bytes[Int(random.next() % UInt64(bytes.count))] = Self.replacement(&random)
            }
            guard let header = try? parse(bytes) else { continue }
            survivors += 1
            var covered = header.dataStart
            for name in header.names {
                let entry = try #require(header.entries[name])
                #expect(entry.byteRange.lowerBound == covered)
                #expect(entry.byteRange.count * 8 == entry.count * entry.type.bits)
                covered = entry.byteRange.upperBound
            }
            #expect(covered == bytes.count)
        }
        #expect(survivors > 100, "too few files survive for the rules to be tested")
    }

    /// A random byte; half of the time one with a meaning to the parser.
    private static func replacement(_ random: inout TestGenerator) -> UInt8 {
        let telling = Array(#"{}[],:"\u0019-.eE "#.utf8)
        return random.next() % 2 == 0
            ? telling[Int(random.next() % UInt64(telling.count))] : UInt8(truncatingIfNeeded: random.next())
    }
}
