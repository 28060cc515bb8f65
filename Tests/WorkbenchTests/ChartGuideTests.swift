import Foundation
import Runs
import SampleRun
import TerminalUI
import Testing
import Vocabulary

@testable import Workbench

/// docs/charts.md, whose pictures are drawn here, and whose words are those of the help.
@Suite("docs/charts.md", .serialized)
struct ChartGuideTests {
    private static let path = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../docs/charts.md")

    private static let patterns = ChartGuide.patterns.map(\.name)

    /// The part of the document below a heading.
    private func section(_ name: String, of document: String) throws -> Range<String.Index> {
        let start = try #require(document.range(of: "\n## \(name)\n")).upperBound
        let end = document.range(of: "\n## ", range: start..<document.endIndex)?.lowerBound
        return start..<(end ?? document.endIndex)
    }

    @Test("the pictures are what the workbench draws", arguments: patterns)
    func pictures(name: String) throws {
        var document = try String(contentsOf: Self.path, encoding: .utf8)
        let section = try section(name, of: document)
        let start = try #require(document.range(of: "```text\n", range: section)).upperBound
        let end = try #require(document.range(of: "```\n", range: start..<section.upperBound)).lowerBound
        let picture = try picture(of: name)
        guard ProcessInfo.processInfo.environment["RECORD_GOLDENS"] == "1" else {
            #expect(String(document[start..<end]) == picture)
            return
        }
        document.replaceSubrange(start..<end, with: picture)
        try document.write(to: Self.path, atomically: true, encoding: .utf8)
        Issue.record("recorded the picture of \(name)")
    }

    @Test("the document has the words of the help", arguments: ChartGuide.patterns)
    func words(pattern: ChartGuide.Pattern) throws {
        let document = try String(contentsOf: Self.path, encoding: .utf8)
        let text = document[try section(pattern.name, of: document)]
        #expect(text.contains("| you see | \(pattern.looks) |"))
        #expect(text.contains("| it means | \(pattern.meaning) |"))
        #expect(text.contains("| do | \(pattern.advice) |"))
    }

    @Test("the document has no other pattern")
    func complete() throws {
        let document = try String(contentsOf: Self.path, encoding: .utf8)
        let headings = document.split(separator: "\n").filter { $0.hasPrefix("## ") }.map { $0.dropFirst(3) }
        #expect(headings.map(String.init) == Self.patterns)
    }

    // MARK: - Pictures

    /// The panel that shows a pattern.
    private func picture(of name: String) throws -> String {
        var session = Session()
        session.press(.enter)
        let run = session.run
        session.tell(run.opening)
        if name != "Overfitting" { session.tell(run.unit(0)) }
        func learn(
            through last: Double = 1, ending: Double? = nil, _ ratio: @escaping (Double) -> Double
        ) -> [RunEvent] {
            var events = run.learning(1, steps: 200, isFinished: last == 1, ratio: ratio)
            if last < 1 { events = Array(events.prefix(2 + Int(200 * last))) }
            if let ending, case .unitFinished(var report)? = events.last {
                report.finalLoss = ending * report.calibratedLoss
                events[events.count - 1] = .unitFinished(report)
            }
            return events
        }
        var panel = Panel.reconstruction
        switch name {
        case "Rises first, then falls":
            session.tell(learn { 1 + 0.5 * $0 * (1 - $0) * (1 - $0) * 4 - 0.14 * $0 * $0 })
        case "Crosses late": session.tell(learn { 1 + 0.9 * $0 * (1 - $0) - 0.12 * $0 * $0 * $0 * $0 })
        case "Plateau": session.tell(learn { 1 - 0.13 * min(1, 2.2 * $0) * (2 - min(1, 2.2 * $0)) })
        case "Divergence": session.tell(learn(through: 0.75) { 1 + 9 * $0 * $0 * $0 })
        case "Put back":
            var events = learn { 1 + 2.6 * $0 * (1 - $0) + 0.35 * $0 }
            if case .unitFinished(var report)? = events.last {
                (report.reverted, report.finalLoss) = (true, report.calibratedLoss)
                events[events.count - 1] = .unitFinished(report)
            }
            session.tell(events)
        case "Drowned term":
            panel = .contributions
            session.tell(
                run.learning(1, steps: 200, isFinished: false, ratio: { 1 - 0.2 * $0 }).map { event in
                    guard case .stepped(var sample) = event, let norms = sample.gradientNorms else {
                        return event
                    }
                    sample.gradientNorms = Terms(block: norms.block, global: 0.004, local: norms.local)
                    return .stepped(sample)
                })
        default:
            for unit in run.unitNames.indices.dropLast() {
                var events = run.learning(unit, steps: 50, isFinished: true) { 1 - 0.4 * $0 }
                if case .unitFinished(var report)? = events.last {
                    report.heldOut = run.heldOut(unit, lossPerUnit: 0.7 + 0.05 * Double(unit))
                    events[events.count - 1] = .unitFinished(report)
                }
                session.tell(events)
            }
            session.press(.character("2"), .character("v"), .character("v"), .character("v"))
        }
        let frame = try #require(Layout(session.state).frame(of: panel))
        return session.grid.glyphRows[frame.y..<frame.endY].map { row in
            let columns = Array(row)
            return String(columns[frame.x..<frame.endX]) + "\n"
        }.joined()
    }
}
