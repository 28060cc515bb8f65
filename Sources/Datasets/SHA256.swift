/// The fingerprint of bytes that fixes them against accident and intent alike.
///
/// Source: FIPS 180-4.
package struct SHA256: Sendable {
    private var state: [UInt32] = [
        0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB,
        0x5BE0_CD19,
    ]
    private var pending: [UInt8] = []
    private var length: UInt64 = 0

    /// Starts with no bytes.
    package init() {}

    /// The fingerprint of some bytes, as 64 hexadecimal digits.
    package static func hex(_ bytes: [UInt8]) -> String {
        var hash = SHA256()
        hash.update(bytes.span)
        return hash.finish()
    }

    /// Takes in more bytes.
    package mutating func update(_ bytes: Span<UInt8>) {
        length += UInt64(bytes.count)
        unsafe bytes.withUnsafeBufferPointer { buffer in
            var rest = unsafe buffer[...]
            if !pending.isEmpty {
                let wanted = unsafe min(64 - pending.count, rest.count)
                unsafe pending.append(contentsOf: rest.prefix(wanted))
                unsafe rest = rest.dropFirst(wanted)
                guard pending.count == 64 else { return }
                let block = pending
                unsafe block.withUnsafeBufferPointer { unsafe compress($0) }
                pending.removeAll(keepingCapacity: true)
            }
            let whole = unsafe rest.count & ~63
            unsafe compress(UnsafeBufferPointer(rebasing: rest.prefix(whole)))
            unsafe pending.append(contentsOf: rest.dropFirst(whole))
        }
    }

    /// Ends the bytes and says their fingerprint, as 64 hexadecimal digits.
    package mutating func finish() -> String {
        let bits = length &* 8
        var tail: [UInt8] = [0x80]
        while (pending.count + tail.count) % 64 != 56 { tail.append(0) }
        tail += (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * UInt64($0))) }
        update(tail.span)
        return state.map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }.joined()
    }

    private static let constants: [UInt32] = [
        0x428A_2F98, 0x7137_4491, 0xB5C0_FBCF, 0xE9B5_DBA5, 0x3956_C25B, 0x59F1_11F1, 0x923F_82A4,
        0xAB1C_5ED5,
        0xD807_AA98, 0x1283_5B01, 0x2431_85BE, 0x550C_7DC3, 0x72BE_5D74, 0x80DE_B1FE, 0x9BDC_06A7,
        0xC19B_F174,
        0xE49B_69C1, 0xEFBE_4786, 0x0FC1_9DC6, 0x240C_A1CC, 0x2DE9_2C6F, 0x4A74_84AA, 0x5CB0_A9DC,
        0x76F9_88DA,
        0x983E_5152, 0xA831_C66D, 0xB003_27C8, 0xBF59_7FC7, 0xC6E0_0BF3, 0xD5A7_9147, 0x06CA_6351,
        0x1429_2967,
        0x27B7_0A85, 0x2E1B_2138, 0x4D2C_6DFC, 0x5338_0D13, 0x650A_7354, 0x766A_0ABB, 0x81C2_C92E,
        0x9272_2C85,
        0xA2BF_E8A1, 0xA81A_664B, 0xC24B_8B70, 0xC76C_51A3, 0xD192_E819, 0xD699_0624, 0xF40E_3585,
        0x106A_A070,
        0x19A4_C116, 0x1E37_6C08, 0x2748_774C, 0x34B0_BCB5, 0x391C_0CB3, 0x4ED8_AA4A, 0x5B9C_CA4F,
        0x682E_6FF3,
        0x748F_82EE, 0x78A5_636F, 0x84C8_7814, 0x8CC7_0208, 0x90BE_FFFA, 0xA450_6CEB, 0xBEF9_A3F7,
        0xC671_78F2,
    ]

    /// Takes in whole blocks of 64 bytes.
    private mutating func compress(_ bytes: UnsafeBufferPointer<UInt8>) {
        func turned(_ word: UInt32, _ bits: UInt32) -> UInt32 { word >> bits | word << (32 - bits) }
        unsafe Self.constants.withUnsafeBufferPointer { constants in
            unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { words in
                let raw = UnsafeRawBufferPointer(bytes)
                for start in stride(from: 0, to: bytes.count, by: 64) {
                    for index in 0..<16 {
                        let word = unsafe raw.loadUnaligned(
                            fromByteOffset: start + 4 * index, as: UInt32.self)
                        unsafe words[index] = UInt32(bigEndian: word)
                    }
                    for index in 16..<64 {
                        let (a, b) = unsafe (words[index - 15], words[index - 2])
                        let small = turned(a, 7) ^ turned(a, 18) ^ a >> 3
                        let large = turned(b, 17) ^ turned(b, 19) ^ b >> 10
                        unsafe words[index] = words[index - 16] &+ small &+ words[index - 7] &+ large
                    }
                    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
                    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
                    for index in 0..<64 {
                        let high = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)
                        let choice = e & f ^ ~e & g
                        let one = unsafe h &+ high &+ choice &+ constants[index] &+ words[index]
                        let low = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)
                        let two = low &+ (a & b ^ a & c ^ b & c)
                        (h, g, f, e, d, c, b, a) = (g, f, e, d &+ one, c, b, a, one &+ two)
                    }
                    state[0] &+= a
                    state[1] &+= b
                    state[2] &+= c
                    state[3] &+= d
                    state[4] &+= e
                    state[5] &+= f
                    state[6] &+= g
                    state[7] &+= h
                }
            }
        }
    }
}
