import Quantization
import TensorCore
import Testing

@Suite("The integer program of mixed precision")
struct MultipleChoiceKnapsackTests {
    private static func program(seed: UInt64, groups: Int, choices: Int) -> [[KnapsackChoice]] {
        var generator = SeededGenerator(seed: seed, stream: "knapsack")
        return (0..<groups).map { _ in
            (0..<1 + generator.index(below: choices)).map { _ in
                KnapsackChoice(
                    cost: generator.index(below: 40), harm: Double(generator.index(below: 100)) / 7)
            }
        }
    }

    private static func cost(_ groups: [[KnapsackChoice]], _ places: [Int]) -> Int {
        zip(groups, places).reduce(0) { $0 + $1.0[$1.1].cost }
    }

    private static func harm(_ groups: [[KnapsackChoice]], _ places: [Int]) -> Double {
        zip(groups, places).reduce(0) { $0 + $1.0[$1.1].harm }
    }

    /// The least harm of all solutions within a budget, by looking at every one of them.
    private static func leastHarm(_ groups: [[KnapsackChoice]], budget: Int) -> Double? {
        var best: Double?
        func go(_ index: Int, _ cost: Int, _ harm: Double) {
            guard cost <= budget else { return }
            guard index < groups.count else {
                best = min(best ?? .infinity, harm)
                return
            }
            for choice in groups[index] {
                go(index + 1, cost + choice.cost, harm + choice.harm)
            }
        }
        go(0, 0, 0)
        return best
    }

    @Test("no solution within the budget harms less", arguments: 1...60)
    func optimal(seed: UInt64) throws {
        let groups = Self.program(seed: seed, groups: 6, choices: 5)
        let program = MultipleChoiceKnapsack(groups: groups)
        for budget in stride(from: 0, through: 240, by: 11) {
            let least = Self.leastHarm(groups, budget: budget)
            guard let places = program.solution(budget: budget) else {
                #expect(least == nil, "there is a solution at \(budget)")
                continue
            }
            #expect(Self.cost(groups, places) <= budget)
            #expect(abs(Self.harm(groups, places) - (least ?? .infinity)) < 1e-9, "budget \(budget)")
        }
    }

    @Test("a budget below the cheapest choices has no solution, theirs has one")
    func tooSmall() {
        let groups = Self.program(seed: 5, groups: 8, choices: 4)
        let program = MultipleChoiceKnapsack(groups: groups)
        #expect(program.solution(budget: program.leastCost - 1) == nil)
        let places = program.solution(budget: program.leastCost)
        #expect(places.map { Self.cost(groups, $0) } == program.leastCost)
    }

    @Test("a model's worth of groups is solved within any budget", arguments: [0.3, 0.5, 0.8])
    func large(share: Double) throws {
        var generator = SeededGenerator(seed: 9, stream: "knapsack")
        let groups = (0..<150).map { _ in
            let (size, weight) = (1000 + generator.index(below: 100_000), Double(generator.uniform()))
            return [2, 3, 4, 6, 8].flatMap { left in
                [2, 3, 4, 6, 8].map { right in
                    KnapsackChoice(
                        cost: size * left * right,
                        harm: weight
                            * (Double(sign: .plus, exponent: -2 * left, significand: 1)
                                + Double(sign: .plus, exponent: -2 * right, significand: 3)))
                }
            }
        }
        let program = MultipleChoiceKnapsack(groups: groups)
        let most = groups.reduce(0) { $0 + ($1.map(\.cost).max() ?? 0) }
        let budget = program.leastCost + Int(share * Double(most - program.leastCost))
        let places = try #require(program.solution(budget: budget))
        #expect(Self.cost(groups, places) <= budget)
        #expect(Self.cost(groups, places) > budget * 99 / 100)
    }
}
