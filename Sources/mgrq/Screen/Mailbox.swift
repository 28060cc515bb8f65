internal import NCursesTerminal
internal import Synchronization
internal import Workbench

/// What other threads have for the workbench, until its loop fetches it.
final class Mailbox: Sendable {
    private let waiting = Mutex<[WorkbenchData]>([])

    /// Leaves something and wakes the loop; any thread may call it.
    func post(_ data: WorkbenchData) {
        waiting.withLock { $0.append(data) }
        NCursesTerminal.wake()
    }

    /// Everything that was left since the last time, in order.
    func drain() -> [WorkbenchData] {
        waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
    }
}
