import Runs
import Testing

/// Numbers that are the same on every machine.
private struct Dice {
    var state: UInt64

    mutating func uniform() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) / Double(UInt64(1) << 53)
    }

    /// Nearly normal, variance 1.
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

    @Test("with one seed it is the interval of a paired mean")
    func oneSeed() throws {
        // 10 images: three only the first gets right, one only the second; d has mean 0.2 and variance 3.6 / 9.
        let first = [true, true, true, false, true, true, false, false, true, true]
        let second = [false, false, false, true, true, true, false, false, true, true]
        let difference = try #require(PairedDifference([first], [second]))
        #expect(abs(difference.points - 20) < 1e-9)
        #expect(abs(difference.halfWidth - 100 * 2.262157162854099 * (0.4 / 10).squareRoot()) < 1e-6)
        #expect(difference.verdict == .undecided)
        let reverse = try #require(PairedDifference([second], [first]))
        #expect(reverse.points == -difference.points && reverse.halfWidth == difference.halfWidth)
    }

    @Test("with the same answers there is no difference and no doubt")
    func same() throws {
        let answers = [[true, false, true], [true, true, false]]
        let difference = try #require(PairedDifference(answers, answers))
        #expect(difference.points == 0 && difference.halfWidth == 0 && difference.verdict == .undecided)
    }

    @Test("what differs between seeds and not between images has the seeds' degrees of freedom")
    func seedsOnly() throws {
        // Every image of seed 1 is right only by the first; the second seed knows no difference.
        let all = [Bool](repeating: true, count: 50)
        let none = [Bool](repeating: false, count: 50)
        let difference = try #require(PairedDifference([all, all], [none, all]))
        #expect(difference.points == 50)
        // Seeds' means 1 and 0: standard error 1/2, one degree of freedom.
        #expect(abs(difference.halfWidth - 12.706204736174705 * 50) < 1e-4)
    }

    @Test("what cannot be paired is no difference")
    func unpaired() {
        #expect(PairedDifference([[true, false]], [[true, false], [true, true]]) == nil)
        #expect(PairedDifference([[true, false]], [[true]]) == nil)
        #expect(PairedDifference([[true]], [[false]]) == nil)
        #expect(PairedDifference([], []) == nil)
    }

    @Test("intervals cover the true difference in about 95 of 100 cases", arguments: [0, 0.02, 0.06])
    func coverage(seedEffect: Double) throws {
        var dice = Dice(state: 20_240_613)
        let (images, seeds, trials) = (200, 3, 400)
        var covered = 0
        for _ in 0..<trials {
            // Both are right with a probability that depends on image and seed, independently: the difference is
            // that of the seed's effect, whose mean is 0.
            let difficulty = (0..<images).map { _ in 0.5 + 0.4 * dice.uniform() }
            var (first, second): ([[Bool]], [[Bool]]) = ([], [])
            for _ in 0..<seeds {
                let shift = seedEffect * dice.normal()
                first.append(difficulty.map { dice.uniform() < $0 + shift })
                second.append(difficulty.map { dice.uniform() < $0 })
            }
            let difference = try #require(PairedDifference(first, second))
            covered += abs(difference.points) <= difference.halfWidth ? 1 : 0
        }
        #expect(covered >= trials * 88 / 100, "\(covered) of \(trials)")
        #expect(covered < trials, "intervals that never miss tell nothing")
    }
}
