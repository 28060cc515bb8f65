internal import TensorCore

/// An endless sequence of batches: all numbers in random order, then all of them in another, and so on.
struct ShuffledBatches {
    private let numbers: [Int]
    /// The rest of the current order.
    private var rest: [Int] = []

    /// - Parameter numbers: At least one.
    init(_ numbers: [Int]) {
        precondition(!numbers.isEmpty, "there is no image to draw from")
        self.numbers = numbers
    }

    /// The next batch.
    ///
    /// - Parameters:
    ///   - count: The size; a batch repeats a number only where one order ends in it and the next begins.
    ///   - generator: Decides each order.
    /// - Returns: The numbers.
    mutating func next(_ count: Int, generator: inout SeededGenerator) -> [Int] {
        var batch: [Int] = []
        while batch.count < count {
            if rest.isEmpty { rest = generator.permutation(of: numbers.count).map { numbers[$0] } }
            let taken = min(rest.count, count - batch.count)
            batch += rest.suffix(taken)
            rest.removeLast(taken)
        }
        return batch
    }
}
