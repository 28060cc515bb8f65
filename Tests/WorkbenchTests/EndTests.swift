import ChartScale
import RunText
import SampleRun
import Runs
import TerminalUI
import Testing

@testable import Workbench
import Vocabulary

@Suite("Quitting, exporting and the end of a run")
struct EndTests {
    @Test("the result says how far top-1 is from full precision, with its interval and what that means")
    func accuracy() {
        var session = Session(at: .evaluating)
        let effects = update(&session.state, .data(session.run.ending.map { .event($0) }))
        let directory = session.state.runDirectory ?? ""
        #expect(effects.contains(.readAccuracy(of: directory)))
        #expect(!update(&session.state, .tick(.seconds(500))).contains(.readAccuracy(of: directory)))
        session.answer(.accuracyRead(Session.change(-0.7, halfWidth: 0.94), of: "another"))
        #expect(!session.text.contains("points vs full"))
        session.answer(.accuracyRead(Session.change(-0.7, halfWidth: 0.94), of: directory))
        #expect(session.text.contains("top-1 −0.70 ± 0.94 points vs full, not significant"))
        session.answer(.accuracyRead(Session.change(-0.7, halfWidth: 0.5), of: directory))
        #expect(session.text.contains("top-1 −0.70 ± 0.50 points vs full, significant"))
        #expect(Session(at: .finished, width: 80, height: 24).text.contains("−0.70 ± 0.94 points vs full"))
    }

    @Test("nothing in the export dialog is cut", arguments: [(80, 24), (120, 40)])
    func exportTexts(width: Int, height: Int) {
        for stage in [Session.Stage.exportPacked, .exportRecipe] {
            let text = Session(at: stage, width: width, height: height).text
            for format in ExportFormat.allCases where stage == .exportPacked || !format.needsCompleteModel {
                #expect(text.contains(" \(format.summary)"), "\(format)")
            }
            for format in ReportFormat.allCases { #expect(text.contains(" \(format.summary)")) }
        }
        #expect(Session(at: .exportPacked, width: width, height: height).text.contains("plan; 662.4 kB "))
    }

    // MARK: - Quitting

    @Test(
        "q quits at once where nothing is lost",
        arguments: [(.start, 0), (.finished, 0), (.failed, 65), (.stopped, 0)] as [(Session.Stage, Int32)])
    func quitAtOnce(stage: Session.Stage, code: Int32) {
        var session = Session(at: stage)
        #expect(session.press(.character("q")) == [.quit(code)])
    }

    @Test("q asks during a run; the program ends with the run's last event")
    func quitAsks() {
        var session = Session(at: .running)
        #expect(session.press(.character("q")).isEmpty)
        #expect(session.text.contains("stop and quit"))
        session.press(.escape)
        #expect(session.state.overlay == nil)
        session.press(.character("q"))
        #expect(session.press(.character("q")) == [.send(.stop)])
        #expect(session.text.contains("STOPPING"))
        #expect(session.tell([.stopped(unitsDone: 3)]) == [.quit(0)])
    }

    @Test("the program quits without the run when its patience is over")
    func patience() {
        var session = Session(at: .quitDialog)
        session.press(.enter)
        #expect(session.tick(72 + WorkbenchState.patience - 0.1).isEmpty)
        #expect(session.tick(72 + WorkbenchState.patience) == [.quit(130)])
    }

    @Test("Ctrl-C twice within two seconds quits at once", arguments: [(1.9, true), (2.1, false)])
    func interruptTwice(gap: Double, quits: Bool) {
        var session = Session(at: .waiting)
        #expect(session.press(.control("c")).isEmpty)
        #expect(session.state.overlay is QuitDialog)
        session.press(.character("n"))
        session.tick(100 + gap)
        #expect(session.press(.control("c")) == (quits ? [.send(.stop), .quit(130)] : []))
    }

    @Test("Ctrl-C in the dialog quits at once; on the start screen it is q")
    func interrupt() {
        var asked = Session(at: .quitDialog)
        #expect(asked.press(.control("c")) == [.send(.stop), .quit(130)])
        var start = Session(at: .start)
        #expect(start.press(.control("c")) == [.quit(0)])
    }

    @Test("a signal and a lost terminal stop the run and end the program")
    func signals() {
        var session = Session(at: .running)
        #expect(update(&session.state, .input(.signal(15))) == [.send(.stop), .quit(143)])
        #expect(update(&session.state, .input(.closed)) == [.send(.stop), .quit(129)])
        var finished = Session(at: .finished)
        #expect(update(&finished.state, .input(.signal(15))) == [.quit(143)])
    }

    @Test("on a screen too small for panels, Space and q still work")
    func small() {
        var session = Session(at: .running, width: 40, height: 10)
        #expect(session.press(.character(" ")) == [.send(.pause)])
        #expect(session.press(.character("x"), .enter, .character("5")).isEmpty)
        session.press(.character("q"))
        #expect(session.text.contains("stop and quit? y n"))
        #expect(session.press(.character("y")) == [.send(.stop)])
        var start = Session(at: .start, width: 40, height: 10)
        #expect(start.press(.character("q")) == [.quit(0)])
    }

    // MARK: - Export

    @Test("a run that ends without a unit keeps nothing, and is not listed")
    func nothingKept() {
        var session = Session(at: .preparing)
        session.state.runDirectory = "runs/fashion-vit-w4a4"
        session.press(.character("n"))
        #expect(session.text.contains("No unit has been quantized"))
        session.press(.enter)
        session.tell([.stopped(unitsDone: 0)])
        #expect(session.state.memory.runs.isEmpty)
    }

    @Test("at a gate the engine writes the recipe")
    func recipeAtGate() {
        var session = Session(at: .exportRecipe)
        #expect(session.press(.enter) == [.checkPath("fashion-vit-w4a4.yaml")])
        let effects = session.answer(.pathChecked("fashion-vit-w4a4.yaml", .free))
        #expect(effects == [.send(.export(.recipe, path: "fashion-vit-w4a4.yaml"))])
        session.tell([.exported(format: .recipe, path: "fashion-vit-w4a4.yaml", SampleRun.written(812))])
        #expect(session.text.contains("Wrote 812 B"))
        session.press(.enter)
        #expect(session.state.overlay == nil)
    }

    @Test("packed is not offered before every unit is quantized")
    func packedAtGate() {
        var session = Session(at: .exportRecipe)
        #expect(session.text.contains("packed       when every unit is quantized"))
        #expect(session.text.contains("onnx         when every unit is quantized"))
        #expect(session.press(.up, .enter) == [])
        #expect(session.text.contains("torch can be written when every unit is quantized"))
        #expect(session.press(.up, .enter) == [])
        #expect(session.text.contains("onnx-compact can be written when every unit is quantized"))
        #expect(session.press(.up, .enter) == [])
        #expect(session.text.contains("onnx can be written when every unit is quantized"))
        #expect(session.press(.up, .enter) == [])
        #expect(session.text.contains("packed can be written when every unit is quantized"))
        #expect(session.press(.down, .down, .down, .down, .enter) == [.checkPath("fashion-vit-w4a4.yaml")])
    }

    @Test("packed is offered at the last gate, where a finished run waits that was opened again")
    func packedAtLastGate() {
        var session = Session(at: .waitingAtEnd)
        #expect(session.state.run?.report == nil)
        session.press(.character("x"))
        #expect(!session.text.contains("when every unit is quantized"))
        let path = "fashion-vit-w4a4.safetensors"
        #expect(session.press(.enter) == [.checkPath(path)])
        #expect(session.answer(.pathChecked(path, .free)) == [.send(.export(.packed, path: path))])
    }

    @Test("after the run the program writes every format, to an edited path")
    func packedAtEnd() {
        var session = Session(at: .exportPacked)
        session.press(.backtab)
        #expect(session.press(.enter) == [.checkPath("fashion-vit-w4a4.onnx")])
        session = Session(at: .exportPacked)
        session.press(.backtab, .backtab, .backtab, .backtab, .control("u"))
        session.type("out/r.yaml")
        #expect(session.press(.enter) == [.checkPath("out/r.yaml")])
        #expect(
            session.answer(.pathChecked("out/r.yaml", .free)) == [
                .export(.recipe, of: "runs/fashion-vit-w4a4", path: "out/r.yaml")
            ])
        session.answer(.exported(.recipe, path: "out/r.yaml", SampleRun.written(1200)))
        #expect(session.text.contains("Wrote 1.2 kB"))
    }

    @Test(
        "the program writes reports, at a gate and at the end",
        arguments: [
            (2, ReportFormat.html, "fashion-vit-w4a4-report.html"), (4, .csv, "fashion-vit-w4a4-report.csv"),
            (5, .tensorboard, "fashion-vit-w4a4-tensorboard"),
        ])
    func reports(presses: Int, format: ReportFormat, path: String) {
        var session = Session(at: .exportRecipe)
        for _ in 0..<presses { session.press(.backtab) }
        #expect(session.press(.enter) == [.checkPath(path)])
        #expect(
            session.answer(.pathChecked(path, .free)) == [
                .writeReport(format, of: "runs/fashion-vit-w4a4", path: path)
            ])
        session.answer(.wrote(path: path, bytes: 1200, summary: "40 values of 8 attempts"))
        #expect(session.text.contains("Wrote 1.2 kB; 40 values of 8 attempts."))
    }

    @Test("the program writes the screen without the dialog")
    func picture() throws {
        var session = Session(at: .exportPacked)
        let path = "fashion-vit-w4a4-screen.svg"
        #expect(session.press(.up, .enter) == [.checkPath(path)])
        let effects = session.answer(.pathChecked(path, .free))
        guard case .writePicture(let grid, let theme, path)? = effects.first, effects.count == 1 else {
            Issue.record("the effects are \(effects)")
            return
        }
        #expect(grid == Session(at: .finished).grid)
        #expect(theme == session.state.theme)
    }

    @Test(
        "the ending of a file's name selects its format",
        arguments: [("doc", false), ("png", true), ("SVG", true)])
    func endings(ending: String, isKnown: Bool) {
        var session = Session(at: .exportPacked)
        session.press(.up, .control("u"))
        session.type("screen.\(ending)")
        #expect(session.press(.enter) == (isKnown ? [.checkPath("screen.\(ending)")] : []))
        #expect(session.text.contains("the name must end with .svg, .png or .txt") == !isKnown)
    }

    @Test("a file that exists is replaced only after y")
    func overwrite() {
        var session = Session(at: .exportExists)
        #expect(session.text.contains("The file exists. Replace it?"))
        #expect(session.press(.enter).isEmpty)
        var other = session
        #expect(other.press(.character("n")).isEmpty)
        #expect(other.state.contexts.contains(.export))
        #expect(
            session.press(.character("y")) == [
                .export(.packed, of: "runs/fashion-vit-w4a4", path: "fashion-vit-w4a4.safetensors")
            ])
    }

    @Test("a failure is reported in the dialog, and the path stays")
    func exportProblems() {
        var session = Session(at: .exportPacked)
        session.press(.control("u"))
        #expect(session.press(.enter).isEmpty)
        #expect(session.text.contains("a path is needed"))
        session.type("/no/x")
        session.press(.enter)
        session.answer(.pathChecked("/no/x", .impossible("there is no folder /no")))
        #expect(session.text.contains("there is no folder /no"))
        session.press(.enter)
        session.answer(.pathChecked("/no/x", .free))
        session.answer(.exportFailed("/no/x cannot be made: the disk is full"))
        #expect(session.text.contains("the disk is full"))
        #expect(session.text.contains("/no/x"))
    }

    @Test("pasted text goes into the path, without line breaks")
    func paste() {
        var session = Session(at: .exportPacked)
        session.press(.control("u"))
        _ = update(&session.state, .input(.paste("a\nb.safetensors")))
        #expect(session.press(.enter) == [.checkPath("ab.safetensors")])
    }

    // MARK: - The end

    @Test("the end shows full precision, calibrated and final in place, and offers the export")
    func result() {
        let text = Session(at: .finished).text
        for part in [
            "DONE", "91.60 %", "86.10 %", "90.90 %", "2.13e-2", "662.4 kB", "2 min 51 s", "x export",
        ] {
            #expect(text.contains(part), "\(part)")
        }
    }

    @Test("the result says how much of its time the run waited", arguments: [0.0, 30])
    func waited(seconds: Double) {
        var session = Session(at: .waiting)
        session.tick(100 + seconds)
        session.tell([.resumed(unit: 4)])
        session.tick(400)
        session.tell(session.run.ending)
        // The session reached the gate at 72 s, and the test begins at 100 s.
        #expect(
            session.text.contains("DONE in 2 min 51 s, \(seconds == 0 ? "28.0" : "58.0") s of it at gates"))
        #expect(!Session(at: .finished).text.contains("at gates"))
    }

    @Test("a failure's sentence is shown in place")
    func failure() {
        let text = Session(at: .failed).text
        #expect(text.contains("FAILED"))
        #expect(text.contains("blocks.3.attn.qkv.weight"))
    }

    @Test("a run refused before its first event has failed")
    func refusal() {
        var session = Session(at: .start)
        session.press(.enter)
        session.answer(.runRefused(RunFailure(.missingInput, "there is no file a.safetensors")))
        #expect(session.text.contains("there is no file a.safetensors"))
        #expect(session.press(.character("q")) == [.quit(66)])
    }

    @Test("a result gives way to curves and comes back", arguments: [120, 80, 60])
    func curves(width: Int) {
        var session = Session(at: .finished, width: width)
        #expect(session.text.contains("DONE in"))
        session.press(.character("["))
        #expect(!session.text.contains("DONE in"))
        session.press(.escape)
        #expect(session.text.contains("DONE in"))
    }

    @Test("the state of a long run is bounded")
    func bounded() {
        var session = Session(at: .running)
        for step in 1...20_000 {
            session.tell([
                .warning("w \(step)"),
                .stepped(
                    StepSample(
                        unit: 3, attempt: 1, step: step, steps: 20_000, loss: 1,
                        terms: Terms(block: 1), weighted: Terms(block: 1),
                        gradientNorms: Terms(block: 1))),
            ])
        }
        #expect(session.state.log.entries.count == LogRing.capacity)
        #expect(session.state.log.total > 20_000)
        #expect(session.state.run?.units[3].curves?.loss.bins.count == UnitCurves.capacity)
    }
}
