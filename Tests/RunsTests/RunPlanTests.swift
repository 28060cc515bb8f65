import Runs
import Testing
import Vocabulary
import TestSupport

private let minimalPlan = "schema: 1\nmodel: sample:fashion-vit\n"

/// A wrong plan and its error.
struct Refusal: Sendable, CustomTestStringConvertible {
    var yaml: String
    var sentence: String
    var testDescription: String { sentence }
}

private let refusals = [
    Refusal(
        yaml: minimalPlan + "weight_bit: 4\n",
        sentence: "line 3: there is no key “weight_bit”; did you mean “weight_bits”?"),
    Refusal(
        yaml: minimalPlan + "\nunits:\n  - match: head\n    set: {stesp: 4}\n",
        sentence: "line 6: there is no key “stesp” in set; did you mean “steps”?"),
    Refusal(
        yaml: minimalPlan + "sites:\n  - match: head\n    bit: 4\n",
        sentence: "line 5: there is no key “bit” in sites; did you mean “bits”?"),
    Refusal(
        yaml: minimalPlan + "weight_bits: 0\n",
        sentence: "line 3: weight_bits cannot be “0”; it accepts 2 through 8, or 16 for full precision"),
    Refusal(
        yaml: minimalPlan + "steps: many\n",
        sentence: "line 3: steps cannot be “many”; it accepts a whole number from 0 through 1000000"),
    Refusal(
        yaml: minimalPlan + "block_weight: .nan\n",
        sentence: "line 3: block_weight cannot be “.nan”; it accepts a number from 0.0 through 1000000.0"),
    Refusal(
        yaml: minimalPlan + "steps:\n",
        sentence: "line 3: steps cannot be “null”; it accepts a whole number from 0 through 1000000"),
    Refusal(
        yaml: minimalPlan + "image_size: 0\n",
        sentence: "line 3: image_size cannot be “0”; it accepts a whole number of pixels from 1 through 4096"),
    Refusal(
        yaml: minimalPlan + "image_sise: 32\n",
        sentence: "line 3: there is no key “image_sise”; did you mean “image_size”?"),
    Refusal(
        yaml: minimalPlan + "preset: mgq\n",
        sentence: "line 3: preset cannot be “mgq”; it accepts "
            + Preset.allCases.map(\.rawValue).joined(separator: ", ")),
    Refusal(
        yaml: minimalPlan + "target: cuda\n",
        sentence: "line 3: target cannot be “cuda”; it accepts " + Target.names.joined(separator: ", ")),
    Refusal(
        yaml: minimalPlan + "target: openvino\nweight_symmetry: false\n",
        sentence: "weight_symmetry cannot be “false” for the target openvino, which needs true; "
            + "onnxruntime-cpu, torch and research take it"),
    Refusal(
        yaml: minimalPlan + "seed: -1\n",
        sentence: "line 3: seed cannot be “-1”; it accepts a whole number from 0"),
    Refusal(
        yaml: minimalPlan + "seed: [1]\n",
        sentence: "line 3: “seed” is a list, where a single value was expected"),
    Refusal(
        yaml: minimalPlan + "units: 4\n",
        sentence: "line 3: “units” is “4”, where a list was expected"),
    Refusal(
        yaml: minimalPlan + "units:\n  - set: {steps: 1}\n",
        sentence: "line 4: “match” is missing"),
    Refusal(
        yaml: minimalPlan + "seed: 1\nseed: 2\n", sentence: "the key “seed” comes twice; it may come once"),
    Refusal(yaml: "schema: 1\n", sentence: "“model” is missing"),
    Refusal(yaml: "model: m\n", sentence: "“schema” is missing"),
    Refusal(
        yaml: "schema: 2\nmodel: m\n", sentence: "line 1: the plan has schema 2; this version reads schema 1"),
    Refusal(yaml: "", sentence: "“schema” is missing"),
    Refusal(yaml: "- a\n", sentence: "line 1: the plan is a list, where keys with values was expected"),
    Refusal(yaml: minimalPlan + "a: [\n", sentence: "this is not YAML"),
    Refusal(yaml: minimalPlan + "--- \nmodel: b\n", sentence: "this is not YAML"),
    Refusal(
        yaml: minimalPlan + "evaluation: &a x\n",
        sentence: "line 3: this is not YAML: anchors (&name) are not supported; write the value itself"),
]

@Suite("Plan")
struct RunPlanTests {
    @Test("a plan needs a schema and a model, and takes everything else from the preset")
    func minimal() throws {
        #expect(try RunPlan(yaml: minimalPlan) == RunPlan(model: "sample:fashion-vit"))
        let glf = try RunPlan(yaml: minimalPlan + "preset: glf\nsteps: 50\n")
        #expect(glf.hyperparameters.localWeight == 0)
        #expect(glf.hyperparameters.steps == 50)
    }

    @Test("an image size, or its absence, is kept")
    func imageSize() throws {
        var plan = try RunPlan(yaml: minimalPlan + "image_size: 4096\n")
        #expect(plan.imageSize == 4096)
        #expect(try RunPlan(yaml: plan.yaml) == plan)
        plan.imageSize = nil
        #expect(!plan.yaml.contains("image_size"))
        #expect(try RunPlan(yaml: plan.yaml) == plan)
    }

    @Test("a number of heads, or its absence, is kept")
    func heads() throws {
        var plan = try RunPlan(yaml: minimalPlan + "heads: 3\n")
        #expect(plan.heads == 3)
        #expect(try RunPlan(yaml: plan.yaml) == plan)
        plan.heads = nil
        #expect(!plan.yaml.contains("\nheads:"))
        #expect(try RunPlan(yaml: plan.yaml) == plan)
        #expect(throws: PlanError.self) { _ = try RunPlan(yaml: minimalPlan + "heads: 0\n") }
    }

    @Test("JSON is read as well")
    func json() throws {
        let plan = try RunPlan(
            yaml: #"{"schema": 1, "model": "m", "seed": 18446744073709551615, "weight_bits": 3}"#)
        #expect(plan.seed == .max)
        #expect(plan.hyperparameters.weightBits == 3)
    }

    @Test(
        "every text can be a name",
        arguments: [
            "sample:fashion-vit", "a/b.safetensors", "with space", "null", "~", "123", "a: b", "#x", "*",
            "&a", "- a", "-",
            "\"q\" 'p' \\", "é 🙂 \u{2028}\u{FEFF}\u{85}\u{A0}", "tab\tline\nend", "true", "yes", "{a}", "a:",
            ":a",
            "---", "...", "\u{0}", "\u{1}", "\r", " a ", "Null", "!tag", "%d", "@x", "`y`",
        ])
    func names(text: String) throws {
        var plan = RunPlan(model: text, preset: .glf)
        plan.calibration = text
        plan.units = [UnitOverride(match: text, changes: [])]
        plan.sites = [SiteOverride(match: text, bits: 16)]
        #expect(try RunPlan(yaml: plan.yaml) == plan)
    }

    @Test("numbers are read back to the same bits", arguments: 0..<20 as Range<UInt64>)
    func numbers(seed: UInt64) throws {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
        func random(_ range: ClosedRange<Double>) -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return range.lowerBound + Double(state >> 11) / Double(1 << 53)
                * (range.upperBound - range.lowerBound)
        }
        var plan = RunPlan(model: "m")
        plan.seed = state
        plan.hyperparameters.weightLearningRate = random(0...1e-6)
        plan.hyperparameters.scaleLearningRate = random(0...1)
        plan.hyperparameters.blockWeight = random(0...1e6)
        plan.hyperparameters.temperature = random(0.01...1000)
        plan.hyperparameters.keepOrRevert = seed.isMultiple(of: 2)
        plan.hyperparameters.rounding = .adaround
        plan.units = [
            UnitOverride(match: "blocks.*", changes: plan.hyperparameters.changes(to: Hyperparameters())),
            UnitOverride(match: "head", changes: [HyperparameterChange(key: "weight_bits", value: "8")]),
        ]
        plan.sites = [SiteOverride(match: "blocks.*.attn.softmax", bits: 8)]
        #expect(try RunPlan(yaml: plan.yaml) == plan)
        #expect(try RunPlan(yaml: plan.yaml).yaml == plan.yaml)
    }

    @Test("overrides are read in order")
    func overrides() throws {
        let plan = try RunPlan(
            yaml: minimalPlan + """
                units:
                  - match: "blocks.3"
                    set: {weight_bits: 8}
                  - {match: head, set: {weight_bits: 8, steps: 0}}
                sites:
                  - match: "blocks.*.attn.softmax"
                    bits: 8
                """)
        #expect(try plan.hyperparameters(of: "blocks.3").weightBits == 8)
        #expect(try plan.hyperparameters(of: "blocks.2").weightBits == 4)
        #expect(try plan.hyperparameters(of: "head").steps == 0)
        #expect(plan.bits(of: "blocks.5.attn.softmax", otherwise: 4) == 8)
    }

    @Test(
        "a wrong plan is refused in one sentence with its line",
        arguments: refusals)
    func refusal(refusal: Refusal) {
        let error = #expect(throws: PlanError.self) { try RunPlan(yaml: refusal.yaml) }
        #expect(error?.description.contains(refusal.sentence) == true, "\(error?.description ?? "")")
    }

    @Test("an alias bomb and deep nesting are refused at once", .timeLimit(.minutes(1)))
    func hostile() {
        let bomb =
            "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
            + (1...20).map { n in
                "a\(n): &a\(n) [" + Array(repeating: "*a\(n - 1)", count: 9).joined(separator: ",") + "]"
            }
            .joined(separator: "\n") + "\n? *a20\n: 1\n"
        #expect(throws: PlanError.self) { try RunPlan(yaml: bomb) }
        #expect(throws: PlanError.self) { try RunPlan(yaml: String(repeating: "[", count: 100_000)) }
        #expect(throws: PlanError.self) { try RunPlan(yaml: String(repeating: "- ", count: 100_000)) }
    }

    @Test("a file's error names the file")
    func file() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(minimalPlan + "lokal_weight: 1\n", to: "plan.yaml")
        let error = #expect(throws: RunFailure.self) { try RunPlan(path: path) }
        #expect(error?.kind == .badData)
        #expect(
            error?.message == "\(path), line 3: there is no key “lokal_weight”; did you mean “local_weight”?")
        let missing = #expect(throws: RunFailure.self) { try RunPlan(path: folder.file("none.yaml")) }
        #expect(missing?.kind == .missingInput)
        let isFolder = #expect(throws: RunFailure.self) { try RunPlan(path: folder.path) }
        #expect(isFolder?.kind == .badData)
    }
}

@Suite("Patterns")
struct PatternTests {
    @Test(
        "a star stands for any run of characters, nothing else is special",
        arguments: [
            ("blocks.*", "blocks.3", true), ("blocks.*", "blocks.", true), ("*", "", true), ("", "", true),
            ("", "a", false), ("blocks.*.attn.*", "blocks.11.attn.softmax", true),
            ("*.softmax", "a.softmax.b", false),
            ("a*b*c", "aXbYbZc", true), ("a*b*c", "aXc", false), ("blocks.1", "blocks.11", false),
            ("**a", "a", true),
            ("a.c", "abc", false),
        ])
    func patterns(pattern: String, name: String, expected: Bool) {
        #expect(matches(pattern: pattern, name: name) == expected)
    }
}
