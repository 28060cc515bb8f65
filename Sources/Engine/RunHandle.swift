internal import Foundation
package import Runs
internal import TensorCore

/// Where a plan's references lead: files of this machine.
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

/// What does not change a run's results.
package struct EngineOptions: Sendable {
    /// The number of threads that work.
    package var threads: Int
    /// The run directory; nil leaves nothing on disk.
    package var directory: String?
    /// Whether the run waits at the first gate.
    package var waitsAtFirstGate: Bool
    /// Whether the run waits at the gate behind the last unit, with everything evaluated, until it is told to go on.
    package var waitsAtEnd: Bool
    /// The number of held-out images where nobody says one: enough to tell 1 % of top-1 from chance, few enough to
    /// take little time.
    package static let defaultHeldOutImages = 256

    /// On how many images attempts are compared after each unit; 0 leaves that out.
    package var heldOutImages: Int
    /// Whether the calibrated model is evaluated before the first unit.
    package var evaluatesCalibrated: Bool
    /// What each of the engine's threads does first, such as getting ready for signals; nil for nothing.
    package var prepareThread: (@Sendable () -> Void)?

    /// Makes options.
    package init(
        threads: Int, directory: String?, waitsAtFirstGate: Bool = false, waitsAtEnd: Bool = false,
        heldOutImages: Int = EngineOptions.defaultHeldOutImages, evaluatesCalibrated: Bool = true,
        prepareThread: (@Sendable () -> Void)? = nil
    ) {
        self.prepareThread = prepareThread
        self.threads = threads
        self.directory = directory
        self.waitsAtFirstGate = waitsAtFirstGate
        self.waitsAtEnd = waitsAtEnd
        self.heldOutImages = heldOutImages
        self.evaluatesCalibrated = evaluatesCalibrated
    }
}

/// A running engine, as seen from outside: commands go in here, events come out of the sink.
package final class RunHandle: Sendable {
    let commands: CommandQueue
    private let completion = Completion()

    init(commands: CommandQueue) {
        self.commands = commands
    }

    /// Hands a command over; the engine takes it at the next border between steps or units.
    package func send(_ command: RunCommand) {
        commands.append(command)
    }

    /// Waits until the engine's thread has given its last event and ended.
    package func wait() {
        completion.wait()
    }

    func end() {
        completion.signal()
    }
}

/// Starts a run on a thread of its own.
///
/// - Parameters:
///   - plan: What to do.
///   - resources: Where the plan's references lead.
///   - options: What does not change results.
///   - sink: Takes every event, in order, on the engine's thread; the last one has `isLast`.
/// - Returns: The run's handle.
package func startRun(
    _ plan: RunPlan, resources: RunResources, options: EngineOptions,
    sink: @escaping @Sendable (RunEvent) -> Void
) -> RunHandle {
    let handle = RunHandle(commands: CommandQueue())
    startEngineThread(prepare: options.prepareThread) {
        let session = RunSession(
            plan: plan, resources: resources, options: options, commands: handle.commands, sink: sink)
        session.carryOut()
        handle.end()
    }
    return handle
}

/// Goes on with a run whose process ended, on a thread of its own.
///
/// The sink first receives every event of the journal, a final one left out, then `.continued`. To see only new events,
/// ignore everything before `.continued`.
///
/// - Parameters:
///   - resources: Where the references of the run's plan lead.
///   - options: What does not change results, with the run directory; a run that is finished can be opened again with
///     a gate to wait at.
///   - sink: Takes every event, in order, on the engine's thread; the last one has `isLast`.
/// - Returns: The run's handle.
/// - Throws: `RunFailure` where the directory holds no run, another process works on it, or nothing is left to do.
package func resumeRun(
    resources: RunResources, options: EngineOptions, sink: @escaping @Sendable (RunEvent) -> Void
) throws(RunFailure) -> RunHandle {
    guard let directory = options.directory else {
        throw RunFailure(.usage, "a run that goes on needs its directory")
    }
    let past: ResumedRun
    do {
        past = try ResumedRun(
            directory: directory, mayBeFinished: options.waitsAtEnd || options.waitsAtFirstGate)
    } catch {
        throw failure(of: error)
    }
    let handle = RunHandle(commands: CommandQueue())
    let box = SendableBox(past)
    startEngineThread(prepare: options.prepareThread) {
        let past = box.past
        RunSession(
            plan: past.plan, resources: resources, options: options, past: past, commands: handle.commands,
            sink: sink
        ).carryOut()
        handle.end()
    }
    return handle
}

/// Carries a run's directory to the engine's thread.
private struct SendableBox: @unchecked Sendable {
    // `@unchecked Sendable`: the thread that made it does not touch it any more.
    let past: ResumedRun

    init(_ past: ResumedRun) {
        self.past = past
    }
}

/// Starts a thread for minutes of arithmetic: a plain thread of the system that yields to others, with a roomy stack.
///
/// - Parameters:
///   - prepare: What the thread does first; nil for nothing.
///   - body: Its work.
package func startEngineThread(
    prepare: (@Sendable () -> Void)?, _ body: @escaping @Sendable () -> Void
) {
    let thread = Thread {
        WorkerPool.lowerPriority(by: 5)
        prepare?()
        body()
    }
    thread.stackSize = 16 << 20
    thread.name = "engine"
    thread.start()
}

/// Tells any number of waiters that something has ended.
private final class Completion: @unchecked Sendable {
    // `@unchecked Sendable`: `isOver` is touched with `condition` locked only.
    private let condition = NSCondition()
    private var isOver = false

    func signal() {
        condition.lock()
        isOver = true
        condition.broadcast()
        condition.unlock()
    }

    func wait() {
        condition.lock()
        while !isOver {
            condition.wait()
        }
        condition.unlock()
    }
}
