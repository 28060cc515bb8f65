internal import Foundation
internal import Synchronization

/// Takes SIGINT, SIGTERM and SIGHUP on its own thread: the first asks for an end, the second forces it.
final class Signals: Sendable {
    private let first = Mutex<Int32?>(nil)

    /// The signal that asked for an end, if one did.
    var received: Int32? { first.withLock { $0 } }

    /// Begins to take signals; call it before other threads are made.
    ///
    /// - Parameter ask: Called once, on the signals' thread.
    init(ask: @escaping @Sendable () -> Void) {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            unsafe sigaddset(&set, number)
        }
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        // Writing to a closed pipe is an error of the write; it does not end the process.
        signal(SIGPIPE, SIG_IGN)
        let waited = set
        Thread.detachNewThread { [self] in
            var waited = waited
            while true {
                var number: Int32 = 0
                guard unsafe sigwait(&waited, &number) == 0 else { continue }
                let isFirst = first.withLock { first in
                    defer { first = first ?? number }
                    return first == nil
                }
                guard isFirst else { _exit(128 + number) }
                ask()
            }
        }
    }
}
