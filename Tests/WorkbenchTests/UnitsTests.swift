import ChartScale
import Runs
import RunText
import SampleRun
import TerminalUI
import Testing

@testable import Workbench
import Vocabulary

@Suite("Units")
struct UnitsTests {
    /// A session whose units have the names of a Swin, waiting before the fourth.
    private func swin(width: Int, height: Int = 40) -> Session {
        var session = Session(at: .waiting, width: width, height: height, run: SampleRun(swin: true))
        session.press(.character("1"))
        return session
    }

    @Test("no name is cut while there is room beside it", arguments: [120, 150, 200])
    func names(width: Int) {
        let text = swin(width: width).text
        #expect(text.contains("layers.0.blocks.1") && text.contains("layers.0.downsample"))
    }

    @Test("a ratio column says how far each loss fell; other columns come as there is room")
    func columns() {
        let narrow = Session(at: .waiting, width: 80, height: 24).text
        #expect(narrow.contains("ratio") && narrow.contains("×0.34") && !narrow.contains("curve"))
        let large = Session(at: .waiting, width: 200, height: 60).text
        for title in ["ratio", "KL held", "w/a", "att", "curve"] {
            #expect(large.contains(title), "\(title)")
        }
        #expect(large.contains("▇▄▃▂▁▁"))
    }

    @Test("units with other bits than the rest keep their bits in view")
    func bits() {
        var session = Session(at: .waiting)
        #expect(!session.text.contains("w/a "))
        session.tell([
            .changed(units: [5], changes: [HyperparameterChange(key: "weight_bits", value: "2")])
        ])
        #expect(session.text.contains("w/a ") && session.text.contains("2/4"))
    }

    @Test("the panel is as high as its rows, and parameters get the rest", arguments: [(120, 40), (200, 60)])
    func height(width: Int, height: Int) throws {
        let session = Session(at: .waiting, width: width, height: height)
        let units = try #require(Layout(session.state).frame(of: .units))
        #expect(units.height == 8 + 3)
        let many = Session(at: .waiting, width: width, height: height, run: SampleRun(blocks: 60))
        let full = try #require(Layout(many.state).frame(of: .units))
        #expect(full.height > units.height && full.height < height - 10)
    }
}

@Suite("Contributions of all units")
struct UnitsOverviewTests {
    /// A finished session in which the global term of blocks.0 has a share of 3 %, and the stem no local term.
    private func session(width: Int = 120, height: Int = 40) -> Session {
        var session = Session(at: .finished, width: width, height: height)
        for (unit, local) in [(0, nil), (1, 0.07)] as [(Int, Double?)] {
            session.state.run?.units[unit].begin(attempt: 1)
            let events = session.run.learning(unit, attempt: 1, steps: 20, isFinished: false) { 1 - 0.3 * $0 }
            for case .stepped(var sample) in events {
                sample.gradientNorms = Terms(block: 0.9, global: unit == 0 ? 0.1 : 0.03, local: local)
                if local == nil { sample.terms.local = nil }
                session.state.run?.units[unit].take(sample)
            }
            let report = session.state.run?.units[unit].report
            session.state.run?.units[unit].settle(report)
        }
        session.press(.character("3"))
        return session
    }

    @Test("the end shows each term's share in every unit, and its ratio, instead of the last unit's chart")
    func end() throws {
        let session = session()
        #expect(session.text.contains("all units"))
        let row = try #require(session.grid.glyphRows.last { $0.contains("│stem") })
        #expect(row.contains("90 %") && row.contains("10 %") && row.contains("–") && row.contains("×0.34"))
    }

    @Test("a share of 3 % is in view, as a number, as a cell of the bar, and as a steady line")
    func smallShare() throws {
        var session = session(width: 200, height: 60)
        let area = Layout(session.state).content(of: .contributions)
        let row = try #require(
            (area.y..<area.endY).map { session.grid.glyphRows[$0] }.first { $0.contains("blocks.0") })
        #expect(row.contains("3 %") && row.contains("▒"))
        session.press(.character("]"), .character("]"))
        let frame = Layout(session.state).content(of: .contributions)
        let series = ContributionParts(try #require(session.state.shownCurves), in: frame)
        #expect(series.chart.height >= 5)
        let shares = try #require(session.state.shownCurves).gradients.shares
        #expect(shares.global.allSatisfy { abs($0.y - 0.03) < 1e-9 } && !shares.global.isEmpty)
        #expect(session.text.contains("global 3 %"))
    }

    @Test("a click on a unit shows it, and v shows the units of a run in progress")
    func choosing() throws {
        var session = session()
        let area = Layout(session.state).content(of: .contributions)
        session.click(x: area.x + 2, y: area.y + 2)
        #expect(session.state.shownUnit == 1 && !session.state.showsAllUnits)
        var running = Session(at: .running)
        running.press(.character("3"), .character("v"))
        #expect(running.text.contains("weighted losses") || running.text.contains("─ losses"))
        running.press(.character("v"))
        #expect(running.text.contains("all units") && running.text.contains("│unit"))
        running.press(.character("v"))
        #expect(running.text.contains("gradient"))
    }

    @Test("a term that is off says why")
    func absence() {
        var curves = UnitCurves(steps: 10, isHead: true)
        curves.append(
            StepSample(
                unit: 7, attempt: 1, step: 1, steps: 10, loss: 1, terms: Terms(block: 1),
                weighted: Terms(block: 1)))
        #expect(
            ContributionParts.absence(curves)
                == "no global or local term: the head's block term is the KL of the logits already")
        #expect(ContributionParts.absence(curves, isShort: true) == "no global, local: logits' KL")
        var used = Hyperparameters()
        used.globalWeight = 0
        var stem = UnitCurves(steps: 10, hyperparameters: used)
        stem.append(
            StepSample(
                unit: 0, attempt: 1, step: 1, steps: 10, loss: 1, terms: Terms(block: 1),
                weighted: Terms(block: 1)))
        #expect(
            ContributionParts.absence(stem).hasPrefix(
                "no global term: global_weight is 0; no local term: this unit has no operators"))
    }

    @Test("charts of the full screen have one axis of steps")
    func oneAxis() throws {
        var session = Session(at: .waiting)
        session.press(.character("3"), .character("f"))
        let axes = session.grid.glyphRows.filter { $0.contains("╰0─") }
        #expect(axes.count == 1)
        let columns = ["100┤", "0┤", "qkv "].map { mark in
            session.grid.glyphRows.first { $0.contains(mark) }
        }
        #expect(columns.allSatisfy { $0 != nil })
        let content = Layout(session.state).content(of: .contributions)
        let curves = try #require(session.state.shownCurves)
        let parts = ContributionParts(curves, in: content)
        #expect(parts.hasCommonSteps && parts.labelWidth == 9)
    }
}
