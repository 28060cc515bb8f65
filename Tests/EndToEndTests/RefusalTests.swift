import Foundation
import Safetensors
import Testing

/// A use of the tool that is refused.
struct Refusal: Sendable, CustomTestStringConvertible {
    /// What is tried.
    let name: String
    /// The exit code.
    let status: Int32
    /// What the sentence on standard error contains.
    let sentence: String
    /// The arguments.
    let arguments: [String]
    /// What is wrong with the workplace.
    let prepare: @Sendable (Workplace) throws -> Void

    init(
        _ name: String, _ status: Int32, _ sentence: String, _ arguments: [String],
        prepare: @escaping @Sendable (Workplace) throws -> Void = { _ in }
    ) {
        (self.name, self.status, self.sentence) = (name, status, sentence)
        (self.arguments, self.prepare) = (arguments, prepare)
    }

    var testDescription: String { name }

    static func run(_ flags: String...) -> [String] { ["run"] + Workplace.job + flags }
}

private let wrongUse = [
    Refusal("no model", 64, "give --model", ["run"]),
    Refusal("an unknown flag", 64, "--bogus", ["run", "--bogus"]),
    Refusal("an unknown command", 64, "frob", ["frob"]),
    Refusal(
        "0 bits", 64, "weight_bits cannot be “0”; it accepts 2 through 8", Refusal.run("--weight-bits", "0")),
    Refusal("9 bits", 64, "activation_bits cannot be “9”", Refusal.run("--activation-bits", "9")),
    Refusal("no steps", 64, "steps cannot be “-1”", Refusal.run("--set", "steps=-1")),
    Refusal("an unknown preset", 64, "did you mean “mgrq”", Refusal.run("--preset", "mgq")),
    Refusal("an unknown key", 64, "did you mean “block_weight”", Refusal.run("--set", "blok_weight=1")),
    Refusal("a change without a value", 64, "KEY=VALUE", Refusal.run("--set", "steps")),
    Refusal(
        "a weight that is NaN", 64, "block_weight cannot be “nan”",
        Refusal.run("--set", "block_weight=nan")),
    Refusal("no threads", 64, "--threads cannot be “0”", Refusal.run("--threads", "0")),
    Refusal(
        "a model without calibration images", 64, "give --calibration", ["run", "--model", "model"]),
    Refusal(
        "a preset beside a plan", 64, "--preset cannot be given", ["run", "plan.yaml", "--preset", "glf"]),
    Refusal(
        "a width that a sweep cannot have", 64, "--weight-bits cannot be “4,9”",
        ["sweep", "--model", "model", "--weight-bits", "4,9"]),
    Refusal(
        "an unknown format", 64, "there is packed, onnx, onnx-compact, torch, recipe",
        ["export", "model", "--format", "gguf", "--output", "x"]),
    Refusal("no images to evaluate on", 64, "give --data", ["evaluate", "model"]),
    Refusal("an unknown hyperparameter", 64, "did you mean “weight_bits”", ["explain", "weght_bits"]),
    Refusal("a key beside the page of all", 64, "give no key", ["explain", "steps", "--markdown"]),
    Refusal(
        "steps of a sweep below 0", 64, "--steps cannot be “-1”", ["sweep", "--model", "model", "--steps=-1"]),
    Refusal(
        "a target given twice", 64, "--target is given more than once; it accepts one value",
        Refusal.run("--target", "torch", "--target=openvino")),
    Refusal(
        "an output given twice", 64, "--output is given more than once",
        ["predict", "model", "--data", "evaluation.safetensors", "--output", "a.csv", "--output", "b.csv"]),
    Refusal("a time without a snapshot", 64, "--at needs --snapshot", ["workbench", "--at", "3"]),
    Refusal(
        "a plan beside a replayed run", 64, "one of them", ["workbench", "plan.yaml", "--replay", "out"]),
]

private let missingInputs = [
    Refusal(
        "a model that is not there", 66, "none.safetensors is not there",
        ["run", "--model", "none.safetensors"]),
    Refusal("a plan that is not there", 66, "none.yaml", ["run", "none.yaml"]),
    Refusal(
        "a theme that is not there", 66, "there is no file none.yaml",
        ["workbench", "--theme-file", "none.yaml", "--list-themes"]),
    Refusal("an unknown sample", 66, "“resnet”", ["evaluate", "sample:resnet"]),
    Refusal(
        "calibration images that are not there", 66, "none is not there",
        ["run", "--model", "model", "--calibration", "none"]),
    Refusal(
        "data that are a device", 65, "/dev/zero is a device, a pipe or a socket",
        ["evaluate", "model", "--data", "/dev/zero"]),
    Refusal("data that are not there", 66, "none is not there", ["evaluate", "model", "--data", "none"]),
    Refusal(
        "a run that is not there", 66, "none is not a folder",
        ["export", "none", "--format", "recipe", "--output", "x"]),
    Refusal(
        "a theme that is none", 65, "odd.yaml:1: ",
        ["workbench", "--theme-file", "odd.yaml", "--print-config"]
    ) {
        try Data("no theme".utf8).write(to: URL(filePath: $0.file("odd.yaml")))
    },
    Refusal("a folder without a model", 66, "empty", ["inspect", "empty"]) {
        try FileManager.default.createDirectory(atPath: $0.file("empty"), withIntermediateDirectories: false)
    },
]

private let badData = [
    Refusal("a truncated checkpoint", 65, "model.safetensors", Refusal.run()) {
        try $0.data("model/model.safetensors").dropLast(100).write(
            to: URL(filePath: $0.file("model/model.safetensors")))
    },
    Refusal("a checkpoint that is text", 65, "model.safetensors", ["inspect", "model"]) {
        try $0.write("this is not a safetensors file at all", to: "model/model.safetensors")
    },
    Refusal("an empty checkpoint", 65, "model.safetensors", Refusal.run()) {
        try $0.write("", to: "model/model.safetensors")
    },
    Refusal("a weight that is not a number", 65, "blocks.1.mlp.fc1.weight", Refusal.run()) {
        try $0.write(
            SmallModel.tensors { if $0 == "blocks.1.mlp.fc1.weight" { $1[5] = .nan } },
            to: "model/model.safetensors")
    },
    Refusal("a tensor that is missing", 65, "blocks.1.attn.proj.bias", Refusal.run()) {
        try $0.write(
            SmallModel.tensors().filter { $0.name != "blocks.1.attn.proj.bias" },
            to: "model/model.safetensors")
    },
    Refusal("a tensor of a wrong shape", 65, "norm.bias", Refusal.run()) {
        try $0.write(
            SmallModel.tensors().filter { $0.name != "norm.bias" }
                + [SafetensorsTensor(name: "norm.bias", shape: [3], floats: [0, 0, 0])],
            to: "model/model.safetensors")
    },
    Refusal("a tensor that is not supported", 65, "extra.weight", Refusal.run()) {
        try $0.write(
            SmallModel.tensors() + [SafetensorsTensor(name: "extra.weight", shape: [1], floats: [0])],
            to: "model/model.safetensors")
    },
    Refusal("a configuration that is not JSON", 65, "config.json", Refusal.run()) {
        try $0.write("{", to: "model/config.json")
    },
    Refusal("an empty calibration set", 65, "there are no images", Refusal.run()) {
        try $0.write(SmallModel.images(0, seed: 1, isLabelled: false), to: "calibration.safetensors")
    },
    Refusal("images of another size", 65, "calibration.safetensors", Refusal.run()) {
        try $0.write(
            SmallModel.images(4, seed: 1, isLabelled: false, side: 12), to: "calibration.safetensors")
    },
    Refusal("labels beyond the classes", 65, "evaluation.safetensors", Refusal.run()) {
        let images = SmallModel.images(2, seed: 1, isLabelled: false)
        try $0.write(
            images + [SafetensorsTensor(name: "labels", shape: [2], integers: [0, 3])],
            to: "evaluation.safetensors")
    },
    Refusal(
        "a plan with an unknown key", 65,
        "plan.yaml, line 3: there is no key “weight_bit”; did you mean “weight_bits”?",
        ["run", "plan.yaml"]
    ) {
        try $0.write("schema: 1\nmodel: model\nweight_bit: 4\n", to: "plan.yaml")
    },
    Refusal("a plan with 0 bits", 65, "plan.yaml, line 3: weight_bits cannot be “0”", ["run", "plan.yaml"]) {
        try $0.write("schema: 1\nmodel: model\nweight_bits: 0\n", to: "plan.yaml")
    },
    Refusal("a plan that is not YAML", 65, "plan.yaml", ["run", "plan.yaml"]) {
        try $0.write("schema: [1\n", to: "plan.yaml")
    },
    Refusal("a plan that is not text", 65, "plan.yaml", ["run", "plan.yaml"]) {
        try Data([0xFF, 0xFE, 0, 1]).write(to: URL(filePath: $0.file("plan.yaml")))
    },
    Refusal(
        "a folder that is not a run", 65, "model holds no run",
        ["export", "model", "--format", "packed", "--output", "x"]),
]

private let outputs = [
    Refusal("an output that holds something", 73, "out is not empty", Refusal.run("--output", "out")) {
        try $0.write("mine", to: "out/notes.txt")
    },
    Refusal("an output that is a file", 73, "out", Refusal.run("--output", "out")) {
        try $0.write("mine", to: "out")
    },
    Refusal(
        "an output below a file", 73, "file cannot be made: something that is not a folder",
        Refusal.run("--output", "file/out")
    ) {
        try $0.write("mine", to: "file")
    },
    Refusal("an output without a name", 73, "no name", Refusal.run("--output", "")),
    Refusal(
        "an output that the system does not allow", 73, "/proc/mgrq", Refusal.run("--output", "/proc/mgrq")),
]

@Suite("What is refused", .serialized)
struct RefusalTests {
    @Test(
        "prints one sentence, ends with its exit code, and leaves no files",
        arguments: wrongUse + missingInputs + badData + badCheckpoints + badImages + outputs)
    func refusal(refusal: Refusal) throws {
        let place = try Workplace()
        try refusal.prepare(place)
        let before = try place.contents()
        let ending = try place.run(refusal.arguments)
        #expect(ending.status == refusal.status, "\(ending.errors)")
        #expect(!ending.wasKilled)
        #expect(ending.errors.contains(refusal.sentence), "\(ending.errors)")
        let last = ending.errors.split(separator: "\n").last ?? ""
        #expect(last.hasPrefix("mgrq: "))
        #expect(ending.errors.split(separator: "\n").count { $0.hasPrefix("mgrq: ") } == 1)
        #expect(ending.output == "")
        #expect(try place.contents() == before)
    }

    @Test("output that nobody can take is an input or output error")
    func fullDisk() throws {
        let place = try Workplace()
        let arguments = ["evaluate", "model", "--data", "evaluation.safetensors"]
        let ending = try place.start(arguments, output: "/dev/full").end()
        #expect(ending.status == 74)
        #expect(ending.errors == "mgrq: standard output cannot be written\n")
        let events = try place.start(
            ["run"] + Workplace.job + ["--json", "--output", "out"], output: "/dev/full"
        ).end()
        #expect(events.status == 74)
        #expect(!FileManager.default.fileExists(atPath: place.file("out")))
    }
}
