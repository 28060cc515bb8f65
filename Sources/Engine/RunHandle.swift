internal import Foundation
package import Runs
internal import TensorCore

/// The files on this machine that a plan's references name.
package struct RunResources: Hashable, Sendable {
    /// The checkpoint: a safetensors file or a folder with one.
    package var modelPath: String
    /// The calibration images.
    package var calibrationPath: String
    /// The evaluation images, if there are any.
    package var evaluationPath: String?

    /// Makes resources.
    package init(modelPath: String, calibrationPath: String, evaluationPath: String?) {
        self.modelPath = modelPath
        self.calibrationPath = calibrationPath
        self.evaluationPath = evaluationPath
    }
}

/// The options of a run that are not in its plan.
package struct EngineOptions: Sendable {
    /// The number of threads that work.
    package var threads: Int
    /// The run directory; nil leaves nothing on disk.
    package var directory: String?
    /// Whether the run waits at the first gate.
    package var waitsAtFirstGate: Bool
    /// Whether the run waits at the gate after the last unit, with everything evaluated, until `.resume`.
    package var waitsAtEnd: Bool
    /// The default number of held-out images: enough to tell 1 % of top-1 from chance, few enough to take little time.
    package static let defaultHeldOutImages = 256

    /// The number of images on which attempts are compared after each unit; 0 compares none.
    package var heldOutImages: Int
    /// Whether the calibrated model is evaluated before the first unit.
    package var evaluatesCalibrated: Bool
    /// Whether the run is carried out with inputs that are not those of its plan any more.
    package var acceptsChangedInputs: Bool
    /// Whether the noise floors of attempts, on held-out images, and of the final model are measured.
    package var measuresNoiseFloor: Bool
    /// Called first on each of the engine's threads, for example to block signals.
    package var prepareThread: (@Sendable () -> Void)?

    package init(
        threads: Int, directory: String?, waitsAtFirstGate: Bool = false, waitsAtEnd: Bool = false,
        heldOutImages: Int = EngineOptions.defaultHeldOutImages, evaluatesCalibrated: Bool = true,
        acceptsChangedInputs: Bool = false, measuresNoiseFloor: Bool = false,
        prepareThread: (@Sendable () -> Void)? = nil
    ) {
        self.acceptsChangedInputs = acceptsChangedInputs
        self.measuresNoiseFloor = measuresNoiseFloor
        self.prepareThread = prepareThread
        self.threads = threads
        self.directory = directory
        self.waitsAtFirstGate = waitsAtFirstGate
        self.waitsAtEnd = waitsAtEnd
        self.heldOutImages = heldOutImages
        self.evaluatesCalibrated = evaluatesCalibrated
    }
}

/// Commands that the engine has not taken yet.
typealias CommandQueue = Monitor<[RunCommand]>

/// A running engine: commands go in here, events come out of the sink.
package final class RunHandle: Sendable {
    private let commands = CommandQueue([])
    private let hasEnded = Monitor(false)

    /// Starts the engine's thread.
    ///
    /// - Parameters:
    ///   - prepare: Called first on the thread.
    ///   - sink: Takes the failure where the system gives no thread.
    ///   - body: Its work.
    init(
        prepare: (@Sendable () -> Void)?, sink: (RunEvent) -> Void,
        _ body: @escaping @Sendable (CommandQueue) -> Void
    ) {
        do throws(RunFailure) {
            try startEngineThread(prepare: prepare) { [self] in
                body(commands)
                hasEnded.update { $0 = true }
            }
        } catch {
            sink(.failed(error))
            hasEnded.update { $0 = true }
        }
    }

    /// Queues a command; the engine takes it between steps or units.
    package func send(_ command: RunCommand) {
        commands.update { $0.append(command) }
    }

    /// Waits until the engine's thread has given its last event and has ended.
    package func wait() {
        hasEnded.wait { $0 ? true : nil }
    }

    /// Waits like `wait()`, but at most so many seconds.
    package func wait(timeout seconds: Double) {
        hasEnded.wait(until: Date(timeIntervalSinceNow: seconds)) { $0 ? true : nil }
    }
}

/// Starts a run on its own thread.
///
/// - Parameters:
///   - plan: The plan.
///   - resources: The files that the plan's references name.
///   - options: Options that do not change results.
///   - sink: Takes every event, in order, on the engine's thread; the last one has `isLast`.
/// - Returns: The run's handle.
package func startRun(
    _ plan: RunPlan, resources: RunResources, options: EngineOptions,
    sink: @escaping @Sendable (RunEvent) -> Void
) -> RunHandle {
    RunHandle(prepare: options.prepareThread, sink: sink) { commands in
        RunSession(plan: plan, resources: resources, options: options, commands: commands, sink: sink)
            .carryOut()
    }
}

/// Continues a run whose process ended, on its own thread.
///
/// The sink first receives every event of the journal, a final one left out, then `.continued`. To see only new events,
/// ignore everything before `.continued`.
///
/// - Parameters:
///   - resources: The files that the references of the run's plan name.
///   - options: Options that do not change results, and the run directory. A finished run can be opened again if it
///     waits at a gate.
///   - sink: Takes every event, in order, on the engine's thread; the last one has `isLast`.
/// - Returns: The run's handle.
/// - Throws: `RunFailure` if the directory holds no run, another process works on it, or nothing is left to do.
package func resumeRun(
    resources: RunResources, options: EngineOptions, sink: @escaping @Sendable (RunEvent) -> Void
) throws(RunFailure) -> RunHandle {
    guard let directory = options.directory else {
        throw RunFailure(.usage, "a run that goes on needs its directory")
    }
    // The engine's thread takes it over.
    nonisolated(unsafe) let past = try ResumedRun(
        directory: directory, mayBeFinished: options.waitsAtEnd || options.waitsAtFirstGate,
        restoresPlan: options.acceptsChangedInputs)
    return RunHandle(prepare: options.prepareThread, sink: sink) { commands in
        let past = unsafe past
        RunSession(
            plan: past.plan, resources: resources, options: options, past: past, commands: commands,
            sink: sink
        ).carryOut()
    }
}

/// Starts a thread for minutes of arithmetic, at a low priority and with a large stack.
///
/// - Parameters:
///   - prepare: Called first on the thread.
///   - body: Its work.
/// - Throws: `RunFailure(.system)` where the system gives no thread.
package func startEngineThread(
    prepare: (@Sendable () -> Void)?, _ body: @escaping @Sendable () -> Void
) throws(RunFailure) {
    try startThread(stackSize: 16 << 20) {
        WorkerPool.lowerPriority(by: 5)
        prepare?()
        body()
    }
}

/// Starts a thread that nobody waits for.
///
/// - Parameters:
///   - stackSize: The size of its stack in bytes; nil takes the system's.
///   - body: Its work.
/// - Throws: `RunFailure(.system)` where the system gives no thread.
package func startThread(
    stackSize: Int? = nil, _ body: @escaping @Sendable () -> Void
) throws(RunFailure) {
    do throws(ThreadRefusal) {
        try TensorCore.startThread(stackSize: stackSize, body)
    } catch {
        throw RunFailure(.system, "\(error)")
    }
}
