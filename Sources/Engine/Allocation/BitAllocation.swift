internal import Quantization
package import Runs
internal import Vocabulary

extension SensitivityTable {
    /// The bits with the least total harm within a budget, on the assumption that the harms of sites add up.
    ///
    /// Exact: no other choice among the widths does less. With bytes or mean bits as the budget, activations have
    /// the plan's bits, since they are not stored.
    ///
    /// - Parameters:
    ///   - budget: What must not be exceeded.
    ///   - plan: Its `sites` fix the bits of what they match.
    ///   - weightBits: The widths to choose from for weights, each 2 through 8 or 16.
    ///   - activationBits: The widths to choose from for activations.
    /// - Returns: The allocation.
    /// - Throws: `RunFailure`: `.usage` where even the narrowest widths exceed the budget, for a width that was not
    ///   measured, or an override that is wrong.
    package func allocation(
        within budget: AllocationBudget, plan: RunPlan, weightBits: [Int], activationBits: [Int]
    ) throws(RunFailure) -> Allocation {
        let program = try AllocationProgram(
            table: self, budget: budget, plan: plan, weightBits: weightBits, activationBits: activationBits)
        return try program.solved()
    }

    /// The cost of bits.
    ///
    /// - Parameter bits: The bits of sites by name; a site that is not named counts as full precision.
    /// - Returns: The same bits with their harm and costs.
    package func allocation(of bits: [String: Int]) -> Allocation {
        func bitsOf(_ site: String) -> Int { bits[site] ?? 16 }
        let weightBits = sites.reduce(0) { $0 + ($1.weights ?? 0) * bitsOf($1.site) }
        return Allocation(
            sites: sites.map { SiteOverride(match: $0.site, bits: bitsOf($0.site)) },
            harm: sites.reduce(0) { $0 + ($1.harm(at: bitsOf($1.site)) ?? 0) },
            bytes: sites.reduce(fixedBytes) { $0 + $1.bytes(at: bitsOf($1.site)) },
            meanBits: Double(weightBits) / Double(max(1, weights)),
            bitOperations: products.reduce(0) { $0 + $1.bitOperations(at: $1.sites.map(bitsOf)) })
    }
}

/// The integer program of one allocation: groups of sites whose costs depend on one another.
private struct AllocationProgram {
    /// Sites that are decided on together.
    private struct Group {
        let sites: [SiteSensitivity]
        /// What they are the operands of, where bit operations count.
        let product: ProductShape?
        /// The bits of each site, for every choice.
        let choices: [[Int]]
    }

    private let table: SensitivityTable
    private let budget: AllocationBudget
    private let groups: [Group]

    init(
        table: SensitivityTable, budget: AllocationBudget, plan: RunPlan, weightBits: [Int],
        activationBits: [Int]
    ) throws(RunFailure) {
        self.table = table
        self.budget = budget
        var widths: [String: [Int]] = [:]
        for site in table.sites {
            let usual: Int
            do {
                let values = try plan.hyperparameters(of: site.unit)
                usual = site.weights == nil ? values.activationBits : values.weightBits
            } catch {
                throw RunFailure(.usage, "\(error)")
            }
            let fixed = plan.bits(of: site.site, otherwise: 0)
            let isFree = site.weights != nil || budget.countsActivations
            let candidates =
                fixed > 0 ? [fixed] : !isFree ? [usual] : site.weights == nil ? activationBits : weightBits
            // What a plan fixed may have any width: its harm is the same in every solution.
            if fixed == 0, isFree, let missing = candidates.first(where: { site.harm(at: $0) == nil }) {
                throw RunFailure(
                    .usage,
                    "\(site.site) was not measured at \(missing) bits; measure sensitivities again, into another file"
                )
            }
            widths[site.site] = candidates
        }
        groups = AllocationProgram.grouped(table, budget: budget).map { sites, product in
            Group(
                sites: sites, product: product,
                choices: sites.reduce([[]]) { choices, site in
                    choices.flatMap { choice in (widths[site.site] ?? []).map { choice + [$0] } }
                })
        }
    }

    /// The sites one by one, or, where bit operations count, the operands of each product together.
    private static func grouped(
        _ table: SensitivityTable, budget: AllocationBudget
    ) -> [(sites: [SiteSensitivity], product: ProductShape?)] {
        guard budget.countsActivations else { return table.sites.map { ([$0], nil) } }
        return table.products.map { product in
            (product.sites.compactMap { name in table.sites.first { $0.site == name } }, product)
        }
    }

    func solved() throws(RunFailure) -> Allocation {
        let fixed = fixedCost
        let program = MultipleChoiceKnapsack(
            groups: groups.map { group in
                group.choices.map { bits in
                    KnapsackChoice(
                        cost: cost(of: group, at: bits),
                        harm: zip(group.sites, bits).reduce(0) { $0 + ($1.0.harm(at: $1.1) ?? 0) })
                }
            })
        guard let places = program.solution(budget: limit - fixed) else {
            throw RunFailure(
                .usage,
                "the budget of \(words(limit)) cannot be kept: the narrowest widths take "
                    + words(program.leastCost + fixed))
        }
        var bits: [String: Int] = [:]
        for (group, place) in zip(groups, places) {
            for (site, width) in zip(group.sites, group.choices[place]) {
                bits[site.site] = width
            }
        }
        return table.allocation(of: bits)
    }

    /// What is paid whatever is chosen.
    private var fixedCost: Int {
        guard case .bytes = budget else { return 0 }
        return table.fixedBytes
    }

    /// The budget in the unit that costs are counted in.
    private var limit: Int {
        switch budget {
        case .bytes(let bytes): bytes
        case .bitOperations(let operations): operations
        case .meanBits(let bits):
            Int((bits * Double(table.weights)).rounded(.down))
        }
    }

    private func words(_ cost: Int) -> String {
        switch budget {
        case .bytes: "\(cost) bytes"
        case .bitOperations: "\(cost) bit operations"
        case .meanBits: "\(cost) bits of weights"
        }
    }

    private func cost(of group: Group, at bits: [Int]) -> Int {
        switch budget {
        case .bytes: zip(group.sites, bits).reduce(0) { $0 + $1.0.bytes(at: $1.1) }
        case .meanBits: zip(group.sites, bits).reduce(0) { $0 + ($1.0.weights ?? 0) * $1.1 }
        case .bitOperations: group.product?.bitOperations(at: bits) ?? 0
        }
    }
}

extension AllocationBudget {
    /// Whether the bits of activations count.
    fileprivate var countsActivations: Bool {
        guard case .bitOperations = self else { return false }
        return true
    }
}
