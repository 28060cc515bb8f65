import Foundation

/// A script of `Scripts`, at work.
struct PythonScript {
    /// The python to use: the one that `MGRQ_TEST_PYTHON` names, or the one of the path.
    private static let python: [String] = {
        let named = ProcessInfo.processInfo.environment["MGRQ_TEST_PYTHON"] ?? ""
        return FileManager.default.isExecutableFile(atPath: named) ? [named] : ["/usr/bin/env", "python3"]
    }()

    /// Whether that python has what scripts of the terminal import.
    static let drawsTerminals = has("pyte")
    /// Whether it has what scripts that run exported graphs import.
    static let runsGraphs = has("onnx, onnxruntime, numpy")
    /// Whether it has what scripts that run models of PyTorch import.
    static let runsTorch = has("torch, transformers, safetensors")
    /// Whether it has OpenVINO besides, which .ci/install does not install.
    static let runsOpenVINO = runsGraphs && has("openvino")

    private static func has(_ modules: String) -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: python[0])
        process.arguments = python.dropFirst() + ["-c", "import \(modules)"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    /// What makes the tool use the same python.
    static let environment: [String: String] = python.count == 1 ? ["MGRQ_PYTHON": python[0]] : [:]

    private let work: Work

    /// Whether there is a tmux.
    static let hasTmux = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
        FileManager.default.isExecutableFile(atPath: "\($0)/tmux")
    }

    /// Starts a script.
    ///
    /// - Parameters:
    ///   - file: Its file.
    ///   - words: Its command line.
    /// - Throws: Where it cannot be started.
    init(file: String, _ words: [String]) throws {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Scripts/\(file)")
        try self.init(path: script.path, words)
    }

    /// Starts a script that lies elsewhere.
    init(path: String, _ words: [String]) throws {
        work = try Work(
            tool: Self.python[0], arguments: Self.python.dropFirst() + ["-B", path] + words,
            folder: FileManager.default.temporaryDirectory.path, environment: [:], output: nil)
    }

    /// Waits for its end.
    func end() throws -> Work.Ending { try work.end() }
}
