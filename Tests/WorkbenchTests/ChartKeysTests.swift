import SampleRun
import Runs
import TerminalUI
import Testing

@testable import Workbench

@Suite("Charts")
struct ChartKeysTests {
    @Test("zooming has a history, and 0 shows everything")
    func zoom() {
        var chart = ChartView()
        chart.zoomIn(around: 0.25)
        #expect(chart.shown == 0...0.5)
        chart.zoomIn(around: 0.5)
        #expect(chart.shown == 0.25...0.5)
        chart.zoomOut()
        #expect(chart.shown == 0...0.5)
        chart.zoomReset()
        #expect(!chart.isZoomed)
        for _ in 0..<40 { chart.zoomIn() }
        #expect(!chart.canZoomIn)
        #expect(chart.shown.lowerBound >= 0 && chart.shown.upperBound <= 1)
    }

    @Test("the cursor shows its step in both charts, and Esc shows the latest values again")
    func cursor() {
        var session = Session(at: .inspecting)
        #expect(session.text.contains("step "))
        #expect(session.state.chart.cursor != nil)
        session.press(.escape)
        #expect(session.state.chart.cursor == nil)
    }

    @Test("a right click puts the cursor where the mouse is, and the wheel zooms there")
    func mouse() throws {
        var session = Session(at: .waiting)
        session.press(.character("["))
        let content = Layout(session.state).content(of: .reconstruction)
        let (x, y) = (content.endX - 2, content.y + 4)
        _ = session.send(.input(.mouse(MouseEvent(.press, button: .right, x: x, y: y))))
        let cursor = try #require(session.state.chart.cursor)
        #expect(cursor > 0.95 && cursor <= 1)
        _ = session.send(.input(.mouse(MouseEvent(.wheel(.up), x: x, y: y))))
        #expect(session.state.chart.shown == 0.5...1)
        _ = session.send(.input(.mouse(MouseEvent(.wheel(.down), x: x, y: y))))
        #expect(!session.state.chart.isZoomed)
    }

    @Test("the log shows the lines with all words, and n and N go from one to the next")
    func filter() {
        var session = Session(at: .filtered)
        let lines = session.state.shownLog
        #expect(!lines.isEmpty && lines.count < session.state.log.entries.count)
        #expect(lines.allSatisfy { $0.text.contains("block") && $0.text.contains("loss") })
        #expect(session.state.logOffset == 1)
        session.press(.character("n"))
        #expect(session.state.logOffset == 0)
        session.press(.escape)
        #expect(session.state.logFilter == nil)
    }

    @Test("y copies what has the focus", arguments: Panel.allCases)
    func copy(panel: Panel) throws {
        var session = Session(at: .swept)
        session.press(.character(Character("\(panel.rawValue)")))
        guard case .loop(.copy(let text))? = session.press(.character("y")).first else {
            Issue.record("nothing was copied")
            return
        }
        #expect(!text.isEmpty && !text.contains("\n"))
    }

    @Test("a large screen shows every unit's curve, and a click on one shows the unit")
    func multiples() throws {
        var session = Session(at: .waiting, width: 200, height: 60)
        let content = Layout(session.state).content(of: .reconstruction)
        let frames = Multiples(session.state, in: content).frames
        #expect(frames.count == 8)
        #expect(frames.allSatisfy { $0.intersection(content) == $0 })
        session.click(x: frames[1].x + 2, y: frames[1].y + 1)
        #expect(session.state.shownUnit == 1)
    }

    @Test("held-out images by top-1, by KL, and the steps again, each beside rounding to the nearest codes")
    func heldOut() {
        var session = Session(at: .heldOut)
        #expect(session.text.contains("top-1 % on 1 000 held-out images"))
        for name in [
            "full precision  91.60 %", "to nearest  87.20 %", "calibrated  88.80 %", "this run  91.28 %",
        ] {
            #expect(session.text.contains(name), "\(name)")
        }
        #expect(session.text.contains("v held-out KL"))
        session.press(.character("v"))
        #expect(session.text.contains("KL nats on 1 000") && session.text.contains("this run  6.40e-3"))
        session.press(.character("v"))
        #expect(session.text.contains("still improving"))
        var unlabelled = Session(at: .heldOut, run: SampleRun(isLabelled: false))
        #expect(unlabelled.text.contains("KL nats"))
        unlabelled.press(.character("v"))
        #expect(!unlabelled.text.contains("held-out images"))
    }

    @Test("the held-out chart asks once for the baselines that it lacks, and says when they come")
    func missingBaselines() throws {
        var session = Session()
        session.press(.enter)
        let opening = session.run.opening.filter { if case .heldOutMeasured = $0 { false } else { true } }
        session.tell(opening)
        session.press(.character("2"), .character("v"))
        #expect(session.press(.character("v")).isEmpty, "no unit is done, so that there is nothing to show")
        session.tell(session.run.unit(0) + session.run.unit(1, through: 20))
        session.press(.character("v"))
        #expect(session.press(.character("v")) == [.send(.measureBaselines)])
        #expect(session.text.contains("top-1 % on 1 000 held-out images"))
        #expect(session.text.contains("the baselines are measured after blocks.0"))
        #expect(session.press(.character("v")).isEmpty, "they are asked for once")
        session.tell([.progressed(activity: "measuring baselines", done: 3, total: 19)])
        #expect(session.text.contains("measuring baselines 3/19"))
        session.tell(session.run.opening.filter { if case .heldOutMeasured = $0 { true } else { false } })
        #expect(session.text.contains("calibrated 90.20 % KL"))
    }
}
