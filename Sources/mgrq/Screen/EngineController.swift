internal import Engine
internal import NCursesTerminal
internal import Runs
internal import Synchronization
internal import Workbench

/// Starts, resumes and stops the one engine that the workbench has at a time.
final class EngineController: Sendable {
    private let threads: Int
    private let heldOutImages: Int
    private let acceptsChangedInputs: Bool
    private let measuresNoiseFloor: Bool
    private let mailbox: Mailbox
    private let handle = Mutex<RunHandle?>(nil)

    /// Makes a controller; nothing runs yet.
    ///
    /// - Parameters:
    ///   - threads: The number of threads that runs work with.
    ///   - heldOutImages: The number of images that runs compare attempts on.
    ///   - acceptsChangedInputs: Whether runs go on with other inputs than those of their plan.
    ///   - measuresNoiseFloor: Whether runs measure noise floors.
    ///   - mailbox: Takes every event.
    init(
        threads: Int, heldOutImages: Int, acceptsChangedInputs: Bool, measuresNoiseFloor: Bool,
        mailbox: Mailbox
    ) {
        (self.threads, self.heldOutImages, self.mailbox) = (threads, heldOutImages, mailbox)
        self.acceptsChangedInputs = acceptsChangedInputs
        self.measuresNoiseFloor = measuresNoiseFloor
    }

    /// Starts a run.
    ///
    /// - Throws: `RunFailure` if the plan's files are missing.
    func start(_ plan: RunPlan, directory: String) throws(RunFailure) {
        let resources = try resources(of: plan)
        let handle = startRun(
            plan, resources: resources, options: options(directory)
        ) { [mailbox] event in
            mailbox.post(.event(event))
        }
        self.handle.withLock { $0 = handle }
    }

    /// Resumes a run, and posts `.resumed` before its first new event.
    ///
    /// Reads the run's journal first, which takes a while if it is long. A run that was finished or waiting waits.
    ///
    /// - Throws: `RunFailure` if the run cannot be resumed.
    func resume(_ directory: String) throws(RunFailure) {
        var recorded = try recordedRun(directory, ends: false)
        let (wasWaiting, wasFinished) = (recorded.progress.gate != nil, recorded.progress.report != nil)
        let hasBegun = recorded.progress.summary != nil
        recorded.end()
        let resumed = WorkbenchData.done(.resumed(recorded, directory: directory))
        var options = options(directory)
        (options.waitsAtFirstGate, options.waitsAtEnd) = (wasWaiting, wasFinished)
        let isPast = Mutex(true)
        let handle = try resumeRun(
            resources: try resources(of: recorded.progress.plan), options: options
        ) { [mailbox] event in
            let (isKnown, isFirst) = isPast.withLock { isPast in
                let wasPast = isPast
                // A run whose journal has no `started` event begins anew.
                if case .continued = event { isPast = false }
                if case .started = event, !hasBegun { isPast = false }
                return (isPast, wasPast && !isPast)
            }
            if isFirst { mailbox.post(resumed) }
            if !isKnown { mailbox.post(.event(event)) }
            if case .failed(let failure) = event, isKnown {
                mailbox.post(.done(.resumeRefused(failure.message)))
            }
        }
        self.handle.withLock { $0 = handle }
    }

    /// Sends a command to the engine, if there is one.
    func send(_ command: RunCommand) {
        handle.withLock { $0 }?.send(command)
    }

    /// Stops the engine, if there is one, and waits for its end at most `patience` seconds.
    func stop(patience: Double) {
        guard let handle = handle.withLock({ $0 }) else { return }
        handle.send(.stop)
        handle.wait(timeout: patience)
    }

    private func options(_ directory: String) -> EngineOptions {
        EngineOptions(
            threads: threads, directory: directory, heldOutImages: heldOutImages,
            acceptsChangedInputs: acceptsChangedInputs, measuresNoiseFloor: measuresNoiseFloor,
            prepareThread: NCursesTerminal.prepareThread)
    }
}
