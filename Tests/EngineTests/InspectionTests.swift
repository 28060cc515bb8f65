import TestSupport
import Engine
import Foundation
import Runs
import Testing
import Vocabulary

@Suite("Looking at a run")
struct InspectionTests {
    private let bench: Bench

    init() throws {
        bench = try Bench()
    }

    private func inspections(_ events: [RunEvent]) -> [SiteInspection] {
        events.compactMap { if case .siteInspected(let inspection) = $0 { inspection } else { nil } }
    }

    private func pages(_ events: [RunEvent]) -> [ImagePage] {
        events.compactMap { if case .imagesInspected(let page) = $0 { page } else { nil } }
    }

    @Test("every site can be looked at before its unit is quantized and after")
    func sites() throws {
        let probe = bench.run(try bench.plan([("steps", "0")]))
        guard case .started(let summary) = probe.first else { throw RunFailure(.internal, "no start") }
        let names = summary.units.flatMap(\.sites)
        let looks = names.map { RunCommand.inspectSite(SiteRequest(site: $0)) }
        let events = bench.script(
            try bench.plan(), to: "run", waits: true, [looks + [.step], looks + [.resume], looks + [.resume]])
        let found = inspections(events)
        #expect(found.map(\.request.site) == names + names + names)
        for (index, inspection) in found.enumerated() {
            let (site, name) = (inspection.request.site, "\(inspection.request.site), \(index / names.count)")
            let isQuantized = index >= 2 * names.count || index >= names.count && inspection.unit == 0
            #expect(inspection.attempt == (isQuantized ? 1 : nil), "\(name)")
            #expect(summary.units[inspection.unit].sites.contains(site))
            #expect(inspection.bits == (inspection.isWeight ? 3 : 4), "\(name)")
            #expect(inspection.isWeight == site.hasSuffix(".weight"))
            #expect(inspection.levels.count <= 1 << inspection.bits && inspection.levels.count > 1, "\(name)")
            #expect(inspection.levels == inspection.levels.sorted())
            #expect(inspection.histogram.counts.count == Histogram.bins, "\(name)")
            #expect((inspection.sqnrDb ?? 0) > 0, "\(name): \(String(describing: inspection.sqnrDb))")
            #expect((0...0.5).contains(inspection.clippedShare), "\(name)")
            #expect(inspection.channels.minima.count == inspection.channels.channels)
            let (lowest, highest) = (inspection.channels.minima.min(), inspection.channels.maxima.max())
            #expect(lowest.map(Double.init) == inspection.histogram.lower, "\(name)")
            #expect(highest.map(Double.init) == inspection.histogram.upper, "\(name)")
            #expect((inspection.attention != nil) == site.hasSuffix("attn.softmax"), "\(name)")
        }
    }

    @Test("an inspection of the first unit's weight equals its calibration's report")
    func agreesWithCalibration() throws {
        let events = bench.script(
            try bench.plan([
                ("steps", "0"), ("weight_solver", "nearest"), ("rotate", "false"),
            ]), to: "run",
            [
                [
                    .inspectSite(SiteRequest(site: "stem.proj.weight")),
                    .inspectSite(SiteRequest(site: "patch_embed.proj.weight")), .resume,
                ]
            ])
        var reported: [String: Double] = [:]
        for case .unitCalibrated(0, _, let sites, _) in events {
            for site in sites { reported[site.site] = site.sqnrDb }
        }
        let inspection = try #require(inspections(events).first)
        let sqnr = try #require(reported[inspection.request.site])
        #expect(abs(sqnr - (inspection.sqnrDb ?? 0)) < 1e-3)
        #expect(inspection.histogram.counts.reduce(0, +) == 16 * 16)
        #expect(inspection.groupCount == 16)
    }

    @Test("a group is looked at by itself, and an attention map before and after")
    func groupsAndAttention() throws {
        let events = bench.script(
            try bench.plan(), to: "run",
            [
                [
                    .inspectSite(SiteRequest(site: "head.weight", group: 2)),
                    .inspectSite(SiteRequest(site: "blocks.0.attn.softmax", group: 1, image: 40, head: 1)),
                    .resume,
                ]
            ])
        let found = inspections(events)
        try #require(found.count == 2)
        #expect(found[0].histogram.counts.reduce(0, +) == 16)
        #expect(found[0].levelsOfGroup == 2)
        // 32 images, 5 × 5 tokens, one head.
        #expect(found[1].histogram.counts.reduce(0, +) == 32 * 25)
        let attention = try #require(found[1].attention)
        #expect((attention.heads, attention.tokens) == (2, 5))
        #expect((attention.rows, attention.columns) == (5, 5))
        for row in 0..<5 {
            let sum = attention.fullPrecision[row * 5..<(row + 1) * 5].reduce(0, +)
            #expect(abs(sum - 1) < 1e-4)
        }
        #expect(attention.quantized != attention.fullPrecision)
        #expect(
            attention.quantized.allSatisfy { value in found[1].levels.contains { abs($0 - value) < 1e-6 } })
    }

    @Test("images come with what both models say, those first of which they differ")
    func images() throws {
        let request = ImageRequest(images: .evaluation, offset: 0, count: 40)
        let second = ImageRequest(images: .evaluation, offset: 25, count: 20)
        let events = bench.script(
            try bench.plan([("weight_bits", "2"), ("activation_bits", "2"), ("steps", "0")]), to: "run",
            waits: true,
            [
                [.inspectImages(request), .resume],
                [
                    .inspectImages(request), .inspectImages(second),
                    .inspectImages(ImageRequest(images: .calibration)), .resume,
                ],
            ])
        let found = pages(events)
        try #require(found.count == 4)
        #expect((found[0].unitsDone, found[0].differing) == (0, 0))
        #expect((found[1].unitsDone, found[1].total) == (4, 30))
        let final = try #require(events.report?.final)
        #expect(final.agreement == 100 * Double(30 - found[1].differing) / 30)
        #expect(found[1].differing > 0)
        for (place, image) in found[1].images.enumerated() {
            #expect((image.fullPrecision.label != image.quantized.label) == (place < found[1].differing))
            #expect((image.height, image.width, image.pixels.count) == (8, 8, 192))
            #expect((0...1).contains(image.quantized.probability))
        }
        #expect(Set(found[1].images.map(\.index)) == Set(0..<30))
        #expect(found[1].images[25...].map(\.index) == found[2].images.map(\.index))
        #expect(found[3].images.count == 24)
        #expect(found[3].images.allSatisfy { $0.label == nil })
        let right = found[1].images.count { $0.label == $0.quantized.label }
        #expect(final.top1 == 100 * Double(right) / 30)
        // The very bytes of the file, which is grey.
        let file = try Data(contentsOf: URL(filePath: bench.folder.file("evaluation.safetensors")))
        let image = try #require(found[1].images.first)
        let grey = stride(from: 0, to: 192, by: 3).map { image.pixels[$0] }
        #expect(file.range(of: Data(grey)) != nil)
    }

    @Test("answers to looks are not in the journal")
    func journal() throws {
        bench.script(
            try bench.plan([("steps", "0")]), to: "run",
            [
                [
                    .inspectSite(SiteRequest(site: "head.weight")),
                    .inspectImages(ImageRequest(images: .evaluation)), .resume,
                ]
            ])
        let events = try bench.journal("run").entries.compactMap { entry in
            if case .event(let event) = entry.content { event } else { nil }
        }
        #expect(inspections(events).isEmpty && pages(events).isEmpty)
        #expect(events.report != nil)
    }

    @Test(
        "attempts are compared on held-out images, from the first unit to the last, and no other result contains them"
    )
    func heldOut() throws {
        let plan = try bench.plan()
        let events = bench.run(plan, to: "run", heldOut: 40)
        let report = try #require(events.report)
        let baseline = try #require(report.heldOut)
        #expect(baseline.source == .evaluation)
        #expect(baseline.calibrated.count == 4)
        // A quarter of the evaluation images at most.
        #expect((baseline.fullPrecision.images, report.final?.images) == (10, 30))
        let whole = try evaluateModelOrRun(
            path: bench.folder.file("run"), dataPath: bench.folder.file("evaluation.safetensors"),
            referencePath: bench.folder.path, threads: 1)
        let (rest, held) = (try #require(report.final), try #require(report.units.last?.heldOut))
        func close(_ value: Double?, _ rest: Double?, _ held: Double?) throws -> Bool {
            let parts: Double = try 30 * #require(rest) + 10 * #require(held)
            let all: Double = try 40 * #require(value)
            return abs(all - parts) < 1e-9
        }
        #expect(try close(whole.kl, rest.kl, held.kl))
        #expect(try close(whole.agreement, rest.agreement, held.agreement))
        #expect(try close(whole.top1, rest.top1, held.top1))
        // The plan solves for weights; the same model with weights rounded to the nearest codes is another.
        #expect(baseline.roundedToNearest?.count == 4)
        #expect(baseline.roundedToNearest != baseline.calibrated)
        var nearest = plan
        nearest.hyperparameters.weightSolver = .nearest
        let plain = try #require(bench.run(nearest, heldOut: 40).report?.heldOut)
        #expect(plain.roundedToNearest == nil && plain.calibrated == baseline.roundedToNearest)
        #expect(report.units.allSatisfy { $0.heldOut?.images == 10 && $0.heldOut?.top1 != nil })
        // What single images say is with the attempts, and not in the report that sums up.
        for attempt in events.attempts {
            let kl = try #require(attempt.heldOutKl).map(Double.init)
            let mean = try #require(attempt.heldOut).kl
            #expect(kl.count == 10 && abs(kl.reduce(0, +) / 10 - mean) <= 1e-6 * mean)
        }
        #expect(report.units.allSatisfy { $0.heldOutKl == nil })
        let few = try #require(bench.run(plan, heldOut: 7).report)
        #expect(few.units.allSatisfy { $0.heldOut?.images == 7 })
        let none = try #require(bench.run(plan, heldOut: 0).report)
        #expect(none.heldOut == nil && none.units.allSatisfy { $0.heldOut == nil })
        #expect((few.final?.images, none.final?.images) == (33, 40))
        #expect(none.final?.kl == whole.kl)
    }

    @Test("without evaluation images, calibration images that the run does not use are held out")
    func heldOutCalibration() throws {
        var bench = bench
        bench.resources.evaluationPath = nil
        var plan = try bench.plan()
        plan.evaluation = nil
        plan.calibrationImages = 40
        let report = try #require(bench.run(plan).report)
        #expect(report.heldOut?.source == .calibration)
        #expect(report.units.allSatisfy { $0.heldOut?.images == 8 && $0.heldOut?.top1 == nil })
        plan.calibrationImages = 48
        #expect(try #require(bench.run(plan).report).heldOut == nil)
    }

    @Test("an estimate counts what the plan asks for")
    func estimate() throws {
        let estimator = try RunEstimator(resources: bench.resources, imageSize: nil, threads: 2)
        let plan = try bench.plan()
        let short = try estimator.estimate(plan)
        let long = try estimator.estimate(try bench.plan([("steps", "1200")]))
        #expect(short.unitSeconds.count == 4)
        #expect(short.seconds > 0 && short.bytes > 0 && short.operationsPerSecond > 0)
        #expect(long.preparationSeconds == short.preparationSeconds)
        for (a, b) in zip(short.unitSeconds, long.unitSeconds) { #expect(b > a) }
        let blind = try estimator.estimate(try bench.plan([("global_weight", "0"), ("local_weight", "0")]))
        #expect(blind.unitSeconds[0] < short.unitSeconds[0])
        let refitted = try estimator.estimate(try bench.plan([("relu_refit_steps", "100")]))
        #expect(refitted.preparationSeconds > short.preparationSeconds)
        #expect(refitted.bytes > short.bytes)
        var wrong = plan
        wrong.units = [
            UnitOverride(match: "head", changes: [HyperparameterChange(key: "steps", value: "-1")])
        ]
        #expect(throws: RunFailure.self) { try estimator.estimate(wrong) }
    }
}
