import Foundation
import Safetensors
import Testing

@Suite("The preparation of images from the command line", .serialized)
struct PreparationTests {
    private let place: Workplace

    init() throws {
        place = try Workplace()
        try place.writePhotos()
    }

    private static let images = [
        "--model", "model", "--calibration", "photos", "--evaluation", "photos", "--steps", "2", "--batch",
        "4",
        "--set", "calibration_images=6",
    ]
    private static let flags = [
        "--mean", "-0.25", "--std", "0.75", "--interpolation", "box", "--crop-pct", "0.5",
    ]

    private func figures(_ arguments: [String]) throws -> [String: Double] {
        let found = try jsonObject(try place.succeed(["evaluate"] + arguments + ["--json"]).output)
        return found.compactMapValues { $0 as? Double }
    }

    @Test("flags replace the checkpoint's preparation, in evaluations and in runs, their exports and recipes")
    func flags() throws {
        let usual = try figures(["model", "--data", "photos"])
        #expect(try figures(["model", "--data", "photos"] + Self.flags) != usual)
        _ = try place.succeed(["run"] + Self.images + Self.flags + ["--output", "out"])
        let plan = try place.text("out/plan.yaml")
        for line in ["mean: -0.25", "std: 0.75", "interpolation: box", "crop_pct: 0.5"] {
            #expect(plan.contains("\n\(line)\n"), "\(line)")
        }
        let manifest = try place.text("out/images.json")
        #expect(manifest.contains("(pixel / 255 − -0.25) / 0.75") && manifest.contains("box"), "\(manifest)")
        _ = try place.succeed(["export", "out", "--format", "packed", "--output", "out.packed"])
        let final = try #require(try jsonObject(try place.data("out/report.json"))["final"] as? [String: Any])
        for model in ["out", "out.packed"] {
            #expect(try figures([model])["kl"] == final["kl"] as? Double)
        }
        _ = try place.succeed(["export", "out", "--format", "recipe", "--output", "r.yaml"])
        _ = try place.succeed(["run", "r.yaml", "--output", "again"])
        _ = try place.succeed(["export", "again", "--format", "packed", "--output", "again.packed"])
        #expect(try place.data("again.packed") == place.data("out.packed"))
    }

    @Test("an assumed normalisation is warned of by run, evaluate and predict, until it is given")
    func assumed() throws {
        let configuration = try place.text("model/config.json")
        try place.write(
            configuration.replacingOccurrences(of: #""mean": [0.5], "std": [0.25]"#, with: ""),
            to: "model/config.json")
        let words = "warning: no file says how pixels are normalised"
        let commands = [
            ["run"] + Self.images + ["--output", "out"], ["evaluate", "model", "--data", "photos"],
            ["predict", "model", "--data", "photos", "--output", "p.csv"],
        ]
        for command in commands {
            #expect(try place.succeed(command).errors.contains(words), "\(command[0])")
        }
        #expect(try place.text("out/journal.jsonl").contains("no file says how pixels are normalised"))
        for command in commands {
            let given = command.map { $0 == "out" ? "given" : $0 } + ["--mean", "0.5", "--std", "0.25"]
            #expect(try !place.succeed(given).errors.contains(words), "\(command[0])")
        }
    }

    /// The lines on standard error of an evaluation that ends well.
    private func warnings(_ arguments: String...) throws -> [String] {
        try place.succeed(["evaluate", "model"] + arguments).errors.split(separator: "\n").map(String.init)
    }

    @Test("what is guessed is warned of where it matters, and flags without effect where they are given")
    func needless() throws {
        try place.write(
            #"{"architecture": "vision_transformer", "num_heads": 2, "img_size": 8}"#, to: "model/config.json"
        )
        let pixels = SmallModel.images(20, seed: 2, isLabelled: false)[0].bytes
        let floats = pixels.map { Float($0) / 64 - 2 }
        try place.write(
            [SafetensorsTensor(name: "images", shape: [20, 1, 8, 8], floats: floats)],
            to: "floats.safetensors")
        let normalised = "warning: no file says how pixels are normalised"
        let photos = try warnings("--data", "photos")
        let resized =
            "warning: no file says how images are resized and cropped, so that crop_pct 0.9 center bicubic is assumed, as "
            + "usual for ViT; give --crop-pct and --interpolation where that is wrong"
        try #require(photos.count == 2, "\(photos)")
        #expect(photos[0].hasPrefix(normalised) && photos[1] == resized, "\(photos)")
        let bytes = try warnings("--data", "evaluation.safetensors", "--normalised", "--crop-pct", "1")
        try #require(bytes.count == 2, "\(bytes)")
        let ofBytes =
            "the images are an array of bytes of the model's size, so that --crop-pct and --normalised have no effect"
        #expect(
            bytes[0].hasPrefix(normalised) && bytes[1] == "warning: evaluation.safetensors: \(ofBytes)",
            "\(bytes)")
        let plain = try warnings("--data", "floats.safetensors")
        #expect(plain.isEmpty, "\(plain)")
        let given = try warnings("--data", "floats.safetensors", "--mean", "0", "--std", "1", "--normalised")
        try #require(given.count == 1, "\(given)")
        let ofFloats =
            "the images are an array of floats, which are used as they are, so that --mean and --std have no effect"
        #expect(given[0] == "warning: floats.safetensors: \(ofFloats)", "\(given)")
        let stated = try warnings(
            "--data", "photos", "--mean", "0", "--std", "1", "--crop-pct", "1", "--interpolation", "box",
            "--normalised")
        try #require(stated.count == 1, "\(stated)")
        let ofFiles = "the images are files, whose pixels are bytes, so that --normalised has no effect"
        #expect(stated[0] == "warning: photos: \(ofFiles)", "\(stated)")
    }

    @Test("floats that look like pixels are refused by run and evaluate, and taken with --normalised")
    func floats() throws {
        let pixels = SmallModel.images(20, seed: 2, isLabelled: false)[0].bytes
        try place.write(
            [
                SafetensorsTensor(
                    name: "images", shape: [20, 1, 8, 8], floats: pixels.map { Float($0) / 255 })
            ], to: "floats.safetensors")
        // A bicubic resize of floats overshoots.
        try place.write(
            [
                SafetensorsTensor(
                    name: "images", shape: [20, 1, 8, 8], floats: pixels.map { Float($0) / 240 - 0.03 })
            ], to: "resized.safetensors")
        let resized = try place.run(["evaluate", "model", "--data", "resized.safetensors"])
        #expect(resized.status == 65)
        #expect(resized.errors.contains("0 … 1, up to the overshoot of a resize"), "\(resized.errors)")
        let commands = [
            ["evaluate", "model", "--data", "floats.safetensors"],
            [
                "run", "--model", "model", "--calibration", "floats.safetensors", "--steps", "2", "--batch",
                "4",
                "--output", "out",
            ],
        ]
        for command in commands {
            let ending = try place.run(command)
            #expect(ending.status == 65, "\(ending.errors)")
            #expect(ending.errors.contains("looks like pixels in 0 … 1; floats must be normalised"))
            _ = try place.succeed(command + ["--normalised"])
        }
        #expect(try place.text("out/plan.yaml").contains("\nnormalised: true\n"))
    }

    @Test("too few calibration images, and equal ones, are warned of")
    func few() throws {
        let few = try place.succeed(["run"] + Self.images + ["--output", "out"])
        #expect(few.errors.contains("warning: 6 calibration images are few"), "\(few.errors)")
        let one = [UInt8](try place.data("photos/ant/0.jpg"))
        for index in 0..<40 {
            let path = place.file("equal/\(index).jpg")
            try FileManager.default.createDirectory(
                atPath: place.file("equal"), withIntermediateDirectories: true)
            try Data(one).write(to: URL(filePath: path))
        }
        let equal = try place.succeed([
            "run", "--model", "model", "--calibration", "equal", "--steps", "2", "--batch", "4", "--output",
            "e",
        ])
        #expect(equal.errors.contains("warning: all 40 calibration images are equal"), "\(equal.errors)")
        #expect(!equal.errors.contains("are few"))
    }

    @Test(
        "a final model that is further from full precision than the calibrated one is warned of, and no other",
        arguments: [("brecq", "3", true), ("mgrq", "8", false)])
    func worse(preset: String, bits: String, isWorse: Bool) throws {
        let ending = try place.succeed([
            "run", "--model", "model", "--calibration", "calibration.safetensors", "--evaluation",
            "evaluation.safetensors", "--preset", preset, "--weight-bits", bits, "--activation-bits", "8",
            "--steps", "60", "--batch", "1", "--set", "calibration_images=1", "--held-out", "0", "--json",
            "--output", "out",
        ])
        let report = try jsonObject(try place.data("out/report.json"))
        func kl(_ stage: String) throws -> Double {
            try #require((report[stage] as? [String: Any])?["kl"] as? Double)
        }
        try #require(try (kl("final") > kl("calibrated")) == isWorse, "the run is no example")
        #expect(ending.output.contains("further from full precision than the calibrated one") == isWorse)
    }

    @Test("notes on labels reach standard error, and classes fewer than the model's are evaluated")
    func notes() throws {
        let configuration = try place.text("model/config.json")
        try place.write(
            configuration.dropLast() + #", "label_names": ["ant", "bee", "cow"]}"#, to: "model/config.json")
        try FileManager.default.removeItem(atPath: place.file("photos/bee"))
        let ending = try place.succeed(["evaluate", "model", "--data", "photos"])
        #expect(
            ending.errors.contains("photos: the images are of 2 of the model's 3 classes"), "\(ending.errors)"
        )
        #expect(ending.output.contains("8 images"))
    }

    @Test(
        "wrong arguments say what is accepted",
        arguments: [
            (
                ["run"] + images + ["--seed", "-1"], 64,
                "--seed cannot be “-1”; it accepts a whole number, 0 or more"
            ),
            (
                ["run", "--model", "model", "--calibration", "photos", "--steps", "-1"], 64,
                "steps cannot be “-1”"
            ),
            (["run"] + images + ["--image-size", "-8"], 64, "--image-size cannot be “-8”"),
            (["run"] + images + ["--std", "0"], 64, "--std cannot be “0”; it accepts one positive number"),
            (
                ["run"] + images + ["--mean", "a"], 64,
                "--mean cannot be “a”; it accepts one number, or one for each"
            ),
            (
                ["run"] + images + ["--mean", "1,2"], 65,
                "--mean has 2 numbers, but the model reads 1 channel"
            ),
            (
                ["run"] + images + ["--interpolation", "cubic"], 64,
                "--interpolation cannot be “cubic”; it accepts nearest"
            ),
            (
                ["run"] + images + ["--crop-pct", "0"], 64,
                "--crop-pct cannot be “0”; it accepts 0.01 through 16"
            ),
            (
                ["run", "model"], 65,
                "model is a folder, where a plan was expected; give a model with --model"
            ),
            (
                ["run", "model/model.safetensors"], 65,
                "model.safetensors is a model, where a plan was expected; give it with --model"
            ),
            (
                ["run", "plan.yaml"], 65,
                "plan.yaml, line 4: std cannot be “-1”; it accepts one positive number"
            ),
            (["run", "elsewhere.yaml"], 66, "/nowhere is not there; give --model"),
        ] as [([String], Int32, String)])
    func refused(arguments: [String], code: Int32, words: String) throws {
        try place.write("schema: 1\nmodel: model\nmean: 0.5\nstd: -1\n", to: "plan.yaml")
        try place.write("schema: 1\nmodel: nowhere\n", to: "elsewhere.yaml")
        let ending = try place.run(arguments)
        #expect(ending.status == code, "\(ending.errors)")
        #expect(ending.errors.contains(words), "\(ending.errors)")
        #expect(try !place.contents().contains { $0.hasPrefix("runs") })
    }
}
