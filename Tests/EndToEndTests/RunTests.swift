import Foundation
import Testing

@Suite("A run without a screen", .serialized)
struct RunTests {
    let place: Workplace

    init() throws {
        place = try Workplace()
    }

    private func run(_ output: String, _ flags: String...) throws -> Work.Ending {
        let ending = try place.run(["run"] + Workplace.job + ["--output", output] + flags)
        try #require(ending.status == 0, "\(ending.errors)")
        return ending
    }

    @Test("reports progress on standard error and results on standard output")
    func streams() throws {
        let ending = try run("out")
        let lines = ending.output.split(separator: "\n")
        #expect(
            lines.map { $0.split(separator: " ").first } == [
                "full", "calibrated", "final", "held", "size", "run",
            ])
        #expect(lines.first?.contains("top-1") == true)
        #expect(ending.errors.contains("unit 4/4 head done"))
        #expect(!ending.errors.contains("mgrq: "))
    }

    @Test("leaves a plan, a journal, an attempt for each unit and a report")
    func directory() throws {
        _ = try run("out")
        let names = ["blocks.0-1", "blocks.1-1", "head-1", "stem-1"].map { "out/attempts/\($0).safetensors" }
        #expect(
            try place.contents().filter { $0.hasPrefix("out") }
                == ["out", "out/attempts"] + names + [
                    "out/images.json", "out/journal.jsonl", "out/plan.yaml", "out/predictions.json",
                    "out/report.json",
                ])
        let report = try jsonObject(place.text("out/report.json"))
        #expect((report["units"] as? [Any])?.count == 4)
        // What the report sums up, image by image.
        let final = try #require(report["final"] as? [String: Any])
        let predictions = try jsonObject(place.text("out/predictions.json"))
        let lists = try ["labels", "full_precision", "final"].map { try #require(predictions[$0] as? [Int]) }
        func percent(_ list: [Int]) -> Double {
            100 * Double(zip(list, lists[2]).count { $0 == $1 }) / Double(lists[2].count)
        }
        #expect(lists[2].count == final["images"] as? Int)
        #expect(percent(lists[0]) == final["top1"] as? Double)
        #expect(percent(lists[1]) == final["agreement"] as? Double)
        let divergences = try #require(predictions["kl"] as? [Double])
        let mean = divergences.reduce(0, +) / Double(divergences.count)
        let kl = try #require(final["kl"] as? Double)
        #expect(divergences.count == lists[2].count && abs(mean - kl) <= 1e-6 * kl)
        let last = try jsonObject(try #require(place.text("out/journal.jsonl").split(separator: "\n").last))
        #expect(last["event"] as? String == "finished")
    }

    @Test("without --output makes a new folder below runs each time")
    func defaultOutput() throws {
        for _ in 1...2 {
            #expect(try place.run(["run"] + Workplace.job + ["--preset", "calibrate"]).status == 0)
        }
        let runs = try FileManager.default.contentsOfDirectory(atPath: place.file("runs")).sorted()
        #expect(runs == ["model-w4a4-calibrate-1", "model-w4a4-calibrate-2"])
    }

    @Test("gives the same integers for any number of threads", arguments: ["ste", "adaround"])
    func threads(rounding: String) throws {
        var exports: [Data] = []
        for threads in ["1", "2", "3"] {
            _ = try run("out\(threads)", "--threads", threads, "--set", "rounding=\(rounding)")
            let ending = try place.run([
                "export", "out\(threads)", "--format", "packed", "--output", "p\(threads)",
            ])
            #expect(ending.status == 0, "\(ending.errors)")
            exports.append(try place.data("p\(threads)"))
        }
        #expect(exports[0] == exports[1])
        #expect(exports[0] == exports[2])
    }

    @Test("comes out the same from its recipe, and differs with another seed")
    func recipe() throws {
        _ = try run("first", "--seed", "5", "--set", "local_weight=0.25", "--activation-bits", "6")
        _ = try run("other", "--seed", "6", "--set", "local_weight=0.25", "--activation-bits", "6")
        #expect(try place.run(["export", "first", "--format", "recipe", "--output", "r.yaml"]).status == 0)
        let ending = try place.run(["run", "r.yaml", "--output", "second"])
        #expect(ending.status == 0, "\(ending.errors)")
        for name in ["first", "second", "other"] {
            #expect(
                try place.run(["export", name, "--format", "packed", "--output", "\(name).pt"]).status == 0)
        }
        #expect(try place.data("first.pt") == place.data("second.pt"))
        #expect(try place.data("first.pt") != place.data("other.pt"))
        #expect(try place.text("first/plan.yaml") == place.text("r.yaml"))
    }

    @Test("evaluates to the same from its directory, its packed checkpoint and its report")
    func evaluation() throws {
        _ = try run("out")
        #expect(try place.run(["export", "out", "--format", "packed", "--output", "packed"]).status == 0)
        let report = try jsonObject(place.text("out/report.json"))
        let final = try #require(report["final"] as? [String: Any])
        for model in ["out", "packed"] {
            let ending = try place.run(["evaluate", model, "--json"])
            #expect(ending.status == 0, "\(ending.errors)")
            let measured = try jsonObject(ending.output)
            #expect(
                Set(measured.keys) == [
                    "images", "top1", "top5", "agreement", "kl", "sqnr_db", "skipped", "held_out",
                    "layers_on_bytes", "noise_floor",
                ])
            for (key, value) in final {
                #expect(measured[key] as? NSNumber == value as? NSNumber, "\(key)")
            }
        }
    }

    @Test(
        "is evaluated and replayed with the checkpoint and the images that it was made with, unless others are accepted"
    )
    func changedInputs() throws {
        _ = try run("out")
        #expect(try place.run(["export", "out", "--format", "packed", "--output", "packed"]).status == 0)
        #expect(try place.run(["export", "out", "--format", "recipe", "--output", "r.yaml"]).status == 0)
        try place.write(SmallModel.images(20, seed: 3, isLabelled: true), to: "evaluation.safetensors")
        let commands = [
            ["evaluate", "out"], ["evaluate", "packed"], ["predict", "out", "--output", "p.npz"],
            ["run", "r.yaml", "--output", "second"],
        ]
        for command in commands {
            let refused = try place.run(command)
            #expect(refused.status == 65 && refused.output == "", "\(command)")
            #expect(refused.errors.contains("evaluation.safetensors"), "\(refused.errors)")
            #expect(refused.errors.contains("put back what was there, or give --accept-changed-inputs\n"))
            #expect(
                try !command.contains("--output") || !place.contents().contains(command[command.count - 1]))
            let accepted = try place.run(command + ["--accept-changed-inputs"])
            #expect(accepted.status == 0, "\(accepted.errors)")
            #expect(accepted.errors.contains("accepted: "), "\(accepted.errors)")
        }
        #expect(try place.text("second/journal.jsonl").contains(#""event":"inputs_accepted""#))
        #expect(try place.run(["evaluate", "out", "--data", "evaluation.safetensors"]).status == 0)
        // Another seed makes another plan.
        let other = try place.run(["run", "r.yaml", "--seed", "7", "--output", "third"])
        #expect(other.status == 0, "\(other.errors)")
    }

    @Test("says once which of several models in a file it takes")
    func choiceOfWeights() throws {
        try place.copy("CheckpointsTests/Goldens/torch/ema.pth", to: "model/ema.pth")
        for name in ["model.safetensors", "config.json"] {
            try FileManager.default.removeItem(atPath: place.file("model/\(name)"))
        }
        try place.copy("CheckpointsTests/Goldens/torch/config.json", to: "model/config.json")
        let ending = try run("out")
        #expect(ending.status == 0, "\(ending.errors)")
        #expect(ending.errors.components(separatedBy: "the averaged (EMA) weights at").count == 2)
    }

    @Test("prints events as JSON Lines, and nothing else, with --json")
    func jsonLines() throws {
        let ending = try run("out", "--json")
        #expect(ending.errors == "")
        let events = try ending.output.split(separator: "\n").map { try jsonObject($0) }
        #expect(events.compactMap { $0["seq"] as? Int } == Array(1...events.count))
        let names = events.compactMap { $0["event"] as? String }
        #expect(names.first == "started")
        #expect(names.last == "finished")
        #expect(names.count { $0 == "unit_finished" } == 4)
        #expect(names.contains("stepped"))
        let times = events.compactMap { $0["time"] as? Double }
        #expect(times == times.sorted())
    }

    @Test("stops cleanly when it is interrupted, and keeps what is done", arguments: [SIGINT, SIGTERM])
    func interrupted(signal: Int32) async throws {
        let flags = ["--json", "--output", "out", "--set", "steps=1000000"]
        // The stem learns nothing at 16 bits, so it is done at once; then a block is interrupted.
        try place.write(
            """
            schema: 1
            model: model
            calibration: calibration.safetensors
            units:
              - {match: stem, set: {steps: 0}}
            """, to: "plan.yaml")
        let work = try place.start(["run", "plan.yaml"] + flags)
        try await work.waitForOutput(#""event":"stepped","unit":1"#)
        kill(work.process.processIdentifier, signal)
        let ending = try work.end()
        #expect(ending.status == 128 + signal)
        #expect(!ending.wasKilled)
        let last = try jsonObject(try #require(place.text("out/journal.jsonl").split(separator: "\n").last))
        #expect(last["event"] as? String == "stopped")
        #expect(last["units_done"] as? Int == 1)
        #expect(try place.contents().contains("out/attempts/stem-1.safetensors"))
        #expect(try !place.contents().contains("out/report.json"))
        let export = try place.run(["export", "out", "--format", "packed", "--output", "packed"])
        #expect(export.status == 65)
        #expect(export.errors.contains("did not finish"))
    }

    @Test("leaves no files when it is interrupted before a unit is done")
    func interruptedEarly() async throws {
        let before = try place.contents()
        let work = try place.start(
            ["run"] + Workplace.job + ["--json", "--output", "out", "--set", "steps=1000000"])
        try await work.waitForOutput(#""event":"stepped""#)
        kill(work.process.processIdentifier, SIGINT)
        #expect(try work.end().status == 130)
        #expect(try place.contents() == before)
    }
}
