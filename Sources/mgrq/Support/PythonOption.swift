internal import ArgumentParser
internal import Files
internal import Foundation
internal import Runs

/// The flag that says which Python runs ONNX files.
struct PythonOption: ParsableArguments {
    private static let variable = "MGRQ_PYTHON"

    @Option(
        name: .customLong("python"),
        help: ArgumentHelp(
            "A Python with numpy, onnx and onnxruntime, else \(variable) or python3.", valueName: "path"))
    var flag: String?

    /// The path of the interpreter.
    ///
    /// - Throws: `RunFailure(.missingInput)` where there is none.
    func path() throws(RunFailure) -> String {
        let environment = ProcessInfo.processInfo.environment
        let name = flag ?? environment[Self.variable].flatMap { $0.isEmpty ? nil : $0 } ?? "python3"
        let candidates =
            name.contains("/")
            ? [name] : (environment["PATH"] ?? "").split(separator: ":").map { joined(String($0), name) }
        if let path = candidates.first(where: {
            isFile($0) && FileManager.default.isExecutableFile(atPath: $0)
        }) {
            return path
        }
        throw RunFailure(
            .missingInput,
            "there is no \(name)\(name.contains("/") ? "" : " in PATH"), which verifying an ONNX file needs; install "
                + "Python 3 with numpy, onnx and onnxruntime, and name it by --python or \(Self.variable)")
    }
}
