internal import Kernels
package import TensorCore

internal import Glibc

/// How well a quantizer fits values.
package struct QuantizationFidelity: Equatable, Sendable {
    /// The largest ratio that is distinguished from no error at all, in dB.
    package static let largestSqnrDb = 300.0

    /// The signal-to-quantization-noise ratio, 10 · log₁₀(Σ x² / Σ (x − x̂)²), in dB.
    ///
    /// At most `largestSqnrDb`, which is also the value without any noise; always finite.
    package let sqnrDb: Double
    /// The share of values beyond the range by more than half a step, 0 through 1.
    package let clippedShare: Double
    /// The mean squared error.
    package let meanSquaredError: Double

    init(signal: Double, noise: Double, clipped: Double, count: Int) {
        let limit = Self.largestSqnrDb
        let ratio = noise == 0 ? limit : signal == 0 ? -limit : 10 * log10(signal / noise)
        sqnrDb = min(max(ratio, -limit), limit)
        clippedShare = clipped / Double(max(count, 1))
        meanSquaredError = noise / Double(max(count, 1))
    }
}

extension SiteQuantizer {
    /// Measures how well the quantizer fits values.
    ///
    /// - Parameters:
    ///   - x: The site's values.
    ///   - pool: Works on runs of rows in parallel; the result does not depend on its number of threads.
    /// - Returns: The measures over all values.
    package func fidelity(on x: Matrix, pool: WorkerPool) -> QuantizationFidelity {
        let tiles = tiles(rows: x.rows, columns: x.columns)
        let parts = TaskResults(count: tiles.count, repeating: SIMD3<Double>.zero)
        pool.run(tiles.count) { task, _ in
            let tile = x.rows(tiles[task].rows)
            let out = Matrix(rows: tile.rows, columns: tile.columns)
            tiles[task].quantizer.fakeQuantize(tile, into: out)
            parts[task] = SIMD3(
                squaredNorm(tile), squaredDistance(tile, out),
                Double(tiles[task].quantizer.clippedCount(in: tile)))
        }
        let sums = parts.values.reduce(.zero, +)
        return QuantizationFidelity(
            signal: sums[0], noise: sums[1], clipped: sums[2], count: x.rows * x.columns)
    }

    /// Quantizes and dequantizes values in parallel.
    ///
    /// - Parameters:
    ///   - x: The values.
    ///   - out: The quantized values, shaped as `x`; overwritten. May be `x`.
    ///   - pool: Works on runs of rows; the result does not depend on its number of threads.
    package func fakeQuantize(_ x: Matrix, into out: Matrix, pool: WorkerPool) {
        let tiles = tiles(rows: x.rows, columns: x.columns)
        pool.run(tiles.count) { task, _ in
            let tile = tiles[task]
            tile.quantizer.fakeQuantize(x.rows(tile.rows), into: out.rows(tile.rows))
        }
    }

    /// Runs of rows that can be quantized apart, each with its quantizer.
    private func tiles(rows: Int, columns: Int) -> [(rows: Range<Int>, quantizer: SiteQuantizer)] {
        guard case .rows(let perGroup) = groups else {
            return stride(from: 0, to: rows, by: 128).map { ($0..<min(rows, $0 + 128), self) }
        }
        return stride(from: 0, to: rows, by: perGroup).enumerated().map { index, start in
            (
                start..<min(rows, start + perGroup),
                quantizer?.single(index % groupCount, columns: columns).boxed ?? self
            )
        }
    }

    /// How many values lie beyond the range by more than half a step; the groups are runs of columns.
    private func clippedCount(in x: Matrix) -> Int {
        guard let quantizer else { return 0 }
        let bounds = (0..<quantizer.groupCount).map(quantizer.bounds)
        let width = x.columns / bounds.count
        var count = 0
        for row in 0..<x.rows {
            for (group, range) in bounds.enumerated() {
                let line = unsafe x.line(row, from: group * width, count: width)
                for index in 0..<width {
                    let value = unsafe line[index]
                    count += value < range.lowerBound || value > range.upperBound ? 1 : 0
                }
            }
        }
        return count
    }
}
