/// Numbers and texts of a pickle.
extension PickleMachine {
    mutating func byte(_ bytes: Span<UInt8>) throws(CheckpointError) -> UInt8 {
        guard position < bytes.count else { throw failure("the pickle ends without its last opcode") }
        position += 1
        return bytes[position - 1]
    }

    mutating func number(_ bytes: Span<UInt8>, width: Int) throws(CheckpointError) -> Int {
        var value: UInt64 = 0
        for index in 0..<width { value |= UInt64(try byte(bytes)) << UInt64(8 * index) }
        return Int(truncatingIfNeeded: value)
    }

    mutating func double(_ bytes: Span<UInt8>) throws(CheckpointError) -> Double {
        let bits = UInt64(bitPattern: Int64(try number(bytes, width: 8)))
        return Double(bitPattern: bits.byteSwapped)
    }

    mutating func text(_ bytes: Span<UInt8>, _ length: Int) throws(CheckpointError) -> String {
        guard length >= 0, length <= bytes.count - position else {
            throw failure("a text goes beyond the end of the pickle")
        }
        var units: [UInt8] = []
        units.reserveCapacity(length)
        for _ in 0..<length { units.append(try byte(bytes)) }
        // Python allows surrogates by themselves, which are not UTF-8; no tensor's name has any.
        return String(decoding: units, as: UTF8.self)
    }

    mutating func line(_ bytes: Span<UInt8>) throws(CheckpointError) -> String {
        var units: [UInt8] = []
        while true {
            let next = try byte(bytes)
            if next == UInt8(ascii: "\n") { return String(decoding: units, as: UTF8.self) }
            units.append(next)
        }
    }
}
