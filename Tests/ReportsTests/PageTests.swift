import Foundation
import RunText
import Runs
import SampleRun
import Testing
import Vocabulary

@testable import Reports

@Suite("Page of a run")
struct PageTests {
    @Test("texts cannot become elements, attributes or control characters")
    func escapes() {
        let text = "<b a='1' c=\"2\">&\u{202E}\u{0}"
        let markup: Markup = "<i title=\"\(text)\">\(text)</i>"
        let inside = "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;\\u202e\\u0000"
        #expect(markup.text == "<i title=\"\(inside)\">\(inside)</i>")
    }

    @Test("no name of a model, unit, site, class, file or key leaves its place, nor ends the series")
    func hostile() throws {
        let evil = "</script></style><img src=x onerror=alert(1)>\" onload=\"alert(2)"
        let sample = SampleRun(blocks: 1, steps: 20)
        var events = sample.opening + sample.unitNames.indices.flatMap { sample.unit($0) } + sample.ending
        guard case .started(var summary) = events[0] else { return }
        summary.model = evil
        summary.architecture = evil
        summary.classNames = (0..<10).map { "\(evil)\($0)" }
        summary.units = summary.units.map {
            UnitSummary(name: $0.name + evil, parameters: 1, sites: $0.sites.map { $0 + evil })
        }
        events[0] = .started(summary)
        events.append(.warning(evil))
        events.append(.exported(format: .packed, path: evil, SampleRun.written(1000)))
        var run = ReportSamples.run(events)
        run.images = sample.page(ImageRequest(images: .evaluation, count: 4))
        run.sites = summary.units.enumerated().flatMap { index, unit in
            unit.sites.map { sample.inspection(SiteRequest(site: $0), unit: index) }
        }
        run.missing = evil
        let page = try ReportSamples.page(run)
        let shown = try #require(page.components(separatedBy: RunSeries.opening).first)
        #expect(!page.contains("<img src=x") && !shown.contains("\" onload="))
        #expect(page.components(separatedBy: "</script>").count == 2)
        #expect(page.components(separatedBy: "</style>").count == 2)
        #expect(try RunSeries(file: Array(page.utf8), path: "x") == run.series)
        #expect(try Elements.unclosed(page) == [])
    }

    @Test("needs nothing but itself, and runs nothing")
    func closed() throws {
        let page = try ReportSamples.page(ReportSamples.finished())
        #expect(page.contains("default-src 'none'; style-src 'unsafe-inline'; img-src data:"))
        for word in ["http:", "https:", "url(", "@import", "<link", "<script>", "onclick", "javascript:"] {
            #expect(!page.contains(word), "\(word)")
        }
        let sources = page.components(separatedBy: "src=\"").dropFirst()
        #expect(sources.count == 3 && sources.allSatisfy { $0.hasPrefix("data:image/png;base64,AQID\"") })
        #expect(try Elements.unclosed(page) == [])
        #expect(page.utf8.count < 1 << 20)
        // Nothing of the page itself is escaped as if it came from outside.
        #expect(!page.contains("=&quot;") && !page.contains("&lt;"))
    }

    @Test("has every part of a finished run, each with its entry in the contents")
    func parts() throws {
        let page = try ReportSamples.page(ReportSamples.finished())
        let anchors = [
            "result", "size", "convergence", "contributions", "sweep", "sites", "images", "decisions",
            "settings",
            "verification", "reproduction",
        ]
        for anchor in anchors {
            #expect(page.contains("<section id=\"\(anchor)\">"), "\(anchor)")
            #expect(page.contains("<a href=\"#\(anchor)\">"), "\(anchor)")
        }
        for unit in 0..<3 {
            #expect(page.contains("id=\"unit-\(unit)\"") && page.contains("href=\"#unit-\(unit)\""))
        }
        // The verdict and the attempts of the unit that was redone.
        let curves = try #require(ReportSamples.finished().attempts[1][1].curves)
        let report = try #require(ReportSamples.finished().attempts[1][1].report)
        #expect(page.contains(try #require(curves.verdicts(report).first)))
        #expect(page.contains("attempt 2, chosen") && page.contains("redoing"))
        #expect(page.contains("20 of 1 000 predictions changed: 20 from right to wrong"))
        #expect(page.contains("90.90 <small>%</small>") && page.contains("± ") && page.contains("change −"))
        #expect(page.components(separatedBy: "<svg class=\"chart histogram\"").count == 1 + 9)
    }

    @Test("says what is missing of a run that has not finished, or whose images are gone")
    func unfinished() throws {
        let sample = SampleRun(blocks: 1, steps: 20)
        var run = ReportSamples.run(sample.opening + sample.unit(0, through: 11))
        #expect(try ReportSamples.page(run).contains("The run has not finished"))
        run = ReportSamples.run(sample.whole)
        run.missing = "The images are gone."
        let page = try ReportSamples.page(run)
        #expect(page.contains("The images are gone.") && !page.contains("histogram\" viewBox"))
        #expect(page.contains("attn.softmax"))
        #expect(try Elements.unclosed(ReportSamples.page(ReportSamples.run([]))) == [])
    }
}

/// The elements of a page.
enum Elements {
    private static let empty: Set = ["meta", "img", "!DOCTYPE"]

    struct Stray: Error {
        let tag: String
    }

    /// The elements that are opened and not closed, in order.
    ///
    /// - Throws: `Stray` for an end without a beginning.
    static func unclosed(_ page: String) throws -> [String] {
        var open: [String] = []
        for part in page.split(separator: "<", omittingEmptySubsequences: true) {
            guard let end = part.firstIndex(of: ">") else { continue }
            let tag = part[..<end]
            let name = String(tag.prefix { $0 != " " && $0 != "/" && $0 != "\n" })
            if tag.hasPrefix("/") {
                guard open.last == String(tag.dropFirst()) else { throw Stray(tag: "\(tag) in \(open)") }
                open.removeLast()
            } else if !tag.hasSuffix("/"), !empty.contains(name), page.contains("<\(name)") {
                open.append(name)
            }
        }
        return open
    }
}
