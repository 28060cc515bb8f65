import TensorCore

/// A pickle as a list of its opcodes with their arguments.
struct PickleCode {
    var codes: [[UInt8]] = []

    /// Cuts a pickle; what follows an opcode that is not known stays in one piece.
    init(_ bytes: [UInt8]) {
        var place = 0
        func number(_ width: Int) -> Int {
            guard place + 1 + width <= bytes.count else { return 0 }
            return (0..<width).reduce(0) { $0 | Int(bytes[place + 1 + $1]) << (8 * $1) }
        }
        while place < bytes.count {
            let length: Int
            switch bytes[place] {
            case 0x80, UInt8(ascii: "K"), UInt8(ascii: "q"), UInt8(ascii: "h"): length = 2
            case UInt8(ascii: "M"): length = 3
            case UInt8(ascii: "J"), UInt8(ascii: "r"), UInt8(ascii: "j"): length = 5
            case 0x95, UInt8(ascii: "G"): length = 9
            case 0x8A, 0x8C: length = 2 + number(1)
            case UInt8(ascii: "X"): length = 5 + number(4)
            case UInt8(ascii: "c"):
                var lines = 2
                length =
                    (bytes[place...].firstIndex { byte in
                        lines -= byte == UInt8(ascii: "\n") ? 1 : 0
                        return lines == 0
                    } ?? bytes.count) + 1 - place
            default: length = 1
            }
            let end = min(bytes.count, place + max(1, length))
            codes.append(Array(bytes[place..<end]))
            place = end
        }
    }

    var bytes: [UInt8] { codes.flatMap(\.self) }
}

extension Mutator {
    /// Opcodes without arguments that readers know, and one that they do not.
    private static let plain: [UInt8] = [
        UInt8(ascii: "N"), 0x88, 0x89, UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "]"),
        UInt8(ascii: "}"),
        UInt8(ascii: "t"), 0x85, 0x86, 0x87, UInt8(ascii: "a"), UInt8(ascii: "e"), UInt8(ascii: "s"),
        UInt8(ascii: "u"), 0x94, UInt8(ascii: "Q"), UInt8(ascii: "R"), UInt8(ascii: "b"), 0x93,
        UInt8(ascii: "."),
        UInt8(ascii: "0"),
    ]

    /// Changes one thing in a pickle.
    mutating func change(_ code: inout PickleCode) {
        guard code.codes.count > 2 else { return }
        let place = generator.index(below: code.codes.count - 1)
        let other = generator.index(below: code.codes.count - 1)
        switch generator.index(below: 9) {
        case 0: code.codes.remove(at: place)
        case 1: code.codes.insert(code.codes[other], at: place)
        case 2: code.codes.swapAt(place, other)
        case 3: code.codes.insert([any(of: Self.plain) ?? 0x2E], at: place)
        case 4:
            // Another argument of the same length.
            let texts = code.codes.indices.filter { code.codes[$0].count > 1 }
            if let index = any(of: texts) {
                let argument = 1 + generator.index(below: code.codes[index].count - 1)
                code.codes[index][argument] = UInt8(truncatingIfNeeded: generator.next())
            }
        case 5:
            // The argument of another opcode of the same kind.
            let same = code.codes.indices.filter { code.codes[$0][0] == code.codes[place][0] }
            if let index = any(of: same) { code.codes[place] = code.codes[index] }
        default: rewrite(&code)
        }
    }

    /// Says the same in other opcodes: what readers have to accept.
    private mutating func rewrite(_ code: inout PickleCode) {
        let index = generator.index(below: code.codes.count - 1)
        let old = code.codes[index]
        switch old[0] {
        case UInt8(ascii: "K"):
            let forms = [
                [UInt8(ascii: "M"), old[1], 0], [UInt8(ascii: "J"), old[1], 0, 0, 0], [0x8A, 2, old[1], 0],
                [0x8A, 8, old[1], 0, 0, 0, 0, 0, 0, 0],
            ]
            code.codes[index] = any(of: forms) ?? old
        case UInt8(ascii: "X") where old.count < 256: code.codes[index] = [0x8C, old[1]] + old[5...]
        case UInt8(ascii: "q"): code.codes[index] = [UInt8(ascii: "r"), old[1], 0, 0, 0]
        case UInt8(ascii: "h"): code.codes[index] = [UInt8(ascii: "j"), old[1], 0, 0, 0]
        case 0x80: code.codes[index][1] = 2 + UInt8(generator.index(below: 4))
        default: code.codes.insert([0x95] + Array(repeating: 0, count: 8), at: index)
        }
    }
}
