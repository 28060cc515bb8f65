/// One of the choices that a group of a knapsack has.
package struct KnapsackChoice: Equatable, Sendable {
    /// What it takes of the budget, such as bytes; not negative.
    package var cost: Int
    /// What it does harm; finite.
    package var harm: Double

    package init(cost: Int, harm: Double) {
        precondition(cost >= 0 && harm.isFinite, "a choice cannot cost \(cost) and harm \(harm)")
        self.cost = cost
        self.harm = harm
    }
}

/// The integer program of mixed precision: one choice for every group, the least harm in all, within a budget.
///
/// Solved exactly: a dynamic program over groups keeps every partial solution that is not worse than another in both
/// cost and harm, and drops those that even the linear relaxation of the groups to come cannot bring below a
/// solution that is already known.
package struct MultipleChoiceKnapsack: Sendable {
    /// A choice that makes sense, and its place in its group.
    private struct Candidate {
        let place: Int
        let cost: Int
        let harm: Double
    }

    /// A step from one choice of a group to the next on its lower convex hull.
    private struct Step {
        let group: Int
        let cost: Int
        let gain: Double
        var slope: Double { gain / Double(cost) }
    }

    /// A choice for each of the first groups.
    private struct Partial {
        let cost: Int
        let harm: Double
        /// The partial solution of one group fewer.
        let parent: Int32
        /// The candidate of the last group.
        let candidate: Int32
    }

    private let groups: [[KnapsackChoice]]

    /// Makes a program.
    ///
    /// - Parameter groups: The choices of each group, at least one.
    package init(groups: [[KnapsackChoice]]) {
        precondition(groups.allSatisfy { !$0.isEmpty }, "a group without a choice has no solution")
        self.groups = groups
    }

    /// The least that any solution costs.
    package var leastCost: Int {
        groups.reduce(0) { $0 + ($1.map(\.cost).min() ?? 0) }
    }

    /// Solves the program.
    ///
    /// - Parameter budget: What the choices may cost together.
    /// - Returns: The place of the choice in each group; nil if even the cheapest choices exceed the budget.
    package func solution(budget: Int) -> [Int]? {
        guard leastCost <= budget else { return nil }
        let useful = groups.map(usefulCandidates)
        // Groups that move much of the budget first: what is left can then be bounded closely.
        let order = groups.indices.sorted {
            let (left, right) = (spread(useful[$0]), spread(useful[$1]))
            return (right, $0) < (left, $1)
        }
        let candidates = order.map { useful[$0] }
        let relaxation = Relaxation(steps: candidates.map(hull), candidates: candidates)
        let known = relaxation.rounded(candidates: candidates, budget: budget)
        var layers: [[Partial]] = []
        var current = [Partial(cost: 0, harm: 0, parent: -1, candidate: -1)]
        for (index, choices) in candidates.enumerated() {
            var next: [Partial] = []
            for (parent, partial) in current.enumerated() {
                for (place, choice) in choices.enumerated() {
                    let (cost, harm) = (partial.cost + choice.cost, partial.harm + choice.harm)
                    let rest = budget - cost
                    guard let bound = relaxation.leastHarm(from: index + 1, budget: rest),
                        harm + bound <= known.harm + tolerance(known.harm)
                    else { continue }
                    next.append(
                        Partial(cost: cost, harm: harm, parent: Int32(parent), candidate: Int32(place)))
                }
            }
            current = undominated(next)
            layers.append(current)
        }
        guard var place = current.indices.min(by: { current[$0].harm < current[$1].harm }),
            current[place].harm < known.harm
        else { return reordered(known.places, candidates, order) }
        var places = Array(repeating: 0, count: candidates.count)
        for index in candidates.indices.reversed() {
            let partial = layers[index][place]
            places[index] = Int(partial.candidate)
            place = Int(partial.parent)
        }
        return reordered(places, candidates, order)
    }

    /// How far sums of floats can be from one another that ought to be the same.
    private func tolerance(_ harm: Double) -> Double { 1e-12 * max(abs(harm), 1) }

    private func spread(_ candidates: [Candidate]) -> Int {
        (candidates.last?.cost ?? 0) - (candidates.first?.cost ?? 0)
    }

    /// Places among candidates of reordered groups as places in the groups.
    private func reordered(_ places: [Int], _ candidates: [[Candidate]], _ order: [Int]) -> [Int] {
        var result = Array(repeating: 0, count: groups.count)
        for (index, group) in order.enumerated() {
            result[group] = candidates[index][places[index]].place
        }
        return result
    }

    /// The choices that harm less than every cheaper one, cheapest first.
    private func usefulCandidates(_ choices: [KnapsackChoice]) -> [Candidate] {
        let sorted = choices.enumerated().map {
            Candidate(place: $0.offset, cost: $0.element.cost, harm: $0.element.harm)
        }.sorted { ($0.cost, $0.harm, $0.place) < ($1.cost, $1.harm, $1.place) }
        var result: [Candidate] = []
        for candidate in sorted where result.last.map({ candidate.harm < $0.harm }) ?? true {
            result.append(candidate)
        }
        return result
    }

    /// The partial solutions that harm less than every cheaper one, cheapest first.
    private func undominated(_ partials: [Partial]) -> [Partial] {
        let sorted = partials.sorted {
            ($0.cost, $0.harm, $0.parent, $0.candidate) < ($1.cost, $1.harm, $1.parent, $1.candidate)
        }
        var result: [Partial] = []
        for partial in sorted where result.last.map({ partial.harm < $0.harm }) ?? true {
            result.append(partial)
        }
        return result
    }

    /// The steps along the lower convex hull of a group, of falling gain for their cost.
    private func hull(_ candidates: [Candidate]) -> [Step] {
        var corners: [Candidate] = []
        for candidate in candidates {
            while corners.count >= 2 {
                let (first, second) = (corners[corners.count - 2], corners[corners.count - 1])
                let before = (first.harm - second.harm) / Double(second.cost - first.cost)
                let after = (second.harm - candidate.harm) / Double(candidate.cost - second.cost)
                guard after >= before else { break }
                corners.removeLast()
            }
            corners.append(candidate)
        }
        return zip(corners, corners.dropFirst()).map {
            Step(group: 0, cost: $1.cost - $0.cost, gain: $0.harm - $1.harm)
        }
    }

    /// The program with fractions of choices allowed, for the last groups from any on.
    private struct Relaxation {
        /// For each first group: the cost and harm of the cheapest choices, and running sums over steps.
        private struct Suffix {
            let cost: Int
            let harm: Double
            let costs: [Int]
            let gains: [Double]
        }

        private let suffixes: [Suffix]
        private let steps: [Step]

        init(steps perGroup: [[Step]], candidates: [[Candidate]]) {
            let all = perGroup.enumerated().flatMap { group, steps in
                steps.map { Step(group: group, cost: $0.cost, gain: $0.gain) }
            }.enumerated().sorted {
                ($1.element.slope, $0.offset) < ($0.element.slope, $1.offset)
            }.map(\.element)
            steps = all
            suffixes = (0...candidates.count).map { first in
                var (costs, gains) = ([0], [0.0])
                for step in all where step.group >= first {
                    costs.append(costs[costs.count - 1] + step.cost)
                    gains.append(gains[gains.count - 1] + step.gain)
                }
                return Suffix(
                    cost: candidates[first...].reduce(0) { $0 + $1[0].cost },
                    harm: candidates[first...].reduce(0) { $0 + $1[0].harm }, costs: costs, gains: gains)
            }
        }

        /// A bound from below on the harm of the groups from `first` on; nil if they cannot be paid for.
        func leastHarm(from first: Int, budget: Int) -> Double? {
            let suffix = suffixes[first]
            let rest = budget - suffix.cost
            guard rest >= 0 else { return nil }
            var (low, high) = (0, suffix.costs.count - 1)
            while low < high {
                let middle = (low + high + 1) / 2
                if suffix.costs[middle] <= rest { low = middle } else { high = middle - 1 }
            }
            var gain = suffix.gains[low]
            if low + 1 < suffix.costs.count {
                let share =
                    Double(rest - suffix.costs[low]) / Double(suffix.costs[low + 1] - suffix.costs[low])
                gain += share * (suffix.gains[low + 1] - suffix.gains[low])
            }
            return suffix.harm - gain
        }

        /// A good whole solution: the steps that gain most for their cost, those left out that do not fit.
        func rounded(candidates: [[Candidate]], budget: Int) -> (places: [Int], harm: Double) {
            var reached = candidates.map { $0[0].cost }
            var isClosed = Array(repeating: false, count: candidates.count)
            var rest = budget - suffixes[0].cost
            for step in steps where !isClosed[step.group] {
                guard step.cost <= rest else {
                    isClosed[step.group] = true
                    continue
                }
                rest -= step.cost
                reached[step.group] += step.cost
            }
            let places = zip(candidates, reached).map { group, cost in
                group.firstIndex { $0.cost == cost } ?? 0
            }
            return (places, zip(candidates, places).reduce(0) { $0 + $1.0[$1.1].harm })
        }
    }
}
