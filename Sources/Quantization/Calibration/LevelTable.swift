internal import Glibc

/// The values that a quantizer can give, and where one gives way to the next.
struct LevelTable {
    /// The levels in ascending order.
    private(set) var levels: [Double]
    /// Below `boundaries[i]` a value becomes at most `levels[i]`; one fewer than there are levels.
    private(set) var boundaries: [Float]

    /// Makes a table to be filled.
    init(bits: BitWidth) {
        levels = Array(repeating: 0, count: bits.maximumCode + 1)
        boundaries = Array(repeating: 0, count: bits.maximumCode)
    }

    /// Becomes the levels of a uniform quantizer.
    mutating func setUniform(scale: Float, zeroPoint: Float) {
        let (scale, zeroPoint) = (Double(scale), Double(zeroPoint))
        for code in boundaries.indices {
            levels[code] = scale * (Double(code) - zeroPoint)
            boundaries[code] = Float(scale * (Double(code) - zeroPoint + 0.5))
        }
        levels[boundaries.count] = scale * (Double(boundaries.count) - zeroPoint)
    }

    /// Becomes the levels of a strict log√2 quantizer.
    mutating func setLogSqrt2(delta: Float) {
        let top = boundaries.count
        let delta = Double(delta)
        levels[0] = 0
        for level in 1...top {
            let code = top - level
            levels[level] = delta * halfPower(of: 2 * code)
            boundaries[level - 1] = Float(delta * halfPower(of: 2 * code + 1))
        }
    }

    /// Becomes the levels of a strict logarithmic quantizer of base 2^(step / 37).
    mutating func setSearchedLog(delta: Float, step: Float, shift: Float) {
        let top = boundaries.count
        let (delta, shift) = (Double(delta), Double(shift))
        // A power for every half code; each is the one before times the root of the base.
        let root = exp2(-Double(step) / Double(2 * SearchedLogQuantizer.denominator))
        levels[0] = -shift
        var power = delta
        for code in 0..<top {
            levels[top - code] = power - shift
            power *= root
            boundaries[top - code - 1] = Float(power - shift)
            power *= root
        }
    }

    /// 2^(−quarters / 4).
    private func halfPower(of quarters: Int) -> Double {
        let rest = [1, 0.840_896_415_253_714_6, 0.707_106_781_186_547_5, 0.594_603_557_501_360_5][
            quarters % 4]
        return Double(sign: .plus, exponent: -(quarters / 4), significand: rest)
    }
}
