internal import TensorCore

/// Batches of numbers without end: all of them in random order, then again in another.
struct ShuffledBatches {
    private let numbers: [Int]
    /// What is left of the present order.
    private var rest: [Int] = []

    /// - Parameter numbers: At least one.
    init(_ numbers: [Int]) {
        precondition(!numbers.isEmpty, "there is nothing to draw from")
        self.numbers = numbers
    }

    /// The next batch.
    ///
    /// - Parameters:
    ///   - count: How many numbers; one comes again in a batch only where an order ends in it.
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
