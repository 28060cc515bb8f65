import RunText
import Runs
import SampleRun
import Vocabulary

@testable import Reports

/// Runs as their journals tell them.
enum ReportSamples {
    /// A run after events, a second apart.
    static func run(_ events: [RunEvent]) -> ReportedRun {
        var run = ReportedRun()
        for (index, event) in events.enumerated() {
            var event = event
            if case .started(var summary) = event {
                summary.plan = SampleRun().plan.yaml
                event = .started(summary)
            }
            run.apply(JournalEntry(sequence: index + 1, seconds: Double(index), content: .event(event)))
        }
        return run
    }

    /// A finished run of three units, with a second attempt at one, a sweep, sites and images.
    static func finished(_ sample: SampleRun = SampleRun(blocks: 1, steps: 60)) -> ReportedRun {
        var run = run(
            sample.opening + sample.unitNames.indices.flatMap { sample.unit($0) }
                + sample.redo(1, attempt: 2, steps: 40) + sample.sweep(points: 25) + sample.ending)
        run.sites = (run.summary?.units ?? []).enumerated().flatMap { index, unit in
            unit.sites.map { sample.inspection(SiteRequest(site: $0), unit: index) }
        }
        run.images = sample.page(ImageRequest(images: .evaluation, count: 12))
        run.predictions = Predictions(
            labels: (0..<1000).map { $0 % 10 }, fullPrecision: (0..<1000).map { $0 % 10 },
            final: (0..<1000).map { $0 % 50 == 0 ? 3 : $0 % 10 }, kl: (0..<1000).map { Float($0 % 7) / 100 })
        return run
    }

    /// Its page, as text.
    static func page(_ run: ReportedRun) throws -> String {
        String(decoding: try ReportPage(of: run) { _ in [1, 2, 3] }.html(), as: UTF8.self)
    }
}
