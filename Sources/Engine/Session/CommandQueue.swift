internal import Foundation
internal import Runs

/// Commands on their way to the engine.
final class CommandQueue: @unchecked Sendable {
    // `@unchecked Sendable`: `pending` is touched with `condition` locked only.
    private let condition = NSCondition()
    private var pending: [RunCommand] = []

    func append(_ command: RunCommand) {
        condition.lock()
        pending.append(command)
        condition.signal()
        condition.unlock()
    }

    /// The oldest command, if there is one.
    func next() -> RunCommand? {
        condition.lock()
        defer { condition.unlock() }
        return pending.isEmpty ? nil : pending.removeFirst()
    }

    /// The oldest command; waits for one.
    func waitForNext() -> RunCommand {
        condition.lock()
        defer { condition.unlock() }
        while pending.isEmpty {
            condition.wait()
        }
        return pending.removeFirst()
    }
}
