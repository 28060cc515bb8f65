internal import Files
internal import Foundation
internal import Runs
internal import Synchronization

/// A comparison at work, which another thread can stop.
package final class VerificationWork: Sendable {
    private struct State {
        var isStopped = false
        var child: pid_t?
    }

    private let state = Mutex(State())

    package init() {}

    /// Ends the script if it runs, and the comparison soon.
    package func stop() {
        state.withLock { state in
            state.isStopped = true
            if let child = state.child { kill(child, SIGKILL) }
        }
    }

    /// Whether it was asked to stop.
    var isStopped: Bool { state.withLock { $0.isStopped } }

    /// Starts a process, unless the work was stopped, and waits for its end.
    func wait(for process: Process) throws {
        let hasStarted = try state.withLock { state in
            guard !state.isStopped else { return false }
            try process.run()
            state.child = process.processIdentifier
            return true
        }
        guard hasStarted else { return }
        process.waitUntilExit()
        state.withLock { $0.child = nil }
    }
}

/// A Python interpreter.
struct PythonProgram {
    /// Its path.
    let path: String

    /// Runs it to its end.
    ///
    /// - Parameters:
    ///   - arguments: What comes after its name.
    ///   - output: A file that gets what it prints.
    ///   - work: Ends it.
    /// - Returns: The exit code, that of a shell for a signal, and the last 10 kB that it printed.
    /// - Throws: `RunFailure(.missingInput)` where it cannot be started; `FileError`.
    func run(
        _ arguments: [String], output: String, work: VerificationWork
    ) throws -> (status: Int32, output: String) {
        try writeFile([], to: output)
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        let printed = try FileHandle(forWritingTo: URL(filePath: output))
        (process.standardOutput, process.standardError) = (printed, printed)
        do {
            try work.wait(for: process)
        } catch {
            throw RunFailure(.missingInput, "\(path) cannot be started: \(error.localizedDescription)")
        }
        try printed.close()
        let wasKilled = process.terminationReason == .uncaughtSignal
        let bytes = try readFile(output, limit: 1 << 30)
        return (
            process.terminationStatus + (wasKilled ? 128 : 0),
            String(decoding: bytes.suffix(10_000), as: UTF8.self)
        )
    }
}

/// A folder for files that one command needs.
struct WorkFolder {
    /// Its path.
    let path: String

    /// Makes a folder that only this user reads.
    ///
    /// - Throws: `RunFailure(.cannotCreate)`.
    init() throws(RunFailure) {
        path = joined(FileManager.default.temporaryDirectory.path, "mgrq-verify-\(UUID().uuidString)")
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        } catch {
            throw RunFailure(
                .cannotCreate,
                "\(path) cannot be made: \(error.localizedDescription); TMPDIR can name another folder")
        }
    }

    /// The path of a file in it.
    func file(_ name: String) -> String { joined(path, name) }

    /// Removes it with everything in it; what cannot be removed is left to the system.
    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
