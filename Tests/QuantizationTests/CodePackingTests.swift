import Quantization
import TensorCore
import Testing

@Suite("Packed codes")
struct CodePackingTests {
    @Test(
        "every number of codes comes back as it was", arguments: BitWidth.all,
        [0, 1, 2, 3, 5, 7, 8, 9, 63, 64, 65, 1000])
    func roundTrip(bits: BitWidth, count: Int) throws {
        var generator = SeededGenerator(seed: UInt64(count), stream: "codes")
        let codes = (0..<count).map { _ in UInt8(generator.index(below: bits.maximumCode + 1)) }
        let bytes = try CodePacking.pack(codes, bits: bits)
        #expect(bytes.count == CodePacking.byteCount(of: count, bits: bits))
        #expect(bytes.count == (count * bits.rawValue + 7) / 8)
        #expect(try CodePacking.unpack(bytes, count: count, bits: bits) == codes)
    }

    @Test("codes fill bytes from the least significant bit on")
    func layout() throws {
        #expect(try CodePacking.pack([1, 2, 3], bits: BitWidth(4)) == [0x21, 0x03])
        #expect(try CodePacking.pack([1, 2, 3, 4], bits: BitWidth(3)) == [0b1101_0001, 0b0000_1000])
        #expect(try CodePacking.pack([3, 0, 2, 1, 1], bits: BitWidth(2)) == [0b0110_0011, 0b01])
        #expect(try CodePacking.pack([7, 255], bits: BitWidth(8)) == [7, 255])
    }

    @Test("a code that is too large is refused, and the reason is named")
    func tooLarge() throws {
        let bits = try BitWidth(3)
        let error = QuantizationError.codeTooLarge(8, index: 2, bits: 3)
        #expect(throws: error) { try CodePacking.pack([0, 7, 8], bits: bits) }
        #expect("\(error)" == "code 8 at index 2 does not fit in 3 bits; the largest is 7")
    }

    @Test("bytes that are too few or too many are refused", arguments: [0, 1, 3, 4])
    func wrongSize(bytes: Int) throws {
        let bits = try BitWidth(4)
        #expect(throws: QuantizationError.packedSize(bytes: bytes, expected: 2)) {
            try CodePacking.unpack(Array(repeating: 0, count: bytes), count: 3, bits: bits)
        }
    }
}
