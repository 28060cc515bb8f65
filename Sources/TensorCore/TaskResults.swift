/// The results of a parallel section's tasks, one value per task.
///
/// Each task writes its own value; the section's end makes them all visible to the caller.
@safe
package final class TaskResults<Value: Sendable>: @unchecked Sendable {
    // `@unchecked Sendable`: tasks write different elements, and reads come after the section.
    private let buffer: UnsafeMutableBufferPointer<Value>
    private let count: Int

    /// Makes room for results.
    ///
    /// - Parameters:
    ///   - count: The number of tasks.
    ///   - value: The result of a task that writes none.
    package init(count: Int, repeating value: Value) {
        self.count = count
        unsafe buffer = .allocate(capacity: count)
        unsafe buffer.initialize(repeating: value)
    }

    deinit {
        unsafe buffer.deinitialize()
        unsafe buffer.deallocate()
    }

    /// The result of one task.
    package subscript(task: Int) -> Value {
        get {
            precondition(task >= 0 && task < count, "there is no task \(task) of \(count)")
            return unsafe buffer[task]
        }
        set {
            precondition(task >= 0 && task < count, "there is no task \(task) of \(count)")
            unsafe buffer[task] = newValue
        }
    }

    /// All results, in the order of the tasks.
    package var values: [Value] { (0..<count).map { self[$0] } }
}
