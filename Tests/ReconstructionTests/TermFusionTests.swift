import Glibc
import TensorCore
import Testing
import Vocabulary

@testable import Reconstruction

@Suite("Fusion of the terms")
struct TermFusionTests {
    private let start = PerTerm(block: 4.0, global: 0.5, local: 2)
    private let weights = PerTerm(block: 1.0, global: 3, local: 0.5)

    private func fusion(_ rule: Fusion, start: PerTerm<Double>? = nil) -> TermFusion {
        var fusion = TermFusion(rule)
        fusion.start(start ?? self.start)
        return fusion
    }

    private func factors(_ fusion: TermFusion, _ weights: PerTerm<Double>? = nil) -> PerTerm<Double> {
        fusion.factors(weights ?? self.weights)
    }

    /// A step in which every term has a value and its gradient a norm.
    private func step(
        _ fusion: inout TermFusion, _ terms: Terms, norms: Terms? = nil, weights: PerTerm<Double>? = nil
    ) {
        let weights = weights ?? self.weights
        let factors = fusion.factors(weights)
        fusion.take(
            terms, weighted: terms.scaled(by: factors), norms: norms, factors: factors, weights: weights)
    }

    private func expect(
        _ found: PerTerm<Double>, _ block: Double, _ global: Double, _ local: Double,
        _ location: SourceLocation = #_sourceLocation
    ) {
        let expected = PerTerm(block: block, global: global, local: local)
        for term in Term.allCases {
            #expect(
                abs(found[term] - expected[term]) <= 1e-12 * abs(expected[term]),
                "\(found) is not \(expected)", sourceLocation: location)
        }
    }

    private let values = Terms(block: 8, global: 2, local: 1)
    private let norms = Terms(block: 6, global: 0.3, local: 5)

    @Test("fixed: the factors are the weights, whatever the terms are")
    func fixed() {
        var fusion = fusion(.fixed)
        step(&fusion, values, norms: norms)
        #expect(factors(fusion) == weights)
        #expect(fusion.penalty == 0)
    }

    @Test("first steps: each term is divided by its value on the calibrated unit, and stays so")
    func firstSteps() {
        var fusion = fusion(.firstStep)
        expect(factors(fusion), 1.0 / 4, 3 / 0.5, 0.5 / 2)
        step(&fusion, values, norms: norms)
        expect(factors(fusion), 1.0 / 4, 3 / 0.5, 0.5 / 2)
    }

    @Test("a term that starts at 0 is not divided by 0")
    func zero() {
        expect(factors(fusion(.firstStep, start: PerTerm(block: 0, global: 1, local: 1))), 1e12, 3, 0.5)
    }

    @Test("running mean: each step moves each divisor a twentieth of the way to the term")
    func runningMean() {
        var fusion = fusion(.runningMean)
        expect(factors(fusion), 1.0 / 4, 3 / 0.5, 0.5 / 2)
        step(&fusion, values)
        expect(factors(fusion), 1 / 4.2, 3 / 0.575, 0.5 / 1.95)
        step(&fusion, Terms(block: .infinity, global: nil, local: 1.95))
        expect(factors(fusion), 1 / 4.2, 3 / 0.575, 0.5 / 1.95)
    }

    @Test("gradient norms: weighted gradients then have the norms that their weights ask for")
    func gradientNorm() {
        var fusion = fusion(.gradientNorm)
        let before = factors(fusion)
        expect(before, 1.0 / 4, 3 / 0.5, 0.5 / 2)
        step(&fusion, values)
        #expect(factors(fusion) == before, "without norms nothing changes")
        step(&fusion, values, norms: norms)
        let after = factors(fusion)
        #expect(after.block == before.block, "the block term keeps its divisor")
        // Gradients are proportional to factors.
        let gradients = after.zip(before) { $0 / $1 }.zip(PerTerm(block: 6.0, global: 0.3, local: 5)) {
            $0 * $1
        }
        expect(gradients.map { $0 / gradients.block }, 1, 3, 0.5)
        // Divisors do not depend on weights: factors double with them.
        expect(
            factors(fusion, weights.map { 2 * $0 }), 2 * after.block, 2 * after.global, 2 * after.local)
    }

    @Test("gradient norms: a term whose gradient vanishes keeps its divisor")
    func vanishing() {
        var fusion = fusion(.gradientNorm)
        let before = factors(fusion)
        step(&fusion, values, norms: Terms(block: 6, global: 0, local: nil))
        #expect(factors(fusion) == before)
        step(&fusion, values, norms: Terms(block: 0, global: 1, local: 1))
        #expect(factors(fusion) == before)
    }

    @Test("uncertainty: the logarithm of a variance follows its gradient in steps of at most 0.01")
    func uncertainty() {
        var fusion = fusion(.uncertainty)
        #expect(fusion.penalty == 0)
        // Weighted: 4.5, 0.25 and 1.2 above, below and near the optimum of 1.
        step(&fusion, Terms(block: 18, global: 0.25 / 6, local: 4.8))
        let variances = PerTerm(block: 0.01, global: -0.0075, local: 0.002).map(exp)
        expect(factors(fusion), 0.25 / variances.block, 6 / variances.global, 0.25 / variances.local)
        #expect(abs(fusion.penalty - 0.0045) < 1e-12)
    }

    @Test("uncertainty: a term of weight 0 learns no variance")
    func weightless() {
        var fusion = fusion(.uncertainty)
        step(&fusion, values, weights: PerTerm<Double>.none)
        #expect(fusion.penalty == 0)
    }
}

@Suite("Batches in random order")
struct ShuffledBatchesTests {
    @Test(
        "every number comes once before any comes again, in another order", arguments: [1, 3, 4, 12])
    func epochs(batch: Int) {
        let numbers = (0..<12).map { 10 + 3 * $0 }
        var batches = ShuffledBatches(numbers)
        var generator = SeededGenerator(seed: 1, stream: "test")
        var drawn: [Int] = []
        while drawn.count < 36 {
            let next = batches.next(batch, generator: &generator)
            #expect(next.count == batch)
            drawn += next
        }
        let epochs = stride(from: 0, to: 36, by: 12).map { Array(drawn[$0..<$0 + 12]) }
        for epoch in epochs {
            #expect(epoch.sorted() == numbers)
        }
        #expect(epochs[0] != epochs[1] && epochs[1] != epochs[2] && epochs[0] != numbers)
    }

    @Test("a batch that an order does not fill goes on in the next")
    func borders() {
        var batches = ShuffledBatches([1, 2, 3])
        var generator = SeededGenerator(seed: 4, stream: "test")
        let drawn = (0..<3).flatMap { _ in batches.next(2, generator: &generator) }
        #expect(drawn[..<3].sorted() == [1, 2, 3] && drawn[3...].sorted() == [1, 2, 3])
    }
}
