/// The course of the loss on the validation images, and the best state so far.
struct ValidationRecord {
    private var leastLoss = Double.infinity
    /// The state with the least loss; nil without validation images.
    private(set) var best: LearnedUnit.Snapshot?
    /// The number of validations since then.
    private(set) var sinceBest = 0

    /// Adds a validation; `snapshot` is only called for a new best state.
    mutating func add(_ loss: Double, snapshot: () -> LearnedUnit.Snapshot) {
        if loss < leastLoss {
            (leastLoss, best, sinceBest) = (loss, snapshot(), 0)
        } else {
            sinceBest += 1
        }
    }
}
