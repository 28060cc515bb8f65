internal import Engine
internal import Foundation
internal import NCursesTerminal
internal import Runs
internal import Synchronization
internal import Workbench

/// The place of the one engine that the workbench has at a time: starts it, lets it go on, and ends it.
final class EngineController: Sendable {
    /// An engine that was started.
    private struct Work {
        let handle: RunHandle
        let ended: DispatchSemaphore
    }

    private let threads: Int
    private let heldOutImages: Int
    private let mailbox: Mailbox
    private let work = Mutex<Work?>(nil)

    /// Prepares a seat; nothing runs yet.
    ///
    /// - Parameters:
    ///   - threads: The number of threads that runs work with.
    ///   - heldOutImages: The number of images that runs compare attempts on.
    ///   - mailbox: Takes every event.
    init(threads: Int, heldOutImages: Int, mailbox: Mailbox) {
        (self.threads, self.heldOutImages, self.mailbox) = (threads, heldOutImages, mailbox)
    }

    /// Starts a run.
    ///
    /// - Throws: `RunFailure` where the plan's files are not there.
    func start(_ plan: RunPlan, directory: String) throws(RunFailure) {
        let resources = try resources(of: plan)
        let ended = DispatchSemaphore(value: 0)
        let handle = startRun(
            plan, resources: resources, options: options(directory)
        ) { [mailbox] event in
            mailbox.post(.event(event))
            if event.isLast { ended.signal() }
        }
        work.withLock { $0 = Work(handle: handle, ended: ended) }
    }

    /// Goes on with a run that has ended, and says so before its first new event.
    ///
    /// Reads its journal first, which takes a while where that is long. One that is finished, or was waiting, waits.
    ///
    /// - Throws: `RunFailure` where that cannot be done.
    func resume(_ directory: String) throws(RunFailure) {
        var recorded = try recordedRun(directory, ends: false)
        let (wasWaiting, wasFinished) = (recorded.progress.gate != nil, recorded.progress.report != nil)
        let hasBegun = recorded.progress.summary != nil
        recorded.end()
        let resumed = WorkbenchData.done(.resumed(recorded, directory: directory))
        var options = options(directory)
        (options.waitsAtFirstGate, options.waitsAtEnd) = (wasWaiting, wasFinished)
        let ended = DispatchSemaphore(value: 0)
        let isPast = Mutex(true)
        let handle = try resumeRun(
            resources: try resources(of: recorded.progress.plan), options: options
        ) { [mailbox] event in
            let (isKnown, isFirst) = isPast.withLock { isPast in
                let wasPast = isPast
                // A run whose process ended before it could tell what it is begins anew.
                if case .continued = event { isPast = false }
                if case .started = event, !hasBegun { isPast = false }
                return (isPast, wasPast && !isPast)
            }
            if isFirst { mailbox.post(resumed) }
            if !isKnown { mailbox.post(.event(event)) }
            if case .failed(let failure) = event, isKnown {
                mailbox.post(.done(.resumeRefused(failure.message)))
            }
            if event.isLast { ended.signal() }
        }
        work.withLock { $0 = Work(handle: handle, ended: ended) }
    }

    /// Hands a command to the engine, if there is one.
    func send(_ command: RunCommand) {
        work.withLock { $0 }?.handle.send(command)
    }

    /// Ends an engine that works, and waits for it for some seconds.
    func stop(patience: Double) {
        guard let work = work.withLock({ $0 }) else { return }
        work.handle.send(.stop)
        _ = work.ended.wait(timeout: .now() + patience)
    }

    private func options(_ directory: String) -> EngineOptions {
        EngineOptions(
            threads: threads, directory: directory, heldOutImages: heldOutImages,
            prepareThread: NCursesTerminal.prepareThread)
    }
}
