import Foundation
import Safetensors
import Testing

/// A folder with a small model, its images, and the tool; removed when the test lets go of it.
final class Workplace: Sendable {
    let path: String

    /// Makes `model/` (a ViT of two blocks), `calibration.safetensors`, `evaluation.safetensors`.
    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "mgrq-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
        try write(SmallModel.tensors(), to: "model/model.safetensors")
        try write(SmallModel.configuration, to: "model/config.json")
        try write(SmallModel.images(16, seed: 1, isLabelled: false), to: "calibration.safetensors")
        try write(SmallModel.images(20, seed: 2, isLabelled: true), to: "evaluation.safetensors")
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// A folder `photos` with three classes of four images each.
    func writePhotos() throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let fixtures = try SafetensorsFile(path: tests.path + "/DatasetsTests/Fixtures/images.safetensors")
        let photos = fixtures.names.filter { $0.hasPrefix("photo-1") }.sorted()
        try #require(photos.count >= 12)
        for index in 0..<12 {
            let name = "photos/\(["ant", "bee", "cow"][index % 3])/\(index).jpg"
            try makeFolder(of: name)
            try Data(fixtures.bytes(photos[index])).write(to: URL(filePath: file(name)))
        }
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ text: String, to name: String) throws {
        try makeFolder(of: name)
        try Data(text.utf8).write(to: URL(filePath: file(name)))
    }

    func write(_ tensors: [SafetensorsTensor], to name: String) throws {
        try makeFolder(of: name)
        try writeSafetensors(tensors, to: file(name))
    }

    private func makeFolder(of name: String) throws {
        try FileManager.default.createDirectory(
            atPath: (file(name) as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    }

    func data(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: file(name))) }

    func text(_ name: String) throws -> String { try String(contentsOfFile: file(name), encoding: .utf8) }

    /// The SHA-256 of a file, in hexadecimal digits.
    func sha256(_ name: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["sha256sum", file(name)]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        process.waitUntilExit()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        return String(text.prefix(64))
    }

    /// Every name below the folder, hidden ones too, sorted.
    func contents() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: path).sorted()
    }

    /// The flags that name the model and its images, and make a run short.
    static let job = [
        "--model", "model", "--calibration", "calibration.safetensors", "--evaluation",
        "evaluation.safetensors",
        "--steps", "4", "--batch", "4",
    ]

    /// The tool's own file, or that of another program of the package, beside the tests.
    static func tool(_ name: String = "mgrq") throws -> String {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = "\((tests as NSString).deletingLastPathComponent)/\(name)"
        try #require(FileManager.default.isExecutableFile(atPath: path), "\(path) has not been built")
        return path
    }

    /// Starts the tool in the folder, without a terminal.
    ///
    /// - Parameters:
    ///   - arguments: What comes after its name.
    ///   - environment: What differs from the tests' own environment.
    ///   - output: Where its standard output goes; nil keeps it for `Work.end`.
    /// - Returns: The work that has begun.
    /// - Throws: Where it cannot be started.
    func start(
        _ arguments: [String], environment: [String: String] = [:], output: String? = nil
    ) throws -> Work {
        try Work(
            tool: Self.tool(), arguments: arguments, folder: path, environment: environment, output: output)
    }

    /// Runs the tool to its end.
    func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Work.Ending {
        try start(arguments, environment: environment).end()
    }

    /// Runs the tool to its end, which must be a good one.
    func succeed(_ arguments: [String]) throws -> Work.Ending {
        let ending = try run(arguments)
        try #require(ending.status == 0, "\(ending.errors)")
        return ending
    }
}

/// A JSON object, such as the tool writes and prints.
func jsonObject(_ data: Data) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
}

/// A JSON object as a text.
func jsonObject(_ text: some StringProtocol) throws -> [String: Any] { try jsonObject(Data(text.utf8)) }

/// A run of the tool.
final class Work {
    /// Its exit code and its output.
    struct Ending {
        let status: Int32
        let wasKilled: Bool
        let output: String
        let errors: String
    }

    let process = Process()
    private let outputPath: String
    private let errorPath: String
    private let keepsOutput: Bool

    init(
        tool: String, arguments: [String], folder: String, environment: [String: String], output: String?
    ) throws {
        // Outside of the folder, which tests look at.
        let stem = "\(folder)-\(UUID().uuidString)"
        (outputPath, errorPath, keepsOutput) = (output ?? "\(stem)-out", "\(stem)-err", output == nil)
        for path in [outputPath, errorPath] where !FileManager.default.fileExists(atPath: path) {
            try #require(FileManager.default.createFile(atPath: path, contents: nil))
        }
        process.executableURL = URL(filePath: tool)
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: folder)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: URL(filePath: outputPath))
        process.standardError = try FileHandle(forWritingTo: URL(filePath: errorPath))
        try process.run()
    }

    deinit {
        if process.isRunning { process.terminate() }
        try? FileManager.default.removeItem(atPath: errorPath)
        if keepsOutput { try? FileManager.default.removeItem(atPath: outputPath) }
    }

    /// Its standard output so far.
    func outputSoFar() throws -> String { try String(contentsOfFile: outputPath, encoding: .utf8) }

    /// Waits for the first bytes on standard output.
    func waitForOutput(_ text: String) async throws {
        for _ in 0..<3000 {
            if try outputSoFar().contains(text) { return }
            try #require(process.isRunning, "it ended without saying \(text)")
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("it did not say \(text) within a minute")
    }

    func end() throws -> Ending {
        process.waitUntilExit()
        return Ending(
            status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
            output: keepsOutput ? try outputSoFar() : "",
            errors: try String(contentsOfFile: errorPath, encoding: .utf8))
    }
}
