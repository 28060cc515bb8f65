internal import CKernels

internal import Glibc

/// The processor time that the calling thread has used; what other threads run in between does not count.
///
/// - Returns: Seconds.
package func threadTime() -> Double {
    var time = timespec()
    let status = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    precondition(status == 0, "the system has no clock for threads (error \(status))")
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Measures how many multiply-adds one thread can do, by running them in registers only.
///
/// A benchmark divides the speed of products by it; measure it right before and right after them,
/// since clock rates change.
///
/// - Parameter rounds: How long to run; a million rounds take about two milliseconds.
/// - Returns: Billions of floating-point operations in a second of thread time, a multiply-add counting as two.
package func peakProbe(rounds: Int = 1_000_000) -> Double {
    precondition(rounds > 0, "a probe of \(rounds) rounds measures nothing")
    var sink: Float = 0
    let start = threadTime()
    let operations = unsafe kernels.probe(rounds, &sink)
    return operations / (threadTime() - start) * 1e-9
}
