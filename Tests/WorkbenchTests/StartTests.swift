import SampleRun
import Runs
import TerminalUI
import Testing

@testable import Workbench
import Vocabulary

@Suite("The start screen, runs and the header")
struct StartTests {
    @Test("all parameters can be set before a run, the number of images included")
    func allParameters() throws {
        var session = Session(at: .allParameters)
        #expect(session.state.run == nil)
        #expect(session.text.contains("weight_learning_rate") && session.text.contains("calibration_images"))
        session.press(.character("g"), .enter)
        session.type("64")
        session.press(.enter)
        #expect(session.state.start.plan.calibrationImages == 64)
        session.press(.enter)
        session.type("none")
        session.press(.enter)
        #expect(
            session.text.contains("calibration_images cannot be “none”; it accepts a whole number from 1"))
        session.press(.escape, .down, .right)
        let first = try #require(HyperparameterField.named("steps"))
        #expect(first.value(in: session.state.start.plan.hyperparameters) == "1000")
        session.press(.character("u"))
        #expect(session.state.start.plan.hyperparameters.steps == 200)
        session.press(.escape)
        #expect(session.state.overlay == nil)
        #expect(session.text.contains("of 512 calibration images, each in 4 views"))
    }

    @Test("the start screen says how many of how many images a plan takes", arguments: [64, 512, 4096])
    func images(count: Int) {
        var session = Session(at: .start)
        session.state.start.plan.calibrationImages = count
        #expect(session.text.contains(count < 512 ? "of 512 calibration" : "all 512 calibration"))
        session.state.start.field = .images
        session.press(.left)
        #expect(session.state.start.plan.calibrationImages == (count == 64 ? 32 : 256))
    }

    @Test(":set works before a run and at a gate")
    func set() {
        var session = Session(at: .start)
        func run(_ command: String) {
            session.press(.character(":"))
            session.type(command)
            session.press(.enter)
        }
        run("set calibration_images 100")
        run("set weight_learning_rate 0.002")
        #expect(session.state.start.plan.calibrationImages == 100)
        #expect(session.state.start.plan.hyperparameters.weightLearningRate == 0.002)
        session = Session(at: .waiting)
        run("set steps 60")
        #expect(session.state.editor.draft == [HyperparameterChange(key: "steps", value: "60")])
        #expect(session.state.notice?.text.contains("edited steps = 60") == true)
    }

    @Test("the model is chosen among samples and checkpoints that were opened before")
    func models() {
        var session = Session(at: .start)
        session.state.memory.remember(RecentModel(model: "/models/a", calibration: "/images/a"))
        #expect(session.text.contains("2 of 3: 2 samples, 1 opened before"))
        session.press(.up)
        let request = OpenRequest(model: "/models/a", calibration: "/images/a")
        #expect(session.press(.right) == [.open(request)])
        var card = Session.card
        card.reference = "/models/a"
        session.answer(.opened(.model(card, calibration: "/images/a", evaluation: nil), of: request))
        #expect(session.text.contains("3 of 3"))
        session.press(.right)
        #expect(session.state.notice?.text.contains("this is the last of 3 models") == true)
    }

    @Test("a run is remembered when it starts, when it ends, and when it is left")
    func remembered() {
        var session = Session(at: .start)
        session.press(.enter)
        let effects = session.tell([session.run.opening[0]])
        guard case .remember(let memory)? = effects.first else {
            Issue.record("nothing is remembered at the start")
            return
        }
        #expect(memory.runs.map(\.directory) == ["runs/fashion-vit-w4a4"])
        session = Session(at: .finished)
        session.press(.character("n"))
        #expect(session.state.run == nil)
        #expect(session.text.contains("Recent runs") && session.text.contains("runs/fashion-vit-w4a4"))
        #expect(session.state.memory.runs.first?.label.contains("top-1 90.90 %") == true)
    }

    @Test("a run is stopped without leaving the program", arguments: [Key.enter, .character("s")])
    func stop(key: Key) {
        var session = Session(at: .running)
        #expect(session.press(.character("n")).isEmpty)
        #expect(session.text.contains("Stop the run?"))
        #expect(session.press(key) == [.send(.stop)])
        let effects = session.tell([.stopped(unitsDone: 3)])
        #expect(!effects.contains { if case .quit = $0 { true } else { false } })
        #expect((session.state.run == nil) == (key == .enter))
        #expect(session.state.memory.runs.first?.label.contains("stopped after 3/8 units") == true)
        session = Session(at: .sweeping)
        session.press(.character(":"))
        session.type("stop")
        session.press(.enter)
        #expect(session.text.contains("Stop the run?"))
    }

    @Test("runs whose folder is gone, and those of another process, are marked and not opened")
    func marked() {
        var session = Session(at: .runs)
        #expect(session.text.contains("gone or moved") && session.text.contains("in another process"))
        session.press(.down)
        #expect(session.press(.enter).isEmpty)
        #expect(session.state.notice?.text.contains("another process") == true)
        session.press(.down)
        #expect(session.press(.enter).isEmpty)
        #expect(session.state.notice?.text.contains("is gone or was moved") == true)
        session.press(.character("x"))
        #expect(session.state.memory.runs.count == 2)
        session.press(.escape)
        #expect(session.text.contains("another process works on it"))
    }

    @Test("runs are shown side by side, with what differs and whether it is significant")
    func compared() {
        var session = Session(at: .comparison)
        #expect(session.text.contains("block loss of stem (1/8)"))
        #expect(session.text.contains("no significant difference"))
        for word in ["steps", "weight_bits", "600", "300", "KL, held out", "662.4 kB"] {
            #expect(session.text.contains(word), "\(word)")
        }
        #expect(!session.text.contains("local_weight"), "it is the same in both")
        session.press(.right)
        #expect(session.text.contains("block loss of blocks.0 (2/8)"))
        session.press(.character("v"))
        #expect(session.text.contains("held-out images through each unit"))
        let list = session.state.overlay is RunComparisonView
        session.press(.escape)
        #expect(
            list && (session.state.overlay as? RunsView)?.marked.isEmpty == false,
            "back to the list and its marks")
    }

    @Test("the header keeps the model's name, and cuts long paths in the middle", arguments: [80, 120])
    func header(width: Int) {
        var session = Session(at: .queued, width: width, height: 40)
        #expect(session.grid.glyphRows[0].contains("sample:fashion-vit"))
        session.state.run?.plan.model = "/data/checkpoints/of/someone/dinov2-s14-98-cifar10/model.safetensors"
        #expect(session.grid.glyphRows[0].contains("model.safetensors"))
        #expect(session.grid.glyphRows[0].contains("PAUSE queued"))
    }

    @Test("the header shows how much of all units is done, and what the machine does")
    func machine() {
        var session = Session(at: .running)
        #expect(session.grid.glyphRows[1].contains("42 %"))
        #expect(!session.text.contains("load"))
        let asked = update(&session.state, .tick(.seconds(90)))
        #expect(asked.contains(.measureMachine))
        session.answer(.machineMeasured(MachineUse(load: 7.4, cores: 2, bytes: 1_100_000_000)))
        #expect(session.grid.glyphRows[1].contains("load 7.4 on 2 cores"))
        #expect(session.grid.glyphRows[1].contains("memory 1.1"))
        #expect(!update(&session.state, .tick(.seconds(91))).contains(.measureMachine), "not at every tick")
        session.tell(session.run.ending)
        #expect(!session.text.contains("load 7.4"))
    }

    @Test("an old estimate is made anew when a key is pressed")
    func estimate() {
        var session = Session(at: .start)
        let plan = session.state.start.plan
        session.answer(
            .estimated(
                plan,
                .success(
                    RunEstimate(
                        preparationSeconds: 1, unitSeconds: [1], evaluationSeconds: 1, operationsPerSecond: 1,
                        memory: []))))
        session.tick(20)
        #expect(session.press(.down).isEmpty)
        session.tick(40)
        #expect(session.press(.up) == [.refreshEstimates(plan)])
        #expect(session.press(.up).isEmpty, "it was just asked for")
    }
}
