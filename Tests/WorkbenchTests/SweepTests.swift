import SampleRun
import Runs
import TerminalUI
import Testing

@testable import Workbench
import Vocabulary

@Suite("Sweeps")
struct SweepTests {
    @Test("points fill in one by one and can be chosen by size")
    func points() throws {
        var session = Session(at: .sweeping)
        #expect(session.text.contains("11/25"))
        #expect(session.text.contains("SWEEPING"))
        let latest = try #require(session.state.shownPoint)
        let last = SweepRequest().points[10]
        #expect((latest.weightBits, latest.activationBits) == last)
        session.press(.character("g"))
        let smallest = try #require(session.state.shownPoint)
        #expect(session.state.run?.sweep?.points.allSatisfy { $0.bytes >= smallest.bytes } == true)
        session.tell([.sweepMeasured(session.run.point(8, 8))])
        #expect(session.state.shownPoint == smallest)
    }

    @Test("adopting a point asks for its bits, and the engine's event changes the coming units")
    func adopt() throws {
        var session = Session(at: .swept)
        session.press(.left)
        let point = try #require(session.state.shownPoint)
        let changes = [
            HyperparameterChange(key: "weight_bits", value: "\(point.weightBits)"),
            HyperparameterChange(key: "activation_bits", value: "\(point.activationBits)"),
        ]
        #expect(session.press(.character("a")).isEmpty)
        #expect(session.text.contains("was measured for the whole model"))
        var all = session
        #expect(all.press(.character("w")) == [.send(.rollBack(unit: 0)), .send(.change(changes))])
        #expect(session.press(.enter) == [.send(.change(changes))])
        session.tell([.changed(units: [4, 5, 6, 7], changes: changes)])
        #expect(session.state.run?.units[3].hyperparameters.weightBits == 4)
        #expect(session.state.run?.units[4].hyperparameters.weightBits == point.weightBits)
        #expect(session.text.contains("\(point.weightBits)/\(point.activationBits)"))
        #expect(session.text.contains("W4–8A4–6"))
    }

    @Test("at the end of a run a point is adopted for the whole model, as no unit is left")
    func adoptAtEnd() throws {
        var session = Session(at: .waitingAtEnd)
        session.tell([
            .sweepStarted(points: 1), .sweepMeasured(session.run.point(3, 6)), .sweepFinished(complete: true),
        ])
        session.press(.character("4"), .character("a"))
        #expect(session.text.contains("Every unit is quantized with other bits"))
        let changes = ["weight_bits": "3", "activation_bits": "6"]
        #expect(session.press(.enter).isEmpty)
        let effects = session.press(.character("w"))
        #expect(
            effects == [
                .send(.rollBack(unit: 0)),
                .send(
                    .change(
                        ["weight_bits", "activation_bits"].map {
                            HyperparameterChange(key: $0, value: changes[$0] ?? "")
                        })),
            ])
    }

    @Test("after adopting other bits, the calibrated evaluation and the export name their bits")
    func adopted() throws {
        var session = Session(at: .swept)
        #expect(session.text.contains("% calibrated  "))
        let changes = [HyperparameterChange(key: "weight_bits", value: "6")]
        session.tell([.changed(units: [4, 5, 6, 7], changes: changes)])
        #expect(session.text.contains("86.10 % calibrated at W4A4"))
        session.press(.character("x"))
        #expect(session.press(.enter) == [.checkPath("fashion-vit-w4-6a4.yaml")])
        session.press(.escape)
        session.tell([.resumed(unit: 4)] + session.run.ending)
        #expect(session.text.contains("cal. W4A4"))
    }

    @Test("an adopted change is reported in the footer if the log is hidden", arguments: [true, false])
    func adoptedNotice(isFullScreen: Bool) {
        var session = Session(at: .swept)
        if isFullScreen { session.press(.character("f")) }
        session.state.notice = nil
        session.tell([
            .changed(units: [4, 5, 6, 7], changes: [HyperparameterChange(key: "weight_bits", value: "6")])
        ])
        #expect((session.state.notice?.text.contains("weight_bits = 6") == true) == isFullScreen)
    }

    @Test("after a sweep the best point of the front is suggested")
    func suggestion() throws {
        var session = Session(at: .sweeping)
        session.tell([.sweepMeasured(session.run.point(8, 8)), .sweepMeasured(session.run.point(8, 2))])
        #expect(session.state.shownPoint == session.run.point(8, 2))
        session.tell([.sweepFinished(complete: false)])
        #expect(session.state.shownPoint == session.run.point(8, 8))
    }

    @Test("points of nearly the same size are ordered by their bits")
    func nearTies() throws {
        var sweep = SweepProgress(expected: 25)
        for (offset, bits) in [(4, 2), (2, 8), (2, 2), (2, 4)].enumerated() {
            var point = SampleRun().point(bits.0, bits.1)
            point.bytes -= 3 * offset
            sweep.points.append(point)
        }
        #expect(sweep.ordered.map(\.weightBits) == [2, 2, 2, 4])
        #expect(sweep.ordered.map(\.activationBits) == [2, 4, 8, 2])
    }

    @Test("a sweep asks for widths, images and steps, and measures the most informative points first")
    func sweepDialog() throws {
        var session = Session(at: .waiting)
        #expect(session.press(.character("w")).isEmpty)
        #expect(session.text.contains("25 pairs") && session.text.contains("held-out images"))
        #expect(session.text.contains("1 000  all of them"))
        // Weights without 2 bits; 512 of the evaluation images; 20 steps.
        session.press(.character(" "), .down, .down, .right, .down, .left, .down, .right)
        #expect(session.text.contains("20 pairs") && session.text.contains("evaluation images"))
        #expect(session.text.contains("512  evenly spread"))
        let request = SweepRequest(weightBits: [3, 4, 6, 8], steps: 20, images: .evaluation, count: 512)
        #expect(session.press(.enter) == [.send(.sweep(request))])
        let first = SweepRequest().points.prefix(4).map { [$0.weightBits, $0.activationBits] }
        #expect(first == [[8, 8], [4, 4], [3, 3], [2, 2]])
        #expect(Set(SweepRequest().points.map { $0.weightBits * 10 + $0.activationBits }).count == 25)
    }

    @Test("a sweep says how long it will take, by the estimate before and by its points later")
    func sweepTime() throws {
        var session = Session(at: .sweepDialog)
        #expect(session.text.contains("estimating the time"))
        let plan = try #require(session.state.sweepPlanOfDialog)
        let present = try #require(session.state.run?.ledger?.plan)
        // The quantized units took as long as estimated.
        session.answer(
            .estimated(
                present,
                .success(
                    RunEstimate(
                        preparationSeconds: 1, unitSeconds: (0..<8).map { 18.3 + Double($0) },
                        evaluationSeconds: 4, operationsPerSecond: 1e9, memory: []))))
        session.answer(
            .estimated(
                plan,
                .success(
                    RunEstimate(
                        preparationSeconds: 1, unitSeconds: Array(repeating: 4, count: 8),
                        evaluationSeconds: 4,
                        operationsPerSecond: 1e9, memory: []))))
        #expect(session.text.contains("15 min"), "25 points of 36 s")
        // 64 of 1 000 images.
        session.press(.down, .down, .left, .left, .left, .left)
        #expect(session.text.contains("64  evenly spread") && session.text.contains("32 s each"))
        session.press(.right, .right, .right, .right)
        session.press(.enter)
        session.tick(200)
        session.tell([.sweepStarted(points: 25)])
        session.tick(210)
        session.tell([.sweepMeasured(session.run.point(8, 8))])
        #expect(session.text.contains("4 min"), "24 points of 10 s")
    }

    @Test("the selected cell has a shape of its own", arguments: [GlyphSet.braille, .ascii])
    func selection(glyphs: GlyphSet) {
        let mark = glyphs == .ascii ? ">.0700<" : "▶.0700◀"
        var session = Session(at: .swept, glyphs: glyphs)
        session.press(.character("4"), .character("f"))
        session.state.chosenBits = BitsPair(weightBits: 4, activationBits: 8)
        #expect(session.text.contains(mark))
        session.press(.left)
        #expect(!session.text.contains(mark))
        #expect(session.text.contains("[.0700]"))
    }

    @Test("arrows move between cells of the heat map, over cells that are not measured yet")
    func heatMap() throws {
        var session = Session(at: .waiting)
        session.press(.character("w"), .enter)
        session.tell(
            [.sweepStarted(points: 25)]
                + [(8, 8), (4, 4), (2, 4)].map { .sweepMeasured(session.run.point($0, $1)) })
        func chosen() -> [Int] {
            session.state.shownPoint.map { [$0.weightBits, $0.activationBits] } ?? []
        }
        #expect(chosen() == [2, 4])
        session.press(.up)
        #expect(chosen() == [4, 4])
        session.press(.up, .right, .left)
        #expect(chosen() == [4, 4], "there is nothing else in this row or column")
        session.press(.down)
        #expect(chosen() == [2, 4])
    }

    @Test(
        "sizes have the unit that suits the largest",
        arguments: [(7_712, "kB", "7.7"), (662_412, "kB", "662.4"), (1_357_754, "MB", "1.36")])
    func sizeUnit(bytes: Int, name: String, text: String) {
        let unit = SizeUnit(largest: Double(bytes))
        #expect(unit.name == name)
        #expect(unit.text(bytes) == text)
    }

    @Test("the front holds exactly the points that nothing beats in KL", arguments: [true, false])
    func front(isLabelled: Bool) throws {
        let session = Session(at: .swept, run: SampleRun(isLabelled: isLabelled))
        let sweep = try #require(session.state.run?.sweep)
        for point in sweep.points {
            let beaten = sweep.points.contains { other in
                let (cost, otherCost) = (SweepProgress.cost(of: point), SweepProgress.cost(of: other))
                let (kl, otherKl) = (point.evaluation.kl, other.evaluation.kl)
                return other != point && otherCost <= cost && other.weightBits <= point.weightBits
                    && otherKl <= kl
                    && (otherCost < cost || other.weightBits < point.weightBits || otherKl < kl)
            }
            #expect(sweep.isOnFront(point) == !beaten)
        }
        #expect(session.text.contains("KL"))
        var full = session
        full.press(.character("4"), .character("f"))
        #expect(full.text.contains("KL, nats, against bit operations"))
    }
}
