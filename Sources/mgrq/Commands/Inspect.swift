internal import ArgumentParser
internal import Checkpoints
internal import Engine
internal import Runs

/// `mgrq inspect`.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says what a checkpoint is and whether it can be quantized.")

    @Argument(
        help: ArgumentHelp(
            "A file with weights (safetensors, .pth), a folder with one, or sample:NAME.", valueName: "model")
    )
    var model: String

    @OptionGroup var size: ImageSizeFlag

    @OptionGroup var heads: HeadsFlag

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let inspection = try inspectModel(
            path: try ProcessEnvironment.references.model(model), imageSize: try size.sides(),
            heads: try heads.number())
        if json {
            try printLine(try JSONText(encoding: inspection).line)
        } else {
            for line in lines(of: inspection) {
                try printLine(line)
            }
        }
        let count = inspection.problems.count
        guard count == 0 else {
            throw RunFailure(
                .badData,
                "\(inspection.file) cannot be quantized for \(count) \(count == 1 ? "reason" : "reasons") given above"
            )
        }
    }

    private func lines(of inspection: ModelInspection) -> [String] {
        var lines = ["file           \(inspection.file)"]
        if let architecture = inspection.architecture { lines.append("architecture   \(architecture)") }
        lines.append("layout         \(inspection.layout)")
        if let weights = inspection.weights { lines.append("weights        \(weights)") }
        if let parameters = inspection.parameters { lines.append("parameters     \(parameters)") }
        if let preprocessing = inspection.preprocessing { lines.append("preprocessing  \(preprocessing)") }
        if let labels = inspection.labels { lines.append("classes        \(labels.joined(separator: ", "))") }
        lines.append("tensors        \(inspection.tensors.count)")
        let width = inspection.tensors.map(\.name.count).max() ?? 0
        lines += inspection.tensors.map { tensor in
            let name = tensor.name + String(repeating: " ", count: width - tensor.name.count)
            let shape = tensor.shape.map(String.init).joined(separator: " × ")
            return "  \(name)  \(tensor.type)  \(shape.isEmpty ? "scalar" : shape)"
        }
        lines += inspection.needless.map { "not needed: \($0)" }
        lines += inspection.problems.map { "problem: \($0)" }
        return lines
    }
}
