import Foundation
import Kernels
import Quantization
import Runs
import Safetensors
import TensorCore
import Testing
import VisionTransformers
import Vocabulary

@testable import Reconstruction

/// A preset's first steps on one family of levels, as Tests/Reference/reconstruction_golden.py carried them out.
struct ReferenceRun: Sendable, CustomStringConvertible {
    /// The levels of attention maps and after GELU.
    enum Levels: String, CaseIterable {
        case uniform, log, searched
    }

    /// The bits of weights and of activations.
    private static let bits = (weights: 3, activations: 4)
    private static let layers = ["qkv", "proj", "fc1", "fc2"]
    private static let sites = [
        "qkv_input", "q", "k", "v", "attention", "proj_input", "fc1_input", "fc2_input",
    ]

    let preset: Preset
    let levels: Levels

    var description: String { "\(preset.rawValue) \(levels.rawValue)" }
}

// MARK: - Files

extension ReferenceRun {
    private func file(_ name: String) throws -> SafetensorsFile {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        return try SafetensorsFile(path: folder.appendingPathComponent("Goldens/\(name).safetensors").path)
    }

    /// Everything that was recorded, by the golden's names.
    func expected() throws -> [String: [Double]] {
        let golden = try file("\(preset.rawValue)-\(levels.rawValue)")
        return try Dictionary(
            uniqueKeysWithValues: golden.names.map { ($0, try golden.floats($0).map(Double.init)) })
    }

    /// The activation of MLPs: presets that refit them have ReLU.
    private var activation: MLPActivation { preset.hyperparameters.reluRefitSteps > 0 ? .relu : .gelu }

    /// The model, of which block 0 is reconstructed, and the block's calibrated state.
    private func task() throws -> ReconstructionTask {
        let stored = try file("task-\(levels.rawValue)-\(activation == .relu ? "relu" : "gelu")")
        var shape = ViTConfiguration(
            imageHeight: 2, imageWidth: 2, patchHeight: 1, patchWidth: 1, channels: 1, width: 16, depth: 2,
            heads: 2, hiddenWidth: 32, classes: 6)
        shape.hasLayerScale = true
        shape.activation = activation
        let model = try VisionTransformer(configuration: .vit(shape)) { name, shape in
            // The stem plays no part.
            guard stored.names.contains(name) else { return Tensor(shape: shape) }
            return Tensor(shape: shape, elements: try stored.floats(name))
        }
        func matrix(_ name: String, columns: Int) throws -> Matrix {
            let elements = try stored.floats(name)
            return Matrix(rows: elements.count / columns, columns: columns, elements: elements)
        }
        let units = zip(model.units, model.weights).map {
            PreparedUnit(fullPrecision: $0, weights: $1, backward: true)
        }
        return ReconstructionTask(
            unit: model.units[1], state: try state(of: model.units[1], stored), fullPrecision: units[1],
            prefixInput: try matrix("prefix_input", columns: shape.width),
            fullPrecisionInput: try matrix("input", columns: shape.width),
            target: try matrix("target", columns: shape.width), suffix: Array(units[2...]),
            logits: try matrix("logits", columns: shape.classes),
            features: try matrix("features", columns: shape.width),
            originals: try stored.floats("logits").count / shape.classes)
    }

    private func state(of unit: any ModelUnit, _ stored: SafetensorsFile) throws -> QuantizedUnit {
        func tensor(_ name: String, _ shape: [Int]) throws -> Tensor {
            Tensor(shape: shape, elements: try stored.floats("state.\(name)"))
        }
        let linears = try zip(unit.linears, Self.layers).map { linear, layer in
            QuantizedLinear(
                weight: try tensor("\(linear.name).weight", linear.weightShape),
                bias: try tensor("\(linear.name).bias", [linear.outputs]),
                quantizer: .uniform(
                    try UniformQuantizer(
                        bits: try BitWidth(Self.bits.weights), scales: try stored.floats("scales.\(layer)"),
                        zeroPoints: try stored.floats("zero_points.\(layer)"), groups: .rows(perGroup: 1))))
        }
        let sites = try zip(unit.sites, Self.sites).map { site, name in
            let scales = try stored.floats("site.\(name).scales")
            let bits = try BitWidth(Self.bits.activations)
            if stored.names.contains("site.\(name).zero_points") {
                return SiteQuantizer.uniform(
                    try UniformQuantizer(
                        bits: bits, scales: scales, zeroPoints: try stored.floats("site.\(name).zero_points"),
                        groups: site.groups))
            }
            if stored.names.contains("site.\(name).steps") {
                return .searchedLog(
                    try SearchedLogQuantizer(
                        bits: bits, deltas: scales, steps: try stored.floats("site.\(name).steps"),
                        isShifted: name == "fc2_input", groups: site.groups))
            }
            return .logSqrt2(try LogSqrt2Quantizer(bits: bits, deltas: scales, groups: site.groups))
        }
        return QuantizedUnit(
            linears: linears, vectors: try unit.vectors.map { try tensor($0.name, $0.shape) }, sites: sites)
    }
}

// MARK: - The engine

extension ReferenceRun {
    /// Carries the steps out.
    ///
    /// - Parameter expected: What was recorded; only its `run` and the names of its snapshots are read.
    /// - Returns: The same values by the same names, from the engine.
    /// - Throws: A golden that cannot be read.
    func measured(like expected: [String: [Double]]) throws -> [String: [Double]] {
        let run = try #require(expected["run"]).map { Int($0) }
        var values = preset.hyperparameters
        (values.steps, values.batch, values.leastRows) = (run[1], run[2], 0)
        let learner = UnitReconstruction(
            try task(), settings: values, seed: UInt64(run[0]), pool: WorkerPool(threads: 2))
        var result = ["run": run.map(Double.init)]
        func put(_ name: String, _ elements: [Float]) {
            // Scales are recorded only where they learn.
            if expected[name] != nil { result[name] = elements.map(Double.init) }
        }
        let start = learner.gradients(on: Array(0..<run[2]))
        result["start.loss"] = [start.loss]
        for (layer, gradient) in zip(Self.layers, start.weights) { put("start.gradient.\(layer)", gradient) }
        for (site, gradient) in zip(Self.sites, start.scales) {
            put("start.scale_gradient.\(site)", gradient)
        }
        for number in 1...(expected["loss"] ?? []).count {
            let step = learner.step()
            result["loss", default: []].append(step.loss)
            result["terms", default: []] += row(step.terms)
            result["weighted", default: []] += row(step.weighted)
            result["norms", default: []] += row(step.gradientNorms ?? Terms())
            for (layer, linear) in zip(Self.layers, learner.learned.linears) {
                put("after.\(number).variable.\(layer)", linear.variables.matrix.elements)
                put("after.\(number).bias.\(layer)", linear.variables.bias?.elements ?? [])
            }
            for (name, site) in zip(Self.sites, learner.learned.transform.sites) {
                put("after.\(number).scales.\(name)", site.learnedScales?.elements ?? [])
            }
        }
        return result
    }

    private func row(_ terms: Terms) -> [Double] {
        [terms.block, terms.global, terms.local].map { $0 ?? .nan }
    }

    /// What one step of each element's quantizer is: 1 for AdaRound's variables, and relative for scales.
    func unit(of name: String, _ expected: [Double]) throws -> [Double] {
        let parts = name.split(separator: ".").map(String.init)
        if parts[2] == "scales" { return expected }
        guard preset.hyperparameters.rounding == .ste else { return expected.map { _ in 1 } }
        let steps = try file("task-\(levels.rawValue)-\(activation == .relu ? "relu" : "gelu")")
            .floats("scales.\(parts[3])")
        return expected.indices.map { Double(steps[$0 / (expected.count / steps.count)]) }
    }
}
