package import Vocabulary

/// Where a quantized model is to run.
///
/// It limits what quantizers may be, before a unit is calibrated: what is reconstructed then is what runs there. See
/// docs/targets.md.
package enum Target: String, CaseIterable, Codable, Sendable {
    /// ONNX Runtime on processors: integer products of bytes.
    case onnxRuntimeCPU = "onnxruntime-cpu"
    /// OpenVINO on processors: integer products where weights are symmetric.
    case openVINO = "openvino"
    /// PyTorch, by a module that computes as this program does.
    case torch
    /// This program, and ONNX Runtime at any speed.
    case research

    /// The target with a name.
    ///
    /// - Throws: `RunFailure(.usage)` that lists the names or suggests the one that was probably meant.
    package init(named name: String) throws(RunFailure) {
        guard let target = Target(rawValue: name) else {
            let near = closest(to: name, among: Self.names).map { "did you mean “\($0)”?" }
            throw RunFailure(
                .usage,
                "there is no target “\(name)”; \(near ?? "there is \(Self.names.joined(separator: ", "))")")
        }
        self = target
    }

    /// The names of all targets.
    package static let names = allCases.map(\.rawValue)

    /// A description of one line.
    package var summary: String {
        switch self {
        case .onnxRuntimeCPU: "integer products in ONNX Runtime"
        case .openVINO: "integer products in OpenVINO"
        case .torch: "a PyTorch module, every quantizer"
        case .research: "every quantizer, whatever runs it"
        }
    }

    /// The values that hyperparameters must have.
    package var requirements: [HyperparameterChange] {
        switch self {
        case .onnxRuntimeCPU: [HyperparameterChange(key: "gelu_levels", value: "uniform")]
        case .openVINO:
            [
                HyperparameterChange(key: "gelu_levels", value: "uniform"),
                HyperparameterChange(key: "weight_symmetry", value: "true"),
            ]
        case .torch, .research: []
        }
    }

    /// Checks the hyperparameters of a unit.
    ///
    /// - Throws: `PlanError.conflict` that names the value which does not run there, and the targets that take it.
    package func check(_ hyperparameters: Hyperparameters) throws(PlanError) {
        for requirement in requirements {
            guard let field = HyperparameterField.named(requirement.key) else { continue }
            let value = field.value(in: hyperparameters)
            guard value != requirement.value else { continue }
            let takers = Self.allCases.filter { target in
                target.requirements.allSatisfy { $0.key != field.key || $0.value == value }
            }.map(\.rawValue)
            throw .conflict(
                "\(field.key) cannot be “\(value)” for the target \(rawValue), which needs \(requirement.value); "
                    + "\(takers.dropLast().joined(separator: ", ")) and \(takers.last ?? "") take it")
        }
    }
}

extension Preset {
    /// The preset's hyperparameters with what a target requires.
    package func hyperparameters(for target: Target) -> Hyperparameters {
        var result = hyperparameters
        result.require(target)
        return result
    }
}

extension Hyperparameters {
    fileprivate mutating func require(_ target: Target) {
        do {
            try apply(target.requirements)
        } catch {
            preconditionFailure("a target requires a value that no field accepts: \(error)")
        }
    }
}

extension RunPlan {
    /// Changes the target: takes what it requires, and the preset's values where only the target before required others.
    package mutating func aim(at target: Target) {
        for requirement in self.target.requirements {
            guard let field = HyperparameterField.named(requirement.key),
                field.value(in: hyperparameters) == requirement.value
            else { continue }
            // A preset's own value is always accepted.
            try? field.set(field.value(of: preset), in: &hyperparameters)
        }
        self.target = target
        hyperparameters.require(target)
    }
}
