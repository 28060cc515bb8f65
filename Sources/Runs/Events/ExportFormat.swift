/// A file that a run can be exported to.
///
/// The command line and the workbench list these; the engine has an `Exporter` for each.
package enum ExportFormat: String, CaseIterable, Codable, Sendable {
    /// Safetensors with codes at their width, scales, zero points and the plan.
    case packed
    /// A graph in the ONNX format, which ONNX Runtime and others run.
    case onnx
    /// The same with codes below 8 bits in planes of bits.
    case onnxCompact = "onnx-compact"
    /// Safetensors under the checkpoint's own names, with a Python module that runs them.
    case torch
    /// The plan, decisions folded in, as YAML.
    case recipe
    /// Scales and zero points as encodings of AIMET.
    case aimet

    /// The file's content in a few words.
    package var summary: String {
        switch self {
        case .packed: "integers at their width, scales, plan"
        case .onnx: "a graph for ONNX Runtime, one byte a weight"
        case .onnxCompact: "the same, weights at their width until it is loaded"
        case .torch: "weights and quantizers, and a module for PyTorch"
        case .aimet: "scales and zero points of uniform levels, for AIMET"
        case .recipe: "the plan with all decisions; replays to the same bits"
        }
    }

    /// The extension of file names, without a dot.
    package var fileExtension: String {
        switch self {
        case .packed: "safetensors"
        case .onnx, .onnxCompact: "onnx"
        case .torch: "torch.safetensors"
        case .aimet: "encodings.json"
        case .recipe: "yaml"
        }
    }

    /// Whether it is a graph in the ONNX format, in one of its layouts.
    package var isGraph: Bool { self == .onnx || self == .onnxCompact }

    /// Whether every unit has to be quantized first.
    package var needsCompleteModel: Bool {
        switch self {
        case .packed, .onnx, .onnxCompact, .torch, .aimet: true
        case .recipe: false
        }
    }
}
