import ChartScale
import RunText
import SampleRun
import Runs
import TerminalUI
import Testing

@testable import Workbench
import Vocabulary

@Suite("Contributions")
struct ContributionTests {
    /// A session in which contributions have the whole screen.
    private func session(blocks: Int = 6) -> Session {
        var session = Session(at: .waiting, run: SampleRun(blocks: blocks))
        session.press(.character("3"), .character("f"))
        return session
    }

    @Test("what cosines mean is said in words at any width, without colours", arguments: [120, 110, 80, 60])
    func wordsOfCosines(width: Int) {
        var session = Session(at: .running, width: width, height: width < 80 ? 16 : 40)
        session.press(.character("3"))
        #expect(session.text.contains("indep"))
        #expect(session.text.contains("aligned"))
    }

    @Test("cosines show whether terms are aligned or conflicting, at the last step or at the cursor")
    func cosines() {
        var session = session()
        #expect(session.text.contains("block·global −.02 independent"))
        #expect(session.text.contains("global·local −.62 conflicting"))
        session.press(.left, .left)
        while session.state.chart.cursor != 0, session.state.chart.cursor != nil { session.press(.left) }
        #expect(session.text.contains("block·global +.90 aligned"))
        #expect(session.text.contains("global·local +.30 aligned"))
    }

    @Test("the operators' local losses are warmer where they are larger, in both forms")
    func operators() throws {
        let tall = session()
        let rows = tall.grid.glyphRows
        let first = try #require(rows.first { $0.contains("qkv  ") })
        let last = try #require(rows.first { $0.contains("fc2  ") })
        #expect(first.contains("2.16e-3") && last.contains("1.30e-2"))
        #expect(last.contains("█") && !first.contains("█"))
        let low = Session(at: .waiting)
        #expect(low.text.contains("qkv") && low.text.contains("fc2"))
    }

    @Test("a term that is off has no cosine, and an attempt without local terms no operators")
    func switchedOff() {
        var session = session()
        session.tell([
            .unitStarted(unit: 4, attempt: 1, hyperparameters: []),
            .stepped(
                StepSample(
                    unit: 4, attempt: 1, step: 1, steps: 10, loss: 1, terms: Terms(block: 1, global: 1),
                    weighted: Terms(block: 1, global: 1), gradientNorms: Terms(block: 1, global: 1),
                    gradientCosines: GradientCosines([TermPair(.block, .global): 0.25]))),
        ])
        #expect(session.text.contains("block·global +.25 aligned"))
        #expect(!session.text.contains("block·local") && !session.text.contains("local loss by operator"))
    }

    @Test("a click inspects the step under it, wherever the chart begins and ends")
    func click() throws {
        var session = session()
        let content = Layout(session.state).content(of: .contributions)
        let curves = try #require(session.state.run?.units[3].curves)
        let chart = ContributionParts(curves, in: content).chart
        #expect(chart.height < content.height - 10)
        _ = session.send(
            .input(.mouse(MouseEvent(.press, button: .right, x: chart.endX - 11, y: chart.y + 1))))
        #expect(session.state.chart.cursor == 1)
    }

    @Test("memory does not grow with the steps")
    func bounded() throws {
        var curves = UnitCurves(steps: 100_000)
        for step in 1...20_000 {
            curves.append(
                StepSample(
                    unit: 0, attempt: 1, step: step * 5, steps: 100_000, loss: 1, terms: Terms(block: 1),
                    weighted: Terms(block: 1), gradientNorms: Terms(block: 1),
                    gradientCosines: GradientCosines([TermPair(.block, .global): 0.1]),
                    operatorLosses: [OperatorLoss(name: "qkv", loss: 1)]))
        }
        #expect(curves.operators.map(\.losses.bins.count) == [UnitCurves.capacity / 4])
        #expect(curves.cosines[TermPair(.block, .global)]?.bins.count == UnitCurves.capacity / 4)
        #expect(curves.cosines.count == 1)
    }
}
