import TensorCore

/// Damages files, each time in another way.
struct Mutator {
    var generator: SeededGenerator
    private let seeds: [Seed]

    /// Numbers that lengths and offsets are often wrong by.
    static let telling: [UInt64] = [
        0, 1, 2, 3, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF,
        0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, 0xFFFF_FFFF_FFFF_FFFF,
    ]

    init(seed: UInt64, seeds: [Seed]) {
        generator = SeededGenerator(seed: seed, stream: "fuzz")
        self.seeds = seeds.filter { !$0.bytes.isEmpty }
    }

    /// The next damaged file.
    ///
    /// Most keep the structure of their format, so that the code after a reader's first checks is reached; the others
    /// have bytes changed wherever they lie.
    mutating func next() -> Seed {
        var result = seeds[generator.index(below: seeds.count)]
        if generator.index(below: 3) > 0, changeStructured(&result.bytes) { return result }
        if let configuration = result.configuration, generator.index(below: 8) == 0 {
            var changed = configuration
            damage(&changed)
            result.configuration = changed
            return result
        }
        for _ in 0...generator.index(below: 6) where !result.bytes.isEmpty { damage(&result.bytes) }
        if generator.index(below: 4) > 0 { mendChecksums(of: &result.bytes) }
        return result
    }

    /// Changes parts of a file whose structure is known, and puts it together again; false for other files.
    private mutating func changeStructured(_ bytes: inout [UInt8]) -> Bool {
        let changes = 1 + generator.index(below: 3)
        if var file = ZipFile(bytes) {
            for _ in 0..<changes { change(&file) }
            bytes = file.bytes
            return true
        }
        if var file = HeaderAndData(bytes) {
            for _ in 0..<changes { change(&file) }
            bytes = file.bytes
            return true
        }
        if !bytes.isEmpty, bytes.allSatisfy({ $0 >= 0x20 || $0 == 0x0A || $0 == 0x09 || $0 == 0x1B }) {
            for _ in 0..<changes { change(text: &bytes) }
            return true
        }
        if bytes.starts(with: [0x93] + Array("NUMPY".utf8)), bytes.count > 12, generator.index(below: 2) == 0
        {
            let end = (bytes[6] == 1 ? 10 : 12) + Int(bytes[8]) + Int(bytes[9]) << 8
            guard end < bytes.count else { return false }
            var data = Array(bytes[end...])
            changeContent(of: &data)
            bytes.replaceSubrange(end..., with: data)
            return true
        }
        return false
    }

    /// One of some things.
    mutating func any<Element>(of list: [Element]) -> Element? {
        list.isEmpty ? nil : list[generator.index(below: list.count)]
    }

    /// Changes single bytes and leaves the length as it is.
    mutating func changeContent(of bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        for _ in 0...generator.index(below: 8) {
            let place = generator.index(below: bytes.count)
            if generator.index(below: 2) == 0 {
                bytes[place] ^= 1 << UInt8(generator.index(below: 8))
            } else {
                bytes[place] = UInt8(truncatingIfNeeded: generator.next())
            }
        }
    }

    private mutating func damage(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        // Half of the damage goes where headers are.
        let reach = generator.index(below: 2) == 0 ? min(bytes.count, 160) : bytes.count
        let place = generator.index(below: reach)
        switch generator.index(below: 8) {
        case 0: bytes[place] ^= 1 << UInt8(generator.index(below: 8))
        case 1: bytes[place] = UInt8(truncatingIfNeeded: generator.next())
        case 2: bytes.removeLast(bytes.count - place)
        case 3: bytes.removeSubrange(place..<min(bytes.count, place + 1 + generator.index(below: 16)))
        case 4:
            let end = min(bytes.count, place + 1 + generator.index(below: 64))
            bytes.insert(contentsOf: Array(bytes[place..<end]), at: generator.index(below: bytes.count))
        case 5:
            let other = seeds[generator.index(below: seeds.count)].bytes
            let start = generator.index(below: other.count)
            let part = other[start..<min(other.count, start + 1 + generator.index(below: 64))]
            bytes.replaceSubrange(place..<min(bytes.count, place + part.count), with: part)
        default:
            let number = Self.telling[generator.index(below: Self.telling.count)]
            let (width, isBig) = (1 << generator.index(below: 4), generator.index(below: 2) == 0)
            for index in 0..<min(width, bytes.count - place) {
                bytes[place + index] = UInt8(
                    truncatingIfNeeded: number >> UInt64(8 * (isBig ? width - 1 - index : index)))
            }
        }
    }

    /// Makes the checksums of a PNG right again, or damage would never get past them.
    private func mendChecksums(of bytes: inout [UInt8]) {
        guard bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) else { return }
        var place = 8
        while place + 12 <= bytes.count {
            let length = (0..<4).reduce(0) { $0 << 8 | Int(bytes[place + $1]) }
            guard length <= bytes.count - place - 12 else { return }
            let end = place + 8 + length
            let sum = checksum(of: bytes[place + 4..<end])
            for index in 0..<4 {
                bytes[end + index] = UInt8(truncatingIfNeeded: sum >> UInt32(24 - 8 * index))
            }
            place = end + 4
        }
    }
}

/// CRC-32 as PNG and ZIP have it.
func checksum(of bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { checksums[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
}

/// CRC-32 of each byte.
private let checksums: [UInt32] = (0..<256).map { byte in
    var value = UInt32(byte)
    for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    return value
}
