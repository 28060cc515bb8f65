import SampleRun
import Runs
import TerminalUI
import Testing

@testable import Workbench

@Suite("Resuming runs")
struct ResumeTests {
    /// A recorded run, interrupted within its third unit.
    private func recorded() -> RecordedRun {
        let run = SampleRun()
        var recorded = RecordedRun(plan: run.plan)
        var events: [RunEvent] = run.opening
        events += run.unit(0) + run.unit(1) + run.unit(2, through: 100)
        for (index, event) in events.enumerated() { recorded.take(event, at: Double(index) / 10) }
        recorded.end()
        return recorded
    }

    @Test("a recent run is resumed from the start screen, and the footer says so if one is selected")
    func fromStart() {
        var session = Session(at: .start)
        #expect(!Session(at: .start).text.contains("resume it"))
        #expect(session.press(.character("r")).isEmpty)
        session = Session(at: .recents)
        #expect(session.text.contains("r resume it"))
        let directory = session.state.shownRecents[1].directory
        #expect(session.press(.character("r")) == [.resumeRun(directory)])
        #expect(session.press(.character("r")).isEmpty, "the journal is read once")
        session.answer(.resumeRefused("another process works on it"))
        #expect(session.text.contains("another process works on it"))
        #expect(session.press(.character("r")) == [.resumeRun(directory)])
    }

    @Test("finished units are kept, the time between does not count, and the interrupted unit begins again")
    func goesOn() throws {
        var session = Session(at: .recents)
        session.tick(1000)
        session.press(.character("r"))
        let recorded = recorded()
        session.answer(.resumed(recorded, directory: "runs/x"))
        #expect(session.state.run?.hasEnded == false)
        #expect(abs(session.state.runSeconds - recorded.seconds) < 1e-6)
        session.tell([.continued(unitsDone: 2)])
        session.tick(1010)
        #expect(abs(session.state.runSeconds - recorded.seconds - 10) < 1e-6)
        #expect(session.state.run?.units[0].isFinished == true)
        #expect(session.state.run?.units[2].phase == .waiting)
        session.tell([.unitStarted(unit: 2, attempt: 1, hyperparameters: [])])
        #expect(session.state.run?.currentUnit == 2)
        #expect(session.press(.character(" ")) == [.send(.pause)])
        #expect(session.state.remembered.runs.first?.directory == "runs/x")
    }

    @Test("the header says that a run is being resumed, and no share of its units, until it works on one")
    func header() {
        var session = Session(at: .finished)
        session.press(.character(" "))
        #expect(session.grid.glyphRows[0].contains("RESUMING"))
        var recorded = RecordedRun(plan: session.run.plan)
        for event in session.run.whole { recorded.take(event, at: 1) }
        session.answer(.resumed(recorded, directory: "runs/x"))
        session.tell([
            .continued(unitsDone: 8),
            .progressed(activity: "running the full-precision model on images", done: 1, total: 4),
        ])
        let header = session.grid.glyphRows.prefix(2).joined()
        #expect(header.contains("RESUMING   running the full-precision model on images 1/4"))
        #expect(!header.contains("100 %"))
        session.tell([.waiting(unit: 8)])
        #expect(session.grid.glyphRows[0].contains("WAITING   before the end"))
    }

    @Test("the pause key resumes a stopped or finished run")
    func fromEnd() {
        for (stage, hint) in [(Session.Stage.stopped, "Space resume"), (.finished, "Space reopen")] {
            var session = Session(at: stage)
            #expect(session.text.contains(hint))
            #expect(session.press(.character(" ")) == [.resumeRun("runs/fashion-vit-w4a4")])
            #expect(session.press(.character(" ")).isEmpty)
        }
    }

    @Test("a run is remembered at its beginning and its end, in case the program is killed")
    func remembered() {
        var session = Session(at: .start)
        session.press(.enter)
        let effects = session.tell(session.run.opening)
        guard case .remember(let memory)? = effects.first else {
            Issue.record("nothing is remembered: \(effects)")
            return
        }
        #expect(
            memory.runs.first
                == RecentRun(
                    directory: "runs/fashion-vit-w4a4", label: "fashion-vit mgrq W4A4, not finished"))
        session = Session(at: .evaluating)
        let last = session.tell(session.run.ending).last
        #expect(last == .remember(session.state.remembered))
        #expect(session.state.remembered.runs.first?.label == "fashion-vit mgrq W4A4, top-1 90.90 %")
    }
}
