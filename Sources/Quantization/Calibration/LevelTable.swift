/// The values that a quantizer can give, and the boundaries between them.
///
/// Each quantizer's file extends it with a function that fills it in.
struct LevelTable {
    /// The levels in ascending order.
    var levels: [Double]
    /// Below `boundaries[i]` a value becomes at most `levels[i]`; one fewer than there are levels.
    var boundaries: [Float]

    /// Makes a table to be filled.
    init(bits: BitWidth) {
        levels = Array(repeating: 0, count: bits.maximumCode + 1)
        boundaries = Array(repeating: 0, count: bits.maximumCode)
    }
}
