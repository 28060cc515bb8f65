internal import Glibc

/// The reason why the system gave no thread.
package struct ThreadRefusal: Error, CustomStringConvertible {
    private let reason: Int32

    fileprivate init(_ reason: Int32) {
        self.reason = reason
    }

    /// One sentence with what helps.
    package var description: String {
        let reason = unsafe String(cString: strerror(self.reason))
        return "the system gives no thread: \(reason); fewer are needed with --threads 1, and ulimit -u and "
            + "ulimit -v set how many there can be"
    }
}

/// A plain thread of the system, never one of Swift's cooperative pool.
@safe struct SystemThread {
    private let handle: pthread_t

    private final class Work {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) {
            self.body = body
        }
    }

    /// Starts a thread, which ends with its body.
    ///
    /// - Parameters:
    ///   - stackSize: The size of its stack in bytes; nil takes the system's.
    ///   - body: Its work.
    /// - Throws: `ThreadRefusal`.
    init(stackSize: Int? = nil, _ body: @escaping @Sendable () -> Void) throws(ThreadRefusal) {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe pthread_attr_destroy(&attributes) }
        if let stackSize { unsafe pthread_attr_setstacksize(&attributes, stackSize) }
        let work = unsafe Unmanaged.passRetained(Work(body))
        var handle = pthread_t()
        let status = unsafe pthread_create(
            &handle, &attributes,
            { argument in
                if let argument = unsafe argument {
                    unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
                }
                return nil
            }, work.toOpaque())
        guard status == 0 else {
            unsafe work.release()
            throw ThreadRefusal(status)
        }
        self.handle = handle
    }

    /// Waits for the end of the thread.
    func join() { pthread_join(handle, nil) }

    /// Lets the thread end by itself.
    func detach() { pthread_detach(handle) }
}

/// Starts a thread that nobody waits for.
///
/// - Parameters:
///   - stackSize: The size of its stack in bytes; nil takes the system's.
///   - body: Its work.
/// - Throws: `ThreadRefusal`.
package func startThread(
    stackSize: Int? = nil, _ body: @escaping @Sendable () -> Void
) throws(ThreadRefusal) {
    try SystemThread(stackSize: stackSize, body).detach()
}
