/// A file that a run can be exported to.
///
/// The command line and the workbench list these; the engine has an `Exporter` for each.
package enum ExportFormat: String, CaseIterable, Codable, Sendable {
    /// Safetensors with codes at their width, scales, zero points and the plan.
    case packed
    /// The plan, decisions folded in, as YAML.
    case recipe

    /// The file's content in a few words.
    package var summary: String {
        switch self {
        case .packed: "integers at their width, scales, plan"
        case .recipe: "the plan with every decision; replays to the same bits"
        }
    }

    /// The extension of file names, without a dot.
    package var fileExtension: String {
        switch self {
        case .packed: "safetensors"
        case .recipe: "yaml"
        }
    }

    /// Whether every unit has to be quantized first.
    package var needsCompleteModel: Bool {
        switch self {
        case .packed: true
        case .recipe: false
        }
    }
}
