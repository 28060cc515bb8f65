import ChartScale
import RunText
import Runs
import SampleRun
import TerminalUI
import Testing

@testable import Workbench
import Vocabulary

@Suite("Verdicts on curves")
struct CurveVerdictTests {
    /// A curve of ratios with a wobble of ±3 % that depends on nothing but the step.
    private func curve(_ steps: Int = 200, _ ratio: (Double) -> Double) -> [ChartPoint] {
        (1...steps).map { step in
            let wobble = 1 + 0.06 * (Double(step * 7919 % 101) / 100 - 0.5)
            return ChartPoint(x: Double(step), y: ratio(Double(step) / Double(steps)) * wobble)
        }
    }

    @Test("a falling curve is improving, a level one flat, also where it lies above the calibrated unit")
    func trends() throws {
        let falling = try #require(CurveVerdict(curve { 1 - 0.3 * $0 }, progress: 1))
        #expect(falling.trend == .improving && abs(falling.ratio - 0.72) < 0.02)
        #expect(falling.text == "−28 %, still improving")
        let plateau = try #require(CurveVerdict(curve { 0.9 + 0.2 * max(0, 0.5 - $0) }, progress: 1))
        #expect(plateau.trend == .flat && plateau.text == "−10 %, flat")
        #expect(CurveVerdict(curve { _ in 6 }, progress: 1)?.trend == .flat)
    }

    @Test("a rise is one while learning rates are high, and a divergence in the second half above calibrated")
    func rises() {
        #expect(CurveVerdict(curve(40) { 1 + $0 }, progress: 0.2)?.trend == .rising)
        #expect(CurveVerdict(curve { 1 + 3 * $0 }, progress: 0.9)?.trend == .diverging)
        #expect(CurveVerdict(curve { 0.5 + 0.3 * $0 }, progress: 0.9)?.trend == .rising)
        var broken = curve { _ in 1 }
        broken.append(ChartPoint(x: 201, y: .nan))
        #expect(CurveVerdict(broken, progress: 0.3)?.trend == .diverging)
    }

    @Test("noise alone is no trend, and a few points are none either")
    func noise() {
        #expect(CurveVerdict(curve(30) { _ in 1 }, progress: 1)?.trend == .flat)
        #expect(CurveVerdict(curve(11) { 1 - $0 / 2 }, progress: 0.1)?.trend == .begun)
        #expect(CurveVerdict([], progress: 0) == nil)
    }
}

@Suite("Reconstruction chart")
struct LossChartTests {
    /// A session whose units have curves of given ratios, with the last one in work.
    private func session(
        _ ratios: [(steps: Int, (Double) -> Double)], finished: Int = 0, width: Int = 120, height: Int = 40
    ) -> Session {
        var session = Session(width: width, height: height)
        session.press(.enter)
        session.tell(session.run.opening)
        for (unit, curve) in ratios.enumerated() {
            session.tell(
                session.run.learning(unit, steps: curve.steps, isFinished: unit < finished, ratio: curve.1))
        }
        return session
    }

    @Test("losses are divided by the calibrated loss, which is a line named at 1.00")
    func ratio() throws {
        let session = session([(100, { 1.2 - 0.3 * $0 })])
        let chart = try #require(LossChart(session.state))
        #expect(chart.chart.reference == ReferenceLine(1, label: "calibrated", isBetterBelow: true))
        let last = try #require(chart.chart.series.last?.points.last)
        #expect(abs(last.y - 0.9) < 0.03)
        #expect(session.text.contains(" 1.0┤") && session.text.contains(" calibrated"))
        #expect(session.text.contains("stem") && session.text.contains("%, still improving"))
    }

    @Test("a change of 11 % fills the chart, also on a logarithmic axis", arguments: [true, false])
    func tightRange(isLog: Bool) throws {
        var session = session([(100, { 1 - 0.11 * $0 })])
        session.state.chart.isLogarithmicY = isLog
        let axis = try #require(LossChart(session.state)).chart.yAxis
        #expect(axis.scale == (isLog ? .log : .linear))
        #expect(axis.range.lowerBound > 0.8 && axis.range.upperBound < 1.1)
        let labels = axis.ticks(count: 5).map(\.label)
        #expect(labels.count >= 3 && Set(labels).count == labels.count)
    }

    @Test(
        "another unit is drawn only if it was asked for, at its own steps, and its value is that of the same step"
    )
    func comparedUnit() throws {
        var session = session([(200, { 1 - 0.5 * $0 }), (60, { _ in 1 })], finished: 1)
        #expect(try #require(LossChart(session.state)).chart.series.count == 1)
        session.press(.character("["), .character("c"), .character("]"))
        session.state.chart.smoothing = 0
        session.state.chart.place(cursor: 46.0 / 60)
        let chart = try #require(LossChart(session.state)).chart
        #expect(chart.series.count == 2 && chart.xRange == 0...60)
        let other = chart.series[0]
        // The unit of 200 steps is at step 46, not at the same share of its steps.
        let shown = try #require(other.points.min { abs($0.x - 46) < abs($1.x - 46) })
        #expect(abs(shown.x - 46) <= 1 && abs(shown.y - (1 - 0.5 * 46 / 200)) < 0.02)
        #expect(other.label == "stem  ×0.8\(shown.y < 0.885 ? 8 : 9)", "\(other.label)")
        // The other way round, the shorter curve has ended before.
        session.press(.character("c"), .character("["))
        session.state.chart.place(cursor: 1)
        let ended = try #require(LossChart(session.state)).chart.series[0].label
        #expect(ended.hasPrefix("blocks.0  ×") && ended.hasSuffix(" at 60"), "\(ended)")
    }

    @Test("the value of a legend is that of the curve drawn, smoothed as it is")
    func smoothedLegend() throws {
        var session = session([(100, { 1 - 0.5 * $0 }), (100, { $0 < 0.5 ? 1 : 2 })], finished: 1)
        session.press(.character("["), .character("c"), .character("]"))
        session.state.chart.smoothing = 3
        let series = try #require(LossChart(session.state)?.chart.series.last)
        let last = try #require(series.points.last)
        #expect(last.y < 1.9 && series.label == "blocks.0  \(QuantityText.factor(last.y))", "\(series.label)")
    }

    @Test("smoothing follows a short attempt as closely as a long one", arguments: [20, 30, 100, 200])
    func smoothing(steps: Int) throws {
        let points = (1...steps).map { ChartPoint(x: Double($0), y: 2 - Double($0) / Double(steps)) }
        let last = try #require(ChartView().smoothed(points, steps: steps).last)
        #expect(last.y > 1 && last.y < 1.12, "\(last.y)")
    }

    @Test("an attempt that diverged does not flatten the one shown")
    func otherAttempts() throws {
        let own = (0...100).map { ChartPoint(x: Double($0), y: 1 - 0.001 * Double($0)) }
        let other = (0...100).map { ChartPoint(x: Double($0), y: 1 + Double($0)) }
        let range = UnitCurves.ratioRange(of: own, others: [other], within: 0...100, scale: .log)
        #expect(range.lowerBound > 0.7 && range.upperBound < 1.3)
        let near = UnitCurves.ratioRange(
            of: own, others: [own.map { ChartPoint(x: $0.x, y: 1.08) }], within: 0...100, scale: .log)
        #expect(near.contains(1.08))
    }

    @Test("journals that do not tell the calibrated loss, and other distances, compare with the first step")
    func firstStep() {
        var curves = UnitCurves(steps: 10)
        curves.append(
            StepSample(
                unit: 0, attempt: 1, step: 1, steps: 10, loss: 2, terms: Terms(block: 2), weighted: Terms()))
        #expect(curves.reference == UnitCurves.Reference(value: 2, isCalibrated: false))
        curves.calibratedLoss = 4
        #expect(curves.reference == UnitCurves.Reference(value: 4, isCalibrated: true))
        var used = Hyperparameters()
        used.blockDistance = .brecq
        var others = UnitCurves(steps: 10, hyperparameters: used, calibratedLoss: 4)
        #expect(others.reference == nil)
        others.append(
            StepSample(
                unit: 0, attempt: 1, step: 1, steps: 10, loss: 3, terms: Terms(block: 3), weighted: Terms()))
        #expect(others.reference?.name == "first step")
        // The head's block term is the KL of the logits, whatever the distance.
        #expect(
            UnitCurves(steps: 10, hyperparameters: used, isHead: true, calibratedLoss: 4).reference?.value
                == 4)
    }

    @Test("the strip below has the learning rate of the attempt: it rises, then falls to the last step")
    func rate() throws {
        var session = session([(200, { _ in 1 })])
        let strip = try #require(session.grid.glyphRows.first { $0.contains("rate ") })
        let glyphs = strip.split(separator: "rate ")[1].filter { "▁▂▃▄▅▆▇█".contains($0) }
        let peak = try #require(glyphs.firstIndex(of: "█"))
        let before = glyphs.distance(from: glyphs.startIndex, to: peak)
        #expect((3...9).contains(before), "\(glyphs)")
        #expect(glyphs.last == "▁" && glyphs.count > 60)
        session.tell([
            .unitStarted(
                unit: 1, attempt: 1,
                hyperparameters: [
                    HyperparameterChange(key: "rate_schedule", value: "constant"),
                    HyperparameterChange(key: "warm_up", value: "0"),
                ])
        ])
        session.tell([
            .stepped(
                StepSample(
                    unit: 1, attempt: 1, step: 1, steps: 50, loss: 1, terms: Terms(block: 1),
                    weighted: Terms(block: 1)))
        ])
        let level = try #require(session.grid.glyphRows.first { $0.contains("rate ") })
        #expect(level.contains(String(repeating: "█", count: 60)) && !level.contains("▄"))
    }

    @Test(
        "a unit that got worse shows the rates that it had, and in which state it is kept", arguments: [0, 7])
    func loweredRates(restored: Int) throws {
        var session = Session(at: .running)
        let unit = try #require(session.state.run?.currentUnit)
        let attempt = try #require(session.state.run?.units[unit].attempt)
        func strip() -> String { session.grid.glyphRows.first { $0.contains("rate  ") } ?? "" }
        let before = strip().count { $0 == "█" }
        session.tell([
            .rateLowered(
                unit: unit, attempt: attempt, step: 60, restoredStep: restored, ratio: 1.4, factor: 0.1)
        ])
        #expect(session.text.contains("rates ÷ 10") && strip().count { $0 == "█" } < before)
        session.tell([
            .rateLowered(
                unit: unit, attempt: attempt, step: 241, restoredStep: restored, ratio: 1.1, factor: nil)
        ])
        #expect(strip().count { "▁▂▃▄▅▆▇█".contains($0) } < 40)
        var report = session.run.report(unit)
        report.attempt = attempt
        session.tell([.unitFinished(report)])
        session.press(.character("2"))
        session.state.choose(unit: unit)
        #expect(
            session.text.contains(
                restored == 0 ? "as calibrated: learning ended at" : "the best state, after step 7"))
    }

    @Test("rates begin anew for the steps of all units together, whatever became of the head's own")
    func jointRates() throws {
        var used = Hyperparameters()
        (used.steps, used.jointSteps, used.warmUp) = (10, 20, 0)
        var head = UnitCurves(steps: 30, hyperparameters: used, isHead: true)
        #expect(head.rateShare(at: 1) == 1 && head.rateShare(at: 11) == 1)
        #expect(try #require(head.rateShare(at: 21)) == 0.5)
        #expect(head.rateShare(at: 31) == nil)
        head.append(RateMark(step: 6, restored: 2, factor: nil))
        #expect(head.rateShare(at: 8) == nil && head.rateShare(at: 11) == 1)
        #expect(UnitCurves(steps: 10, hyperparameters: used).rateShare(at: 11) == nil)
        used.stopAfter = 15
        head = UnitCurves(steps: 30, hyperparameters: used, isHead: true)
        #expect(head.rateShare(at: 15) != nil && head.rateShare(at: 16) == nil)
    }

    @Test("a unit of which only a share of what it learned is kept says which")
    func keptShare() throws {
        var session = Session(at: .running)
        let unit = try #require(session.state.run?.currentUnit)
        var report = session.run.report(unit)
        report.attempt = try #require(session.state.run?.units[unit].attempt)
        session.tell([
            .steppedBack(unit: unit, attempt: report.attempt, share: 0.25), .unitFinished(report),
        ])
        session.press(.character("2"))
        session.state.choose(unit: unit)
        #expect(session.text.contains("25 % of what it learned is kept"))
    }

    @Test("a unit that was put back says where learning ended")
    func putBack() {
        var session = session([(100, { 1 + $0 })])
        var report = session.run.report(0, reverted: true)
        report.finalLoss = report.calibratedLoss
        session.tell([.unitFinished(report)])
        #expect(session.text.contains("put back: learning ended at +9"))
    }

    @Test("v shows every term as measured, then held-out measures, then the loss again")
    func views() {
        var session = Session(at: .waiting)
        session.press(.character("2"), .character("v"))
        #expect(session.state.lossView == .terms && session.text.contains("━ global  "))
        #expect(session.text.contains("block, calibrated"))
        session.press(.character("v"))
        #expect(session.state.lossView == .heldOut(.top1))
        session.press(.character("v"), .character("v"))
        #expect(session.state.lossView == .ratio)
    }

    @Test("where the title has no room the verdict is in the chart", arguments: [80, 60])
    func narrow(width: Int) {
        var session = Session(at: .running, width: width, height: width == 80 ? 24 : 16)
        session.press(.character("2"))
        #expect(session.text.contains("blocks.2   −") && session.text.contains("still improving"))
    }
}
