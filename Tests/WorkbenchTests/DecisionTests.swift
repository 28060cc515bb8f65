import RunText
import SampleRun
import Runs
import TerminalUI
import Testing

@testable import Workbench

@Suite("Decisions at a gate")
struct DecisionTests {
    @Test("r asks, and makes another attempt at the selected unit with the draft or without")
    func redo() {
        var session = Session(at: .redo)
        let unit = session.state.shownUnit ?? -1
        #expect(session.text.contains("steps = 900"))
        var without = session
        let change = HyperparameterChange(key: "steps", value: "900")
        #expect(session.press(.enter) == [.send(.redo(unit: unit, changes: [change]))])
        without.press(.tab)
        #expect(!without.text.contains("steps = 900."))
        #expect(without.press(.enter).isEmpty, "it would repeat the attempt")
    }

    @Test("r on a unit that was put back offers the value that the engine suggests, and says why")
    func suggestion() {
        var session = Session(at: .waiting)
        let unit = session.state.run?.ledger?.unitsDone ?? 0
        session.tell(session.run.unit(unit, reverted: true) + [.waiting(unit: unit + 1)])
        session.press(.character("r"))
        #expect(session.text.contains("rose from step 4 on"))
        let suggested = HyperparameterChange(key: "weight_learning_rate", value: "0.003")
        #expect(session.press(.enter) == [.send(.redo(unit: unit, changes: [suggested]))])
    }

    @Test(
        "another attempt after one that was ended by hand takes all its steps, and says so",
        arguments: [(AttemptEnding.finishedEarly, "stop_after", "0"), (.cancelled, "steps", "600")])
    func stepsAnew(ending: AttemptEnding, key: String, value: String) {
        var session = Session(at: .waiting)
        let unit = session.state.run?.ledger?.unitsDone ?? 0
        var events = session.run.unit(unit)
        var report = session.run.report(unit)
        report.ending = ending
        events = events.map { if case .unitFinished = $0 { .unitFinished(report) } else { $0 } }
        session.tell(events + [.waiting(unit: unit + 1)])
        session.state.chosenUnit = unit
        #expect(session.text.contains("cancelled") == (ending == .cancelled))
        session.press(.character("r"))
        #expect(session.text.contains("It takes all its steps"))
        let change = HyperparameterChange(key: key, value: value)
        #expect(session.press(.enter) == [.send(.redo(unit: unit, changes: [change]))])
    }

    @Test("both attempts' curves are shown, and the unit after is stale until it is redone")
    func redone() throws {
        var session = Session(at: .redone)
        let unit = try #require(session.state.shownUnit)
        #expect(session.text.contains("attempt 1") && session.text.contains("attempt 2"))
        #expect(session.text.contains("stale"))
        #expect(session.state.run?.units[unit].attempt == 2)
        #expect(session.press(.character("R")) == [.send(.redoStale)])
        session.tell([.staleChanged(units: [])])
        #expect(session.state.run?.units.contains(where: \.isStale) == false)
        session.press(.character("R"))
        #expect(session.state.notice?.text == "no unit is stale")
    }

    @Test("attempts are shown side by side, and one is chosen")
    func attempts() throws {
        var session = Session(at: .attempts)
        let unit = try #require(session.state.shownUnit)
        #expect(session.text.contains("attempt 1") && session.text.contains("attempt 2"))
        #expect(session.text.contains("KL, held out"))
        // The selected attempt is the first; the second is chosen.
        let run = try #require(session.state.run?.ledger)
        let (first, second) = (try #require(run.attempt(1, of: unit)), try #require(run.attempt(2, of: unit)))
        let difference = try #require(first.heldOutDifference(from: second))
        #expect(difference.verdictOfLess == .worse)
        #expect(session.text.contains(/against attempt 2 +worse +–/))
        let amount = QuantityText.measure(difference.mean)
        let interval = QuantityText.measure(difference.halfWidth)
        let count = QuantityText.count(1000)
        #expect(
            session.text.contains(
                "KL \(amount) ± \(interval) nats above attempt 2's on \(count) held-out images"))
        #expect(session.press(.enter) == [.send(.choose(unit: unit, attempt: 1))])
        session.tell([.attemptChosen(unit: unit, attempt: 1)])
        #expect(session.state.run?.units[unit].attempt == 1)
        session.press(.character("A"), .enter)
        #expect(session.state.notice?.text == "this attempt is the chosen one")
    }

    @Test("attempts with the same result are reported as equally near")
    func sameAttempts() throws {
        var session = Session(at: .attempts)
        session.press(.escape)
        let unit = try #require(session.state.shownUnit)
        var report = try #require(session.state.run?.ledger?.attempt(2, of: unit))
        report.attempt = 3
        session.tell([.unitFinished(report)])
        session.press(.character("A"), .left)
        #expect(session.text.contains(/against attempt 3 +worse +not signif. +–/))
        let count = QuantityText.count(1000)
        #expect(session.text.contains("as near to full precision as attempt 3 on \(count) held-out images"))
    }

    @Test("a significant difference that is less than the noise floor is called so where the floor is known")
    func noiseFloor() throws {
        var session = Session(at: .attempts)
        #expect(!session.text.contains("noise floor"))
        session.press(.escape)
        let run = try #require(session.state.run?.ledger)
        let unit = try #require(session.state.shownUnit)
        var (first, second) = (try #require(run.attempt(1, of: unit)), try #require(run.attempt(2, of: unit)))
        (first.attempt, second.attempt) = (4, 3)
        let difference = try #require(second.heldOutDifference(from: first))
        #expect(second.heldOutDifferenceIsBelowNoiseFloor(from: first) == nil)
        first.heldOutNoiseFloor = NoiseFloor(kl: 0, changed: 0)
        second.heldOutNoiseFloor = NoiseFloor(kl: 1.01 * abs(difference.mean), changed: 5)
        #expect(second.heldOutDifferenceIsBelowNoiseFloor(from: first) == true)
        session.tell([.unitFinished(second), .unitFinished(first)])
        session.press(.character("A"), .left)
        #expect(session.text.contains(/against noise floor.* below +–/))
        #expect(session.text.contains("less than the noise floor: KL "))
        second.heldOutNoiseFloor?.kl = 0.99 * abs(difference.mean)
        #expect(second.heldOutDifferenceIsBelowNoiseFloor(from: first) == false)
    }

    @Test("a decision is undone, and so is a rollback")
    func undoing() throws {
        var session = Session(at: .waiting)
        session.press(.character("U"))
        #expect(session.state.notice?.text == "there is no decision to undo")
        session = Session(at: .rollBack)
        let unit = try #require(session.state.shownUnit)
        #expect(session.press(.enter) == [.send(.rollBack(unit: unit))])
        session.tell([.rolledBack(unit: unit), .waiting(unit: unit)])
        #expect(session.state.run?.units[unit].phase == .waiting)
        #expect(session.state.run?.units[unit].ratio == nil, "a unit that waits has no result")
        #expect(session.state.run?.gate == unit)
        #expect(session.press(.character("U")) == [.send(.undo)])
        session.tell([.undone(.rollBack, chosen: [1, 1, 1, 1]), .waiting(unit: 4)])
        #expect(session.state.run?.units[unit].phase.self == session.state.run?.units[0].phase || unit == 2)
        #expect(session.state.run?.units[unit].isFinished == true)
    }

    @Test("a change can apply to one coming unit")
    func oneUnit() {
        var session = Session(at: .oneUnit)
        #expect(session.text.contains("blocks.3 only"))
        let change = HyperparameterChange(key: "steps", value: "900")
        #expect(session.press(.character("a")) == [.send(.change(unit: 4, [change]))])
        session.press(.character("o"))
        #expect(session.press(.character("a")) == [.send(.change([change]))])
    }

    @Test("the cost of a change is shown before it is applied")
    func cost() throws {
        var session = Session(at: .drafted)
        let plans = try #require(
            session.state.draftedPlan.map { [session.state.run?.ledger?.plan, $0].compactMap(\.self) })
        #expect(plans.count == 2)
        for (plan, seconds) in zip(plans, [10.0, 15]) {
            session.answer(
                .estimated(
                    plan,
                    .success(
                        RunEstimate(
                            preparationSeconds: 1, unitSeconds: Array(repeating: seconds, count: 8),
                            evaluationSeconds: 1, operationsPerSecond: 1e9,
                            memory: [RunEstimate.Memory(purpose: "weights", bytes: Int(seconds) * 1_000_000)])
                    )))
        }
        // Finished units took 19.8 s on average, not 10: 79.2 s for the four coming ones, and half more with the draft.
        #expect(session.text.contains("2 min 00 s instead of 79 s"))
        #expect(session.text.contains("about 79 s to go"))
        _ = update(&session.state, .input(.resize(width: 160, height: 40)))
        #expect(session.text.contains("about 79 s to go   10 MB of memory"))
        session.press(.character("u"))
        #expect(session.text.contains("coming units: 79 s, 10 MB of memory"))
    }

    @Test("a failed estimate gives its reason, on the start screen and at a gate")
    func unknownCost() throws {
        var session = Session(at: .start)
        #expect(session.text.contains("being estimated"))
        let reason = "the file cannot be read"
        session.answer(.estimated(session.state.start.plan, .failure(RunFailure(.inputOutput, reason))))
        #expect(session.text.contains("unknown: \(reason)"))
        session = Session(at: .waiting)
        #expect(session.text.contains("coming units: estimating the time"))
        let plan = try #require(session.state.run?.ledger?.plan)
        session.answer(.estimated(plan, .failure(RunFailure(.inputOutput, reason))))
        #expect(session.text.contains("coming units, time unknown"))
    }

    @Test("an unanswered question is asked again")
    func questionsAgain() {
        var session = Session(at: .start)
        let plan = session.state.start.plan
        session.press(.down, .right)
        #expect(session.state.estimates.answer(of: plan) == nil)
        #expect(update(&session.state, .input(.key(.left))) == [.estimate(plan)])
    }

    @Test("an estimate is asked for once, and shown on the start screen")
    func estimates() {
        var session = Session(at: .start)
        let plan = session.state.start.plan
        // The first message was the size of the screen.
        #expect(session.state.estimates.answer(of: plan) == .pending)
        #expect(update(&session.state, .tick(.seconds(2))) == [])
        var other = WorkbenchState(card: Session.card, plan: plan, themes: ["ink"])
        #expect(update(&other, .tick(.seconds(1))) == [.estimate(plan)])
        session.answer(
            .estimated(
                plan,
                .success(
                    RunEstimate(
                        preparationSeconds: 2, unitSeconds: [60, 64], evaluationSeconds: 2,
                        operationsPerSecond: 1e9,
                        memory: [RunEstimate.Memory(purpose: "caches", bytes: 310_000_000)]))))
        #expect(session.text.contains("about 2 min 10 s, 310 MB of memory"))
        session.press(.down, .right)
        #expect(session.text.contains("being estimated"))
    }

    @Test("a site's groups, heads and bits")
    func site() throws {
        var session = Session(at: .site)
        let unit = try #require(session.state.shownUnit)
        #expect(session.text.contains("clipped 0.42 %") && session.text.contains("16 levels"))
        let site = session.state.run?.units[unit].siteNames[0] ?? ""
        #expect(session.press(.down) == [.send(.inspectSite(SiteRequest(site: site, group: 0)))])
        session.press(.character("+"))
        #expect(session.text.contains("give it 5 bits"))
        #expect(
            session.press(.enter) == [
                .send(.redo(unit: unit, changes: [], sites: [SiteOverride(match: site, bits: 5)]))
            ])
        session = Session(at: .attention)
        #expect(session.text.contains("head 1/4"))
        guard case .send(.inspectSite(let request))? = session.press(.pageDown).first else {
            Issue.record("no request was sent")
            return
        }
        #expect(request.head == 1)
        session.press(.escape)
        #expect(session.state.overlay == nil)
    }

    @Test("images with different predictions come first, page by page")
    func images() throws {
        var session = Session(at: .images)
        #expect(session.text.contains("3 of 1 000 predictions changed (shown first)"))
        guard case .send(.inspectImages(let next))? = session.press(.right).first else {
            Issue.record("no request was sent")
            return
        }
        #expect(next.offset == next.count)
        session.press(.left)
        guard case .send(.inspectImages(let other))? = session.press(.tab).first else {
            Issue.record("no request was sent")
            return
        }
        #expect(other.images == .calibration && other.offset == 0)
        session.tell([.progressed(activity: "predicting calibration images", done: 320, total: 1000)])
        #expect(session.text.contains("evaluating images 320/1 000"))
    }

    @Test("a recorded run is shown as it ended, with its units")
    func recorded() {
        let run = SampleRun()
        var recorded = RecordedRun(plan: run.plan)
        for (index, event) in run.whole.enumerated() { recorded.take(event, at: 100 + Double(index)) }
        recorded.end()
        var session = Session(at: .recents)
        #expect(session.press(.enter) == [.open(OpenRequest(model: "runs/fashion-vit-w3a8-glf-1"))])
        session.answer(
            .opened(
                .run(recorded, directory: "runs/a"), of: OpenRequest(model: "runs/fashion-vit-w3a8-glf-1")))
        #expect(session.text.contains("DONE") && session.text.contains("90.90 %"))
        session.press(.character("x"))
        #expect(session.press(.enter) == [.checkPath("fashion-vit-w4a4.safetensors")])
        var torn = RecordedRun(plan: run.plan)
        for event in run.opening + run.unit(0) { torn.take(event, at: 3) }
        torn.end()
        #expect(torn.progress.hasEnded && torn.progress.label.contains("stopped"))
    }

    @Test("no run starts while another model is being read: it would use the previous one")
    func startingTooEarly() throws {
        var session = Session(at: .start)
        session.press(.up, .left)
        let asked = try #require(session.state.start.opening)
        #expect(asked != session.state.start.plan.model)
        #expect(session.text.contains("being read"))
        #expect(!session.text.contains("Enter start"))
        #expect(session.press(.enter).isEmpty)
        #expect(session.state.run == nil && session.state.notice?.text == "\(asked) is being read")
        session.answer(
            .opened(
                .model(Session.card, calibration: nil, evaluation: nil), of: OpenRequest(model: asked)))
        #expect(session.press(.enter) == [.startRun(session.state.start.plan)])
    }

    @Test(
        "answers to earlier requests are ignored, in any order",
        arguments: [true, false])
    func staleAnswers(isStaleFirst: Bool) {
        func answer(_ model: String) -> WorkbenchOutcome {
            var card = Session.card
            card.reference = model
            return .opened(.model(card, calibration: nil, evaluation: nil), of: OpenRequest(model: model))
        }
        var session = Session(at: .start)
        session.press(.up, .left)
        #expect(session.state.start.opening == "sample:fashion-deit")
        session.press(.right)
        let wanted = "sample:fashion-vit"
        for model in isStaleFirst ? ["sample:fashion-deit", wanted] : [wanted, "sample:fashion-deit"] {
            session.answer(answer(model))
            if isStaleFirst, model != wanted { #expect(session.state.start.opening == wanted) }
        }
        #expect(session.state.start.plan.model == wanted && session.state.start.opening == nil)
        // A dialog takes no answer to another request, and none after it is closed.
        session.press(.left, .character("o"))
        session.answer(answer("sample:fashion-deit"))
        #expect(session.state.overlay != nil && session.state.start.plan.model == wanted)
        session.press(.control("u"))
        session.type("sample:fashion-deit")
        session.press(.enter, .escape)
        session.answer(answer("sample:fashion-deit"))
        #expect(session.state.start.plan.model == wanted)
        session.answer(.openRefused("too late", of: OpenRequest(model: "sample:fashion-deit")))
        #expect(session.state.notice?.text != "too late")
    }

    @Test("opening another model keeps the chosen preset and hyperparameters")
    func opening() {
        var session = Session(at: .open)
        session.press(.control("u"))
        session.type("sample:fashion-deit")
        let request = OpenRequest(model: "sample:fashion-deit")
        #expect(session.press(.enter) == [.open(request)])
        #expect(session.text.contains("reading it"))
        var refused = session
        refused.answer(.openRefused("sample:fashion-deit is not there", of: request))
        #expect(refused.text.contains("sample:fashion-deit is not there"))
        var card = Session.card
        card.reference = "sample:fashion-deit"
        session.answer(.opened(.model(card, calibration: nil, evaluation: nil), of: request))
        #expect(session.state.overlay == nil)
        #expect(session.state.start.plan.model == "sample:fashion-deit")
        #expect(session.state.start.plan.hyperparameters == session.run.plan.hyperparameters)
        session.press(.character("g"))
        #expect(session.press(.right) == [.open(OpenRequest(model: "sample:fashion-vit"))])
    }
}
