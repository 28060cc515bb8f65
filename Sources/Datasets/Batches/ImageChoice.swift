internal import TensorCore
package import Vocabulary

/// Which of a set's images are used: all, or some that chance chooses.
package struct ImageChoice: Hashable, Sendable, Codable {
    /// How many images; nil takes all.
    package var count: Int?
    /// How they are chosen.
    package var rule: ImageOptions.Selection
    /// The seed of the choice.
    package var seed: UInt64

    package init(count: Int?, rule: ImageOptions.Selection = .random, seed: UInt64) {
        self.count = count
        self.rule = rule
        self.seed = seed
    }

    /// Every image.
    package static let all = ImageChoice(count: nil, seed: 0)
}

extension ImageSet {
    /// All places of the set, in the order in which a choice takes them.
    ///
    /// The order follows from rule, seed, number of images and labels alone; of two choices that differ in their count,
    /// the larger holds the smaller.
    func order(of choice: ImageChoice) throws(DatasetError) -> [Int] {
        guard choice.count != nil else { return Array(0..<count) }
        var generator = SeededGenerator(seed: choice.seed, stream: "choice of images")
        let lots = (0..<count).map { (lot: generator.next(), index: $0) }
        let order = lots.sorted { ($0.lot, $0.index) < ($1.lot, $1.index) }.map(\.index)
        guard choice.rule == .balanced else { return order }
        guard let labels else {
            throw DatasetError(
                .noLabels, file: file,
                detail: "the images have no labels, so they cannot be chosen evenly by class")
        }
        var taken: [Int: Int] = [:]
        let rounds = order.enumerated().map { place, index in
            let round = taken[labels[index], default: 0]
            taken[labels[index]] = round + 1
            return (round: round, place: place, index: index)
        }
        return rounds.sorted { ($0.round, $0.place) < ($1.round, $1.place) }.map(\.index)
    }

    /// The indices of a choice's images in the order of the choice, provided that all can be used.
    ///
    /// Files of a folder lie class by class. In the order of the choice the first of its images are a choice as well, and
    /// so are the last: what is measured on some of them only, or validated on others, sees every class.
    ///
    /// - Parameter choice: Which images.
    /// - Returns: Their places.
    /// - Throws: `DatasetError` if there are not as many images, or no labels that the rule needs.
    package func places(of choice: ImageChoice) throws(DatasetError) -> [Int] {
        let wanted = choice.count ?? count
        guard 1...count ~= wanted else {
            throw DatasetError(
                wanted < 1 ? .empty : .tooFew, file: file,
                detail: "\(wanted) images are asked for; the set has \(count), so 1 to \(count) can be had")
        }
        return Array(try order(of: choice).prefix(wanted))
    }
}
