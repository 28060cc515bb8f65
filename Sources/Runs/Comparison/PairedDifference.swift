internal import Glibc

/// The mean difference of two variants in a measure, on the same images with the same seeds.
///
/// Images and seeds are both samples, and the interval covers both. It is the interval of the mean in a crossed layout
/// with two random effects and one observation per cell, with Satterthwaite's degrees of freedom; its variance is at
/// least that of images alone and that of seeds alone. With one seed it covers images only.
package struct PairedDifference: Equatable, Codable, Sendable {
    /// The mean difference, in the measure's unit; positive if the first is larger.
    package var mean: Double
    /// Half the width of the 95 % confidence interval, in the measure's unit.
    package var halfWidth: Double

    /// How the first variant compares with the second.
    package enum Verdict: String, Sendable {
        /// It is better over the whole interval.
        case better
        /// It is worse over the whole interval.
        case worse
        /// The interval contains 0.
        case undecided
    }

    /// The verdict for a measure of which more is better.
    package var verdict: Verdict {
        // NaN decides nothing.
        abs(mean) > halfWidth ? (mean > 0 ? .better : .worse) : .undecided
    }

    /// The verdict for a measure of which less is better.
    package var verdictOfLess: Verdict {
        switch verdict {
        case .better: .worse
        case .worse: .better
        case .undecided: .undecided
        }
    }

    /// Whether a difference in KL is less than the greater noise floor of the two; nil where one is not known.
    ///
    /// An interval tells chance over images from a difference; the floor tells the last bits of sums from one. A difference
    /// below it can turn round on another machine.
    package func isBelow(_ floor: NoiseFloor?, _ other: NoiseFloor?) -> Bool? {
        guard let floor, let other else { return nil }
        return abs(mean) < max(floor.kl, other.kl)
    }

    /// Compares the shares of images that two variants classify correctly, in points; nil if they cannot be paired.
    ///
    /// - Parameters:
    ///   - first: `[seeds][images]`: whether the first variant is right.
    ///   - second: The same for the second variant, with the same seeds and images in the same order.
    package init?(shares first: [[Bool]], _ second: [[Bool]]) {
        func points(_ answers: [[Bool]]) -> [[Double]] { answers.map { $0.map { $0 ? 100 : 0 } } }
        self.init(points(first), points(second))
    }

    /// Compares two variants; nil with fewer than two images or if seeds and images differ in number.
    ///
    /// - Parameters:
    ///   - first: `[seeds][images]`: the measure of the first variant.
    ///   - second: The same for the second variant, with the same seeds and images in the same order.
    package init?(_ first: [[Double]], _ second: [[Double]]) {
        let images = first.first?.count ?? 0
        guard images > 1, first.count == second.count, (first + second).allSatisfy({ $0.count == images })
        else { return nil }
        let differences = zip(first, second).map { pair in
            zip(pair.0, pair.1).map(-)
        }
        let (n, s) = (Double(images), Double(first.count))
        let seedMeans = differences.map { $0.reduce(0, +) / n }
        let imageMeans = (0..<images).map { image in differences.reduce(0) { $0 + $1[image] } / s }
        let mean = seedMeans.reduce(0, +) / s
        func squares(_ values: [Double]) -> Double { values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } }
        let (ofImages, ofSeeds) = (s * squares(imageMeans), n * squares(seedMeans))
        let rest = max(0, squares(differences.flatMap(\.self)) - ofImages - ofSeeds)

        // Each mean square as an estimate of the variance of the mean, with its degrees of freedom.
        let byImages = Part(variance: ofImages / (n - 1) / (n * s), freedom: n - 1)
        var parts = [byImages]
        if first.count > 1 {
            let bySeeds = Part(variance: ofSeeds / (s - 1) / (n * s), freedom: s - 1)
            let byRest = Part(variance: rest / ((n - 1) * (s - 1)) / (n * s), freedom: (n - 1) * (s - 1))
            parts += [bySeeds, Part(byImages, bySeeds, minus: byRest)]
        }
        self.mean = mean
        halfWidth = parts.max { $0.variance < $1.variance }?.halfWidth ?? 0
    }
}

/// An estimate of a variance.
private struct Part {
    let variance: Double
    let freedom: Double

    init(variance: Double, freedom: Double) {
        (self.variance, self.freedom) = (variance, freedom)
    }

    /// The sum of two estimates minus a third, with Satterthwaite's degrees of freedom (Biometrics Bulletin 2, 1946).
    init(_ first: Part, _ second: Part, minus third: Part) {
        variance = max(0, first.variance + second.variance - third.variance)
        let spread = [first, second, third].reduce(0) { $0 + $1.variance * $1.variance / $1.freedom }
        freedom = spread > 0 ? max(1, variance * variance / spread) : 1
    }

    /// Half the width of the 95 % confidence interval of a mean with this variance.
    var halfWidth: Double { variance > 0 ? studentQuantile(freedom: freedom) * variance.squareRoot() : 0 }
}

/// The 97.5 % quantile of Student's distribution.
///
/// - Parameter freedom: The degrees of freedom, at least 1, not necessarily whole.
/// - Returns: The quantile, to seven digits.
package func studentQuantile(freedom: Double) -> Double {
    // P(|T| > t) = I(ν / (ν + t²); ν/2, 1/2), which falls with t.
    func tail(_ t: Double) -> Double {
        regularizedBeta(freedom / (freedom + t * t), freedom / 2, 0.5)
    }
    // The quantile is 12.7 at one degree of freedom.
    var (low, high) = (1.0, 16.0)
    for _ in 0..<60 {
        let middle = (low + high) / 2
        if tail(middle) > 0.05 { low = middle } else { high = middle }
    }
    return (low + high) / 2
}

/// The regularized incomplete beta function I(x; a, b), by its continued fraction (Abramowitz and Stegun 26.5.8) with
/// Lentz's method.
private func regularizedBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
    guard x > 0, x < 1 else { return x <= 0 ? 0 : 1 }
    // The fraction converges fast only on this side of the mean.
    guard x <= (a + 1) / (a + b + 2) else { return 1 - regularizedBeta(1 - x, b, a) }
    let smallest = 1e-300
    func nonZero(_ value: Double) -> Double { abs(value) < smallest ? smallest : value }
    var c = 1.0
    var d = 1 / nonZero(1 - (a + b) * x / (a + 1))
    var fraction = d
    for step in 1...10_000 {
        let m = Double(step)
        let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        var change = 1.0
        for coefficient in [even, odd] {
            d = 1 / nonZero(1 + coefficient * d)
            c = nonZero(1 + coefficient / c)
            change = c * d
            fraction *= change
        }
        if abs(change - 1) < 1e-15 { break }
    }
    let logFactor = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)
    return exp(logFactor) * fraction / a
}
