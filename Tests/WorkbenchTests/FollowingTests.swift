import Runs
import SampleRun
import TerminalUI
import Testing

@testable import Workbench

@Suite("Charts follow the run")
struct FollowingTests {
    @Test(
        "a unit selected by hand is pinned, which the title and the footer say, and Esc follows the run",
        arguments: [120, 80])
    func pinned(width: Int) {
        var session = Session(at: .running, width: width)
        #expect(!session.text.contains("pinned") && !session.text.contains("follow the run"))
        session.press(.character("2"), .character("["))
        #expect(session.text.contains("pinned, Esc follows the run"))
        #expect(session.text.contains("Esc follow the run"))
        session.tell(session.run.unit(4, through: 50))
        #expect(session.state.shownUnit == 2)
        session.press(.escape)
        #expect(session.state.shownUnit == 4 && !session.text.contains("pinned"))
    }

    @Test("going on from a gate follows the unit in progress again")
    func goingOn() {
        var session = Session(at: .waiting)
        session.press(.character("1"), .character("g"))
        #expect(session.state.shownUnit == 0)
        #expect(session.press(.character(" ")) == [.send(.resume)])
        session.tell([.resumed(unit: 4)] + session.run.unit(4, through: 50))
        #expect(session.state.shownUnit == 4)
    }

    @Test("the cursor of one unit's chart does not stay when the next one begins")
    func cursor() {
        var session = Session(at: .running)
        session.state.chart.place(cursor: 0.5)
        session.tell(session.run.unit(3, through: 10))
        #expect(session.state.chart.cursor == nil)
    }

    @Test("a redo of the pinned unit is followed, and one of others too")
    func redo() {
        var session = Session(at: .waiting)
        session.press(.character("1"), .character("g"))
        session.tell(Array(session.run.redo(0, attempt: 2, steps: 100).prefix(5)))
        #expect(session.state.chosenUnit == nil && session.state.shownUnit == 0)
        session = Session(at: .waiting)
        session.press(.character("1"), .character("g"))
        session.tell(Array(session.run.redo(2, attempt: 2, steps: 100).prefix(5)))
        #expect(session.state.chosenUnit == nil && session.state.shownUnit == 2)
    }

    @Test("after the end, both keys of the result show a curve, and the result comes round again")
    func resultIsOneOfThem() {
        var session = Session(at: .finished)
        session.press(.character("]"))
        #expect(session.state.shownUnit == 0 && !session.text.contains("DONE in"))
        session.press(.character("["))
        #expect(session.text.contains("DONE in"))
        session.press(.character("["))
        #expect(session.state.shownUnit == 7 && !session.text.contains("DONE in"))
        session.press(.character("]"))
        #expect(session.text.contains("DONE in"))
    }

    @Test("v shows held-out measures beside the result, too")
    func resultAndHeldOut() {
        var session = Session(at: .finished)
        session.press(.character("2"), .character("v"))
        #expect(
            session.text.contains("top-1 % on 1 000 held-out images") && !session.text.contains("DONE in"))
        session.press(.character("v"))
        #expect(session.text.contains("KL nats on 1 000"))
        session.press(.character("v"))
        #expect(session.text.contains("DONE in"))
    }
}

@Suite("Attempts without a term")
struct TrialTests {
    @Test("a tries a unit without a term at a gate, and opens the comparison when the attempt has ended")
    func atGate() throws {
        var session = Session(at: .waiting)
        session.press(.character("3"), .character("["), .character("["))
        let unit = try #require(session.state.shownUnit)
        #expect(session.text.contains("a try without a term"))
        session.press(.character("a"))
        #expect(session.text.contains("Try blocks.0 without its global term"))
        #expect(session.text.contains("2 units after it become stale"))
        session.press(.tab)
        #expect(session.text.contains("Try blocks.0 without its local term"))
        let change = HyperparameterChange(key: "local_weight", value: "0")
        #expect(session.press(.enter) == [.send(.redo(unit: unit, changes: [change]))])
        var events = session.run.redo(unit, attempt: 2, steps: 600)
        session.tell(events)
        #expect(session.state.overlay == nil)
        session.tell([.staleChanged(units: [2, 3]), .waiting(unit: 4)])
        let view = try #require(session.state.overlay as? AttemptsView)
        #expect(view.unit == unit && view.attempt == 1)
        #expect(session.text.contains("attempt 2's on 1 000 held-out images"))
        #expect(session.state.trial == nil)
        // An attempt that nobody asked for here opens nothing.
        session.press(.escape)
        events = session.run.redo(unit, attempt: 3, steps: 600)
        session.tell(events + [.waiting(unit: 4)])
        #expect(session.state.overlay == nil)
    }

    @Test("a finished run is opened again first")
    func afterEnd() throws {
        var session = Session(at: .finished)
        session.press(.character("3"))
        session.press(.character("a"))
        #expect(session.state.notice?.text.contains("select a unit first") == true)
        session.press(.character("]"), .character("]"), .character("a"))
        #expect(session.text.contains("opened again at its last gate"))
        #expect(session.press(.enter).contains(.resumeRun("runs/fashion-vit-w4a4")))
        var recorded = RecordedRun(plan: session.run.plan)
        for event in session.run.whole { recorded.take(event, at: 0) }
        session.answer(.resumed(recorded, directory: "runs/fashion-vit-w4a4"))
        let effects = session.tell([.continued(unitsDone: 8), .warning("w"), .waiting(unit: 8)])
        let change = HyperparameterChange(key: "global_weight", value: "0")
        #expect(effects == [.send(.redo(unit: 1, changes: [change]))])
        session.tell(session.run.redo(1, attempt: 2, steps: 600) + [.waiting(unit: 8)])
        #expect(session.state.overlay is AttemptsView)
    }

    @Test("a redo with edits opens the comparison at its end too, with its significance")
    func plainRedo() throws {
        var session = Session(at: .drafted)
        session.press(.character("1"), .character("["), .character("["), .character("r"))
        let unit = try #require(session.state.shownUnit)
        #expect(session.text.contains("both are compared"))
        let change = HyperparameterChange(key: "steps", value: "900")
        #expect(session.press(.enter) == [.send(.redo(unit: unit, changes: [change]))])
        session.tell(session.run.redo(unit, attempt: 2, steps: 900) + [.waiting(unit: 4)])
        let view = try #require(session.state.overlay as? AttemptsView)
        #expect(view.unit == unit && view.attempt == 1)
        #expect(session.text.contains("against attempt 2"))
        #expect(session.text.contains("held-out images"))
    }

    @Test("redoing stale units compares the attempts at the last one")
    func stale() throws {
        var session = Session(at: .stale)
        #expect(session.press(.character("R")) == [.send(.redoStale)])
        var events = session.run.redo(2, attempt: 2, steps: 600)
        events[0] = .redoStarted(units: [2, 3], changes: [], sites: [])
        session.tell(events)
        events = Array(session.run.redo(3, attempt: 2, steps: 600).dropFirst())
        session.tell(events + [.waiting(unit: 4)])
        let view = try #require(session.state.overlay as? AttemptsView)
        #expect(view.unit == 3 && view.attempt == 1)
    }

    @Test("an attempt that is refused or cancelled opens nothing later", arguments: [true, false])
    func abandoned(isRefused: Bool) throws {
        var session = Session(at: .waiting)
        session.press(.character("3"), .character("["), .character("["), .character("a"), .enter)
        var events = session.run.redo(1, attempt: 2, steps: 600)
        if isRefused {
            session.tell([.warning("the change was not taken")])
        } else if case .unitFinished(var report)? = events.last {
            report.ending = .cancelled
            events[events.count - 1] = .unitFinished(report)
        }
        session.tell(events + [.waiting(unit: 4)])
        #expect(session.state.trial == nil && session.state.overlay == nil)
    }

    @Test("where nothing can be tried the reason is told")
    func obstacles() {
        var session = Session(at: .running)
        session.press(.character("3"), .character("a"))
        #expect(session.state.notice?.text.contains("gate") == true)
        session = Session(at: .waiting)
        session.press(.character("3"), .character("]"), .character("a"))
        #expect(session.state.notice?.text.contains("not quantized yet") == true)
    }
}
