internal import Glibc

/// A fixed set of threads that carry out the tasks of one parallel section at a time.
///
/// Tasks are numbered; which thread runs a task is not determined, so a task's result must depend on
/// its number alone. The threads are plain threads of the system, never those of Swift's cooperative
/// pool, and sleep while there is no work.
@safe package final class WorkerPool: @unchecked Sendable {
    // `@unchecked Sendable`: what changes after `init` is read and written under `mutex` only.

    /// The number of threads that work on a section, the caller's included.
    ///
    /// Set by `init`, before any section.
    package private(set) var threads: Int
    /// Why there are fewer threads than were asked for; nil where there are not.
    package private(set) var refusal: ThreadRefusal?

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let wake: UnsafeMutablePointer<pthread_cond_t>
    private let done: UnsafeMutablePointer<pthread_cond_t>
    private var started: [SystemThread] = []
    private var section = 0
    private var body: ((Int, Int) -> Void)?
    private var taskCount = 0
    private var nextTask = 0
    private var active = 0
    private var stopping = false

    /// Starts the threads, or as many as the system gives; results do not depend on how many there are.
    ///
    /// - Parameters:
    ///   - threads: How many threads work on a section, the caller's included; at least 1.
    ///   - niceness: How much the started threads yield to others, as in `nice(1)`.
    ///   - prepare: What each started thread does first; nil for nothing.
    package init(threads: Int, niceness: Int = 5, prepare: (@Sendable () -> Void)? = nil) {
        precondition(threads >= 1, "a pool needs at least one thread, not \(threads)")
        self.threads = threads
        unsafe mutex = .allocate(capacity: 1)
        unsafe wake = .allocate(capacity: 1)
        unsafe done = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(wake, nil)
        unsafe pthread_cond_init(done, nil)
        for worker in 1..<max(threads, 1) {
            do throws(ThreadRefusal) {
                let thread = try SystemThread { [self] in
                    Self.lowerPriority(by: niceness)
                    prepare?()
                    loop(as: worker)
                }
                started.append(thread)
            } catch {
                (self.threads, refusal) = (worker, error)
                break
            }
        }
    }

    /// Ends the threads and waits for them.
    ///
    /// The pool takes no sections afterwards.
    package func shutDown() {
        unsafe pthread_mutex_lock(mutex)
        stopping = true
        unsafe pthread_cond_broadcast(wake)
        unsafe pthread_mutex_unlock(mutex)
        for thread in started {
            thread.join()
        }
        started = []
    }

    deinit {
        // Threads hold the pool while they live, so none is left here.
        unsafe pthread_cond_destroy(wake)
        unsafe pthread_cond_destroy(done)
        unsafe pthread_mutex_destroy(mutex)
        unsafe wake.deallocate()
        unsafe done.deallocate()
        unsafe mutex.deallocate()
    }

    /// Works on runs of rows or columns and returns when all are done; what these are does not depend on the threads.
    ///
    /// - Parameters:
    ///   - count: How many rows or columns there are.
    ///   - length: How many a run has, the last one perhaps fewer; at least 1.
    ///   - body: Works on one run.
    package func runTiles(of count: Int, length: Int, _ body: (Range<Int>) -> Void) {
        run((count + length - 1) / length) { task, _ in
            body(task * length..<min(count, (task + 1) * length))
        }
    }

    /// Carries out tasks `0 ..< count` and returns when all are done.
    ///
    /// Calls from several threads at once, or from inside a task, are a programming error.
    ///
    /// - Parameters:
    ///   - count: The number of tasks.
    ///   - body: Carries out one task; gets the task's number and the number of the worker, in
    ///     `0 ..< threads`, whose scratch memory it may use.
    package func run(_ count: Int, _ body: (_ task: Int, _ worker: Int) -> Void) {
        guard count > 0 else { return }
        if threads == 1 || count == 1 {
            for task in 0..<count {
                body(task, 0)
            }
            return
        }
        withoutActuallyEscaping(body) { body in
            unsafe pthread_mutex_lock(mutex)
            precondition(
                self.body == nil && !stopping, "a section is running already, or the pool is shut down")
            self.body = body
            taskCount = count
            nextTask = 0
            section += 1
            unsafe pthread_cond_broadcast(wake)
            work(as: 0)
            while active > 0 {
                unsafe pthread_cond_wait(done, mutex)
            }
            self.body = nil
            unsafe pthread_mutex_unlock(mutex)
        }
    }

    /// Takes tasks until none is left.
    ///
    /// Called and returns with `mutex` held.
    private func work(as worker: Int) {
        guard let body else { return }
        active += 1
        while nextTask < taskCount {
            let task = nextTask
            nextTask += 1
            unsafe pthread_mutex_unlock(mutex)
            body(task, worker)
            unsafe pthread_mutex_lock(mutex)
        }
        active -= 1
        if active == 0 {
            unsafe pthread_cond_broadcast(done)
        }
    }

    private func loop(as worker: Int) {
        unsafe pthread_mutex_lock(mutex)
        var seen = 0
        while !stopping {
            if section != seen {
                seen = section
                work(as: worker)
            } else {
                unsafe pthread_cond_wait(wake, mutex)
            }
        }
        unsafe pthread_mutex_unlock(mutex)
    }

    /// Lowers the calling thread's priority.
    ///
    /// On Linux every thread has its own niceness.
    ///
    /// - Parameter niceness: How much to yield, as in `nice(1)`.
    package static func lowerPriority(by niceness: Int) {
        #if os(Linux)
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Int32(niceness))
        #endif
    }
}
