internal import CImageCodecs
internal import Foundation
internal import Vocabulary

/// The weights of a change of size along one side, as Pillow computes them, in units of 2⁻²².
///
/// Source: Pillow's `precompute_coeffs` and `normalize_coeffs_8bpc`.
struct ResamplingWeights {
    /// The first input place of each output place.
    private(set) var starts: [Int32] = []
    /// How many weights each output place has.
    private(set) var counts: [Int32] = []
    /// `[output places, taps]`, padded with zeros.
    private(set) var weights: [Int32] = []
    /// A multiple of 4.
    private(set) var taps = 4

    /// The input places that have a weight anywhere.
    var inputRange: Range<Int> {
        let first = starts.min() ?? 0
        let last = zip(starts, counts).map { $0 + $1 }.max() ?? 0
        return Int(first)..<Int(last)
    }

    /// Computes weights.
    ///
    /// - Parameters:
    ///   - length: The length of the side.
    ///   - resized: The length that it gets.
    ///   - shown: The places of the resized side to compute.
    ///   - filter: The filter; not `nearest`.
    init(from length: Int, to resized: Int, shown: Range<Int>, filter: Interpolation) {
        let scale = Double(length) / Double(resized)
        let filterScale = max(scale, 1)
        let support = filter.support * filterScale
        let inverse = 1 / filterScale
        var rows: [[Int32]] = []
        for place in shown {
            let center = (Double(place) + 0.5) * scale
            // Cut off, not rounded: sides are positive, and Pillow casts to int.
            let first = max(0, Int(center - support + 0.5))
            let end = min(length, Int(center + support + 0.5))
            var sum = 0.0
            var row: [Double] = []
            row.reserveCapacity(end - first)
            for source in first..<max(first, end) {
                let weight = filter.weight(at: (Double(source) - center + 0.5) * inverse)
                row.append(weight)
                sum += weight
            }
            starts.append(Int32(first))
            counts.append(Int32(row.count))
            rows.append(
                row.map { weight in
                    let share = sum != 0 ? weight / sum : weight
                    return Int32(share < 0 ? share * 4_194_304 - 0.5 : share * 4_194_304 + 0.5)
                })
        }
        let most = rows.map(\.count).max() ?? 0
        taps = max(4, (most + 3) & ~3)
        weights = Array(repeating: 0, count: taps * rows.count)
        for (index, row) in rows.enumerated() {
            // Windows at the end begin earlier, with zeros, so that no loop reads far past a row.
            let shift = min(Int(starts[index]), max(0, Int(starts[index]) + taps - max(length, taps)))
            starts[index] -= Int32(shift)
            counts[index] += Int32(shift)
            for (tap, weight) in row.enumerated() { weights[index * taps + shift + tap] = weight }
        }
    }

    /// Lends the weights to the loops.
    func withWeights<Result>(_ body: (UnsafePointer<image_weights>) -> Result) -> Result {
        unsafe starts.withUnsafeBufferPointer { starts in
            unsafe weights.withUnsafeBufferPointer { weights in
                var value = unsafe image_weights(
                    starts: starts.baseAddress, weights: weights.baseAddress, taps: Int32(taps),
                    count: Int32(starts.count))
                return unsafe body(&value)
            }
        }
    }
}

extension Interpolation {
    /// How far the filter reaches at a scale of 1, in pixels.
    fileprivate var support: Double {
        switch self {
        case .nearest: 0
        case .box: 0.5
        case .bilinear, .hamming: 1
        case .bicubic: 2
        case .lanczos: 3
        }
    }

    /// The filter's value `x` pixels from the middle.
    fileprivate func weight(at x: Double) -> Double {
        switch self {
        case .nearest:
            return 0
        case .box:
            return x > -0.5 && x <= 0.5 ? 1 : 0
        case .bilinear:
            return abs(x) < 1 ? 1 - abs(x) : 0
        case .hamming:
            let distance = abs(x)
            if distance == 0 { return 1 }
            if distance >= 1 { return 0 }
            let angle = distance * Double.pi
            return sin(angle) / angle * (0.54 + 0.46 * cos(angle))
        case .bicubic:
            let (a, distance) = (-0.5, abs(x))
            if distance < 1 { return ((a + 2) * distance - (a + 3)) * distance * distance + 1 }
            if distance < 2 { return (((distance - 5) * distance + 8) * distance - 4) * a }
            return 0
        case .lanczos:
            return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0
        }
    }
}

private func sinc(_ x: Double) -> Double {
    if x == 0 { return 1 }
    let angle = x * Double.pi
    return sin(angle) / angle
}
