import TestSupport
import Engine
import Foundation
import Runs
import Testing

@Suite("Mixed precision")
struct AllocationTests {
    private static let widths = [2, 3, 4, 6, 8]

    private func table(
        _ bench: Bench, _ plan: RunPlan, activations: [Int] = [], measure: SensitivityMeasure = .divergence,
        threads: Int = 2
    ) throws -> SensitivityTable {
        try measureSensitivities(
            of: plan,
            request: SensitivityRequest(
                weightBits: Self.widths, activationBits: activations, measure: measure, images: 24),
            resources: bench.resources, threads: threads, progress: { _, _, _ in })
    }

    /// The least sum of harms that any choice of widths within a budget has, by looking at every one.
    private func leastHarm(
        of sites: [SiteSensitivity], cost: (SiteSensitivity, Int) -> Int, budget: Int
    ) -> Double {
        var best = Double.infinity
        func go(_ index: Int, _ spent: Int, _ harm: Double) {
            guard spent <= budget, harm < best else { return }
            guard index < sites.count else {
                best = harm
                return
            }
            for width in sites[index].widths {
                go(index + 1, spent + cost(sites[index], width.bits), harm + width.harm)
            }
        }
        go(0, 0, 0)
        return best
    }

    @Test(
        "every site is measured alone: narrower codes do more harm",
        arguments: SensitivityMeasure.allCases)
    func sensitivities(measure: SensitivityMeasure) throws {
        let bench = try Bench()
        let table = try table(bench, try bench.plan(), activations: [2, 8], measure: measure)
        #expect(table.sites.map(\.site).contains("blocks.1.attn.softmax"))
        #expect(table.sites.count == 10 + 17)
        for site in table.sites {
            let (narrow, wide) = (try #require(site.harm(at: 2)), try #require(site.harm(at: 8)))
            #expect(narrow > wide, "\(site.site): \(narrow) at 2 bits, \(wide) at 8")
            #expect(wide >= 0)
        }
    }

    @Test("the table does not depend on the number of threads")
    func threads() throws {
        let bench = try Bench()
        let plan = try bench.plan()
        #expect(try table(bench, plan, threads: 1) == table(bench, plan, threads: 3))
    }

    @Test("sizes and mean bits are kept, and no other choice does less harm", arguments: [2.4, 3, 3.7, 5])
    func optimal(mean: Double) throws {
        let bench = try Bench()
        let plan = try bench.plan([("weight_solver", "nearest")])
        let table = try table(bench, plan)
        let weights = table.sites.filter { $0.weights != nil }
        let count = weights.reduce(0) { $0 + ($1.weights ?? 0) }
        let byBits = try table.allocation(
            within: .meanBits(mean), plan: plan, weightBits: Self.widths, activationBits: [])
        #expect(byBits.meanBits <= mean)
        let activations = byBits.harm - harm(of: weights, in: byBits)
        #expect(activations == 0)
        #expect(
            abs(
                harm(of: weights, in: byBits)
                    - leastHarm(
                        of: weights, cost: { ($0.weights ?? 0) * $1 }, budget: Int(mean * Double(count))))
                < 1e-12)
        let bySize = try table.allocation(
            within: .bytes(byBits.bytes), plan: plan, weightBits: Self.widths, activationBits: [])
        #expect(bySize.bytes <= byBits.bytes)
        #expect(bySize.harm <= byBits.harm)
    }

    private func harm(of sites: [SiteSensitivity], in allocation: Allocation) -> Double {
        sites.reduce(0) { sum, site in
            let bits = allocation.sites.first { $0.match == site.site }?.bits ?? 0
            return sum + (site.harm(at: bits) ?? .infinity)
        }
    }

    @Test("a run of an allocated plan is not larger than its budget", arguments: [0, 12])
    func size(steps: Int) throws {
        let bench = try Bench()
        var plan = try bench.plan([("steps", "\(steps)")])
        let table = try table(bench, plan)
        let uniform = table.allocation(
            of: Dictionary(uniqueKeysWithValues: table.sites.map { ($0.site, $0.weights == nil ? 4 : 3) }))
        let allocation = try table.allocation(
            within: .bytes(uniform.bytes), plan: plan, weightBits: Self.widths, activationBits: [])
        #expect(Set(allocation.sites.map(\.bits)).count > 1)
        #expect(allocation.bytes <= uniform.bytes)
        plan.sites = allocation.sites
        guard case .finished(let report) = bench.run(plan).last else {
            Issue.record("the run did not finish")
            return
        }
        #expect(report.bytes <= uniform.bytes)
    }

    @Test("bit operations are kept, with activations chosen as well")
    func bitOperations() throws {
        let bench = try Bench()
        let plan = try bench.plan()
        let table = try table(bench, plan, activations: Self.widths)
        let uniform = table.allocation(
            of: Dictionary(uniqueKeysWithValues: table.sites.map { ($0.site, 4) }))
        // The stem reads pixels of 8 bits: 4 patches of 16 pixels into 16 features, and so on.
        #expect(table.products.count == 10 + 4)
        let stem = try #require(table.products.first)
        #expect(stem.sites == ["patch_embed.proj.weight"])
        #expect(stem.multiplications == 4 * 16 * 16)
        let scores = try #require(table.products.first { $0.sites.contains("blocks.0.attn.q") })
        #expect(scores.sites == ["blocks.0.attn.q", "blocks.0.attn.k"])
        #expect(scores.multiplications == 2 * 5 * 5 * 8)
        let allocation = try table.allocation(
            within: .bitOperations(uniform.bitOperations), plan: plan, weightBits: Self.widths,
            activationBits: Self.widths)
        #expect(allocation.bitOperations <= uniform.bitOperations)
        #expect(allocation.bitOperations > uniform.bitOperations * 9 / 10)
        #expect(allocation.harm < uniform.harm)
    }

    @Test("sites that a plan fixes keep their bits, and the others keep the budget")
    func overrides() throws {
        let bench = try Bench()
        var plan = try bench.plan()
        let table = try table(bench, plan)
        plan.sites = [
            SiteOverride(match: "*.mlp.*.weight", bits: 2), SiteOverride(match: "*.fc2.weight", bits: 8),
        ]
        let allocation = try table.allocation(
            within: .meanBits(5), plan: plan, weightBits: Self.widths, activationBits: [])
        for site in allocation.sites where site.match.hasSuffix("fc1.weight") { #expect(site.bits == 2) }
        for site in allocation.sites where site.match.hasSuffix("fc2.weight") { #expect(site.bits == 8) }
        #expect(allocation.meanBits <= 5)
    }

    @Test("a budget that cannot be kept, and widths that were not measured, are refused")
    func refused() throws {
        let bench = try Bench()
        let plan = try bench.plan()
        let table = try table(bench, plan)
        for (budget, weights, words) in [
            (AllocationBudget.meanBits(1.9), Self.widths, "cannot be kept: the narrowest widths take"),
            (.bytes(10), Self.widths, "cannot be kept: the narrowest widths take"),
            (.meanBits(3), [2, 5], "was not measured at 5 bits"),
        ] {
            let failure = #expect(throws: RunFailure.self) {
                try table.allocation(
                    within: budget, plan: plan, weightBits: weights, activationBits: [])
            }
            #expect(failure?.message.contains(words) == true, "\(failure?.message ?? "")")
        }
    }

    @Test("a table is read back as it was written, and one that is damaged or cannot be right is refused")
    func files() throws {
        let bench = try Bench()
        var table = try table(bench, try bench.plan())
        let path = bench.folder.file("sensitivities.json")
        try table.write(to: path)
        #expect(try SensitivityTable(path: path) == table)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let harm = try #require(text.firstMatch(of: /"harm": (\d)/)).output.1
        try Data(text.replacing("\"harm\": \(harm)", with: "\"harm\": 8", maxReplacements: 1).utf8)
            .write(to: URL(filePath: path))
        let error = #expect(throws: RunFailure.self) { try SensitivityTable(path: path) }
        #expect(error?.message.contains("does not match the SHA-256") == true)
        table.products[0].sites = ["blocks.9.attn.q"]
        try table.write(to: path)
        #expect(throws: RunFailure.self) { try SensitivityTable(path: path) }
    }
}
