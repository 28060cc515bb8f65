internal import Foundation

/// A value under a lock, and threads that wait for it to change.
final class Monitor<Value: Sendable>: @unchecked Sendable {
    // `@unchecked Sendable`: `value` is touched with `condition` locked only.
    private let condition = NSCondition()
    private var value: Value

    init(_ value: Value) {
        self.value = value
    }

    /// Changes the value and wakes the threads that wait.
    func update<Result>(_ body: (inout Value) -> Result) -> Result {
        condition.withLock {
            defer { condition.broadcast() }
            return body(&value)
        }
    }

    /// Waits until `body` returns something.
    ///
    /// - Parameters:
    ///   - limit: When to give up; nil never does.
    ///   - body: Called with the value at first and after each change.
    /// - Returns: What it returned; nil at the limit.
    @discardableResult
    func wait<Result>(until limit: Date? = nil, for body: (inout Value) -> Result?) -> Result? {
        condition.withLock {
            while true {
                if let result = body(&value) { return result }
                if let limit {
                    guard condition.wait(until: limit) else { return nil }
                } else {
                    condition.wait()
                }
            }
        }
    }
}
