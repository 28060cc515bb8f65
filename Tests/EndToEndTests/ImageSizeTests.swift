import Foundation
import Safetensors
import Testing

@Suite("Images of another size than the checkpoint was made for", .serialized)
struct ImageSizeTests {
    private let place: Workplace

    init() throws {
        place = try Workplace()
        try place.writePhotos()
    }

    private static let images = [
        "--model", "model", "--calibration", "photos", "--evaluation", "photos", "--set",
        "calibration_images=6",
    ]

    private func packed(_ run: String) throws -> Data {
        _ = try place.succeed(["export", run, "--format", "packed", "--output", "\(run).packed"])
        return try place.data("\(run).packed")
    }

    @Test("a run, its exports and its recipe keep the size that was asked for")
    func run() throws {
        let job = ["run"] + Self.images + ["--steps", "4", "--batch", "4", "--image-size", "16"]
        _ = try place.succeed(job + ["--output", "out"])
        #expect(try place.text("out/plan.yaml").contains("\nimage_size: 16\n"))
        let manifest = try jsonObject(try place.data("out/images.json"))
        for part in ["calibration", "evaluation"] {
            let preparation = (manifest[part] as? [String: Any])?["preprocessing"] as? String
            #expect(preparation?.contains("16 × 16") == true, "\(preparation ?? "")")
        }
        let bytes = try packed("out")
        let header = try SafetensorsFile(path: place.file("out.packed")).metadata["model"] ?? ""
        #expect(header.contains(#""imageHeight":16"#) && header.contains(#""imageWidth":16"#))

        // The run's own model is evaluated, on images of its size.
        let final = try #require(
            try jsonObject(try place.data("out/report.json"))["final"] as? [String: Any])
        for model in ["out", "out.packed"] {
            let found = try jsonObject(try place.succeed(["evaluate", model, "--json"]).output)
            for key in ["images", "top1", "agreement", "kl", "sqnr_db"] {
                #expect(found[key] as? Double == final[key] as? Double, "\(model), \(key)")
            }
        }

        _ = try place.succeed(["export", "out", "--format", "recipe", "--output", "r.yaml"])
        _ = try place.succeed(["run", "r.yaml", "--output", "again"])
        #expect(try packed("again") == bytes)
        let usual = ["run", "r.yaml", "--output", "usual", "--image-size", "8"]
        _ = try place.succeed(usual)
        #expect(try packed("usual") != bytes)
    }

    @Test("a run that was killed goes on with its size")
    func resume() throws {
        let job = ["run"] + Self.images + ["--steps", "4000", "--batch", "4", "--image-size", "12", "--json"]
        _ = try place.succeed(job + ["--output", "plain"])
        let work = try place.start(job + ["--output", "killed"])
        while try !work.outputSoFar().contains(#""event":"unit_finished","unit":1"#) {
            try #require(work.process.isRunning, "it ended before it could be killed")
            usleep(2000)
        }
        kill(work.process.processIdentifier, SIGKILL)
        #expect(try work.end().wasKilled)
        _ = try place.succeed(["resume", "killed"])
        #expect(try packed("killed") == packed("plain"))
    }

    @Test("every command that takes a model takes the size")
    func commands() throws {
        let inspected = try place.succeed(["inspect", "model", "--image-size", "16"]).output
        #expect(inspected.contains("16 × 16 pixels in 4 × 4 patches"))
        #expect(inspected.contains("centre crop 16 × 16"))
        #expect(inspected.contains("the image size as asked for, not 8 × 8"))
        let evaluated = try place.succeed([
            "evaluate", "model", "--data", "photos", "--image-size", "12", "--json",
        ])
        #expect(try jsonObject(evaluated.output)["images"] as? Int == 12)
        let bits = ["--weight-bits", "4", "--activation-bits", "8"]
        _ = try place.succeed(["sweep"] + Self.images + bits + ["--image-size", "12", "--output", "s"])
        #expect(try place.text("s/images.json").contains("12 × 12"))
        _ = try place.succeed(
            ["compare"] + Self.images + [
                "--presets", "calibrate", "--seeds", "1", "--image-size", "12", "--output", "c",
            ])
        #expect(try place.text("c/w4a4-calibrate-seed1/plan.yaml").contains("image_size: 12"))
        let estimate = ["run"] + Self.images + ["--dry-run", "--json"]
        func memory(_ flags: [String]) throws -> Double {
            let found = try jsonObject(try place.succeed(estimate + flags).output)
            return try #require(found["bytes"] as? Double, "\(found)")
        }
        #expect(try memory(["--image-size", "64"]) > memory([]))
    }

    @Test(
        "what cannot be had is refused in one sentence",
        arguments: [
            (
                ["inspect", "model", "--image-size", "0"], 64,
                "--image-size cannot be “0”; it accepts a whole number"
            ),
            (["inspect", "model", "--image-size", "big"], 64, "--image-size cannot be “big”"),
            (["evaluate", "model", "--data", "photos", "--image-size", "4097"], 64, "from 1 through 4096"),
            (
                ["evaluate", "model", "--data", "photos", "--image-size", "10"], 65,
                "images of 10 × 10 pixels cannot be read: a side must be a multiple of the patch size, 4, and at most "
                    + "4096"
            ),
            (["run"] + images + ["--image-size", "10"], 65, "images of 10 × 10 pixels cannot be read"),
            (
                [
                    "run", "--model", "model", "--calibration", "calibration.safetensors", "--image-size",
                    "16",
                ], 65,
                "calibration.safetensors"
            ),
            (
                ["run", "plan.yaml"], 65,
                "plan.yaml, line 3: image_size cannot be “1.5”; it accepts a whole number"
            ),
        ])
    func refused(arguments: [String], code: Int32, words: String) throws {
        try place.write("schema: 1\nmodel: model\nimage_size: 1.5\n", to: "plan.yaml")
        let ending = try place.run(arguments)
        #expect(ending.status == code, "\(ending.errors)")
        #expect(ending.errors.contains(words), "\(ending.errors)")
        #expect(ending.errors.split(separator: "\n").count { $0.hasPrefix("mgrq: ") } == 1)
        #expect(try !place.contents().contains { $0.hasPrefix("runs") })
    }

    @Test("a quantized model has its own size, which cannot be changed")
    func quantized() throws {
        _ = try place.succeed(["run"] + Self.images + ["--preset", "calibrate", "--output", "out"])
        let ending = try place.run(["evaluate", "out", "--image-size", "16"])
        #expect(ending.status == 64)
        #expect(ending.errors.contains("--image-size cannot be given with a packed checkpoint or a run"))
    }
}
