internal import NCursesTerminal
internal import Synchronization
internal import Workbench

/// Data of other threads for the workbench, until its loop fetches them.
final class Mailbox: Sendable {
    private let waiting = Mutex<[WorkbenchData]>([])

    /// Adds data and wakes the loop; any thread may call it.
    func post(_ data: WorkbenchData) {
        waiting.withLock { $0.append(data) }
        NCursesTerminal.wake()
    }

    /// Takes all data added since the last time, in order.
    func drain() -> [WorkbenchData] {
        waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
    }
}
