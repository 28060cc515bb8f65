internal import Vocabulary

/// The images that the points of a sweep are evaluated on.
package enum SweepImages: String, Codable, CaseIterable, Sendable {
    /// The images that no reported result contains, so that choosing a point selects on no reported number.
    case heldOut = "held_out"
    /// The images of reported results.
    case evaluation
}

/// A grid of bit-widths to measure; each point is calibrated by the plan, and reconstructed where steps are asked for.
package struct SweepRequest: Equatable, Sendable {
    /// The widths of weight codes.
    package var weightBits: [Int]
    /// The widths of activation codes.
    package var activationBits: [Int]
    /// The optimisation steps of every unit of a point; 0 calibrates only.
    package var steps: Int
    /// What points are evaluated on.
    package var images: SweepImages
    /// On how many of these images, evenly spread; 0 for all of them.
    package var count: Int

    package init(
        weightBits: [Int] = [2, 3, 4, 6, 8], activationBits: [Int] = [2, 3, 4, 6, 8], steps: Int = 0,
        images: SweepImages = .evaluation, count: Int = 0
    ) {
        (self.weightBits, self.activationBits) = (weightBits, activationBits)
        (self.steps, self.images, self.count) = (steps, images, count)
    }

    /// The points in the order of measurement, the most informative first.
    ///
    /// First come the points of equal widths: 8, 4, 3 and 2 bits, then the others. They show where accuracy is lost. The
    /// rest follows from the diagonal outward, at each distance from the largest to the smallest.
    package var points: [(weightBits: Int, activationBits: Int)] {
        let first = [8, 4, 3, 2]
        let widths = Set(weightBits + activationBits).sorted(by: >)
        func place(_ bits: Int) -> Int { widths.firstIndex(of: bits) ?? 0 }
        func order(_ point: (weightBits: Int, activationBits: Int)) -> [Int] {
            let distance = abs(place(point.weightBits) - place(point.activationBits))
            let known = distance == 0 ? first.firstIndex(of: point.weightBits) ?? first.count : 0
            let sum = place(point.weightBits) + place(point.activationBits)
            return [distance, known, sum, place(point.weightBits)]
        }
        return weightBits.flatMap { weight in activationBits.map { (weight, $0) } }
            .map { (order: order($0), point: $0) }
            .sorted { $0.order.lexicographicallyPrecedes($1.order) }.map(\.point)
    }
}

extension SweepRequest: Codable {
    private enum CodingKeys: String, CodingKey { case weightBits, activationBits, steps, images, count }

    /// Reads a request; journals of earlier versions have neither steps nor images, and evaluate on all of them.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        weightBits = try fields.decode([Int].self, forKey: .weightBits)
        activationBits = try fields.decode([Int].self, forKey: .activationBits)
        steps = try fields.decodeIfPresent(Int.self, forKey: .steps) ?? 0
        images = try fields.decodeIfPresent(SweepImages.self, forKey: .images) ?? .evaluation
        count = try fields.decodeIfPresent(Int.self, forKey: .count) ?? 0
    }
}
