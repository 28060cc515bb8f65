import Foundation
import Runs
import Testing

/// Random numbers that are the same on every machine.
private struct Dice {
    var state: UInt64

    mutating func uniform() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) / Double(UInt64(1) << 53)
    }

    /// An approximately normal number of variance 1.
    mutating func normal() -> Double { (0..<12).reduce(-6) { sum, _ in sum + uniform() } }
}

@Suite("Paired differences")
struct PairedDifferenceTests {
    @Test(
        "quantiles are those of Student's distribution",
        arguments: [
            (1, 12.706204736174705), (1.5, 6.016663104427929), (2, 4.302652729749462), (5.7, 2.4784713087006),
            (30, 2.0422724563012378), (999, 1.9623414611334493), (1e6, 1.959966356814107),
        ])
    func quantiles(freedom: Double, expected: Double) {
        #expect(abs(studentQuantile(freedom: freedom) - expected) < 1e-7 * expected)
    }

    @Test("with one seed the interval is that of a paired mean")
    func oneSeed() throws {
        // 10 images: three that only the first gets right, one that only the second does; d has mean 0.2, variance 3.6 / 9.
        let first = [true, true, true, false, true, true, false, false, true, true]
        let second = [false, false, false, true, true, true, false, false, true, true]
        let difference = try #require(PairedDifference(shares: [first], [second]))
        #expect(abs(difference.mean - 20) < 1e-9)
        #expect(abs(difference.halfWidth - 100 * 2.262157162854099 * (0.4 / 10).squareRoot()) < 1e-6)
        #expect(difference.verdict == .undecided)
        let reverse = try #require(PairedDifference(shares: [second], [first]))
        #expect(reverse.mean == -difference.mean && reverse.halfWidth == difference.halfWidth)
    }

    @Test("equal answers have no difference and an interval of width 0")
    func same() throws {
        let answers = [[true, false, true], [true, true, false]]
        let difference = try #require(PairedDifference(shares: answers, answers))
        #expect(difference.mean == 0 && difference.halfWidth == 0 && difference.verdict == .undecided)
    }

    @Test("a difference between seeds alone has the seeds' degrees of freedom")
    func seedsOnly() throws {
        // With seed 1 only the first variant is right, on every image; with seed 2 both are.
        let all = [Bool](repeating: true, count: 50)
        let none = [Bool](repeating: false, count: 50)
        let difference = try #require(PairedDifference(shares: [all, all], [none, all]))
        #expect(difference.mean == 50)
        // The seeds' means are 1 and 0: standard error 1/2, one degree of freedom.
        #expect(abs(difference.halfWidth - 12.706204736174705 * 50) < 1e-4)
    }

    @Test("samples that cannot be paired have no difference")
    func unpaired() {
        #expect(PairedDifference(shares: [[true, false]], [[true, false], [true, true]]) == nil)
        #expect(PairedDifference(shares: [[true, false]], [[true]]) == nil)
        #expect(PairedDifference(shares: [[true]], [[false]]) == nil)
        #expect(PairedDifference(shares: [], []) == nil)
    }

    @Test("intervals cover the true difference in about 95 of 100 cases", arguments: [0, 0.02, 0.06])
    func coverage(seedEffect: Double) throws {
        var dice = Dice(state: 20_240_613)
        let (images, seeds, trials) = (200, 3, 400)
        var covered = 0
        for _ in 0..<trials {
            // Both are right independently, with a probability that depends on image and seed: the true
            // difference is the mean of the seed's effect, 0.
            let difficulty = (0..<images).map { _ in 0.5 + 0.4 * dice.uniform() }
            var (first, second): ([[Bool]], [[Bool]]) = ([], [])
            for _ in 0..<seeds {
                let shift = seedEffect * dice.normal()
                first.append(difficulty.map { dice.uniform() < $0 + shift })
                second.append(difficulty.map { dice.uniform() < $0 })
            }
            let difference = try #require(PairedDifference(shares: first, second))
            covered += abs(difference.mean) <= difference.halfWidth ? 1 : 0
        }
        #expect(covered >= trials * 88 / 100, "\(covered) of \(trials)")
        #expect(covered < trials, "an interval that always covers is too wide")
    }

    @Test("a measure can be better if it is less, and NaN decides nothing")
    func measures() throws {
        let near: [[Double]] = [[0.01, 0.02, 0.03, 0.02]]
        let far: [[Double]] = [[0.11, 0.13, 0.12, 0.12]]
        let difference = try #require(PairedDifference(near, far))
        // The differences are -0.10, -0.11, -0.09, -0.10: variance 2e-4 / 3.
        #expect(abs(difference.mean + 0.1) < 1e-12)
        #expect(abs(difference.halfWidth - 3.182446305284263 * (2e-4 / 12).squareRoot()) < 1e-9)
        #expect(difference.verdict == .worse && difference.verdictOfLess == .better)
        let damaged = try #require(PairedDifference([[.nan, 1]], [[1, 1]]))
        #expect(damaged.verdict == .undecided && damaged.verdictOfLess == .undecided)
    }

    @Test("intervals of a skewed measure cover the true difference as well")
    func skewedCoverage() throws {
        var dice = Dice(state: 19_990_101)
        let (images, trials) = (256, 400)
        var covered = 0
        for _ in 0..<trials {
            // Like divergences of models: most are small, and those of two variants are multiples of each other.
            let size = (0..<images).map { _ in exp(1.5 * dice.normal()) }
            let (first, second) = (
                size.map { $0 * exp(0.5 * dice.normal()) }, size.map { $0 * exp(0.5 * dice.normal()) }
            )
            let difference = try #require(PairedDifference([first], [second]))
            covered += abs(difference.mean) <= difference.halfWidth ? 1 : 0
        }
        #expect(covered >= trials * 90 / 100, "\(covered) of \(trials)")
        #expect(covered < trials, "an interval that always covers is too wide")
    }
}
