internal import Glibc
internal import Kernels
internal import TensorCore

/// How queries and keys of patches are rotated by the patch's place, so that a score depends on the distance of two
/// patches; tokens before the patches are not rotated.
///
/// Each head's channels are pairs. The first half of the pairs turns with the row of a patch, the second half with its
/// column; the k-th pair of a half, of n, turns by `coordinate · temperature^(−k / n)`.
///
/// Sources: EVA-02 (arXiv 2303.11331), RoPE-ViT (arXiv 2403.13298), DINOv3 (arXiv 2508.10104).
package struct RotaryPositions: Equatable, Codable, Sendable {
    /// What the coordinate of a patch is.
    package enum Coordinate: String, Codable, Sendable {
        /// The number of its row or column, from 0 on.
        case index
        /// 2π times the place of its centre between −1 and 1, from one border of the image to the other.
        case centre
    }

    /// Which channels of a head make up a pair.
    package enum Pairing: String, Codable, Sendable {
        /// Channels 2 i and 2 i + 1.
        case neighbours
        /// Channels i and i + half of the head's width.
        case halves
    }

    /// What the coordinate of a patch is.
    package var coordinate: Coordinate
    /// Which channels make up a pair.
    package var pairing: Pairing
    /// What frequencies fall to, with an ever greater exponent.
    package var temperature: Float
    /// The side of the grid onto whose rows and columns indices are scaled; nil to leave them.
    package var referenceSide: Int?
    /// Whether the first half of the pairs turns with the column.
    package var columnsFirst: Bool

    package init(
        coordinate: Coordinate, pairing: Pairing, temperature: Float, referenceSide: Int? = nil,
        columnsFirst: Bool = false
    ) {
        self.coordinate = coordinate
        self.pairing = pairing
        self.temperature = temperature
        self.referenceSide = referenceSide
        self.columnsFirst = columnsFirst
    }

    /// Whether every number is one that a model can have.
    var isPossible: Bool {
        temperature.isFinite && temperature > 0 && (1...4096).contains(referenceSide ?? 1)
    }

    /// The angle of every pair of a head's channels at one patch, in the order of the pairs.
    private func angles(row: Int, column: Int, of grid: PatchGrid, pairs: Int) -> [Double] {
        func coordinate(_ place: Int, of extent: Int) -> Double {
            switch self.coordinate {
            case .index: Double(place) * Double(referenceSide ?? extent) / Double(extent)
            case .centre: 2 * Double.pi * (2 * (Double(place) + 0.5) / Double(extent) - 1)
            }
        }
        let places = [coordinate(row, of: grid.rows), coordinate(column, of: grid.columns)]
        return (columnsFirst ? places.reversed() : places).flatMap { place in
            (0..<pairs / 2).map { place * pow(Double(temperature), -2 * Double($0) / Double(pairs)) }
        }
    }

    /// The rotations of a grid's patches.
    ///
    /// - Parameters:
    ///   - grid: How images are cut.
    ///   - headWidth: The channels of a head, a multiple of 4.
    /// - Returns: Cosines and sines, patch by patch.
    func rotations(of grid: PatchGrid, headWidth: Int) -> PatchRotations {
        let (cosines, sines) = (
            Matrix(rows: grid.patches, columns: headWidth), Matrix(rows: grid.patches, columns: headWidth)
        )
        let pairs = headWidth / 2
        for patch in 0..<grid.patches {
            let angles = angles(
                row: patch / grid.columns, column: patch % grid.columns, of: grid, pairs: pairs)
            for (pair, angle) in angles.enumerated() {
                let (first, second) =
                    pairing == .halves ? (pair, pair + pairs) : (2 * pair, 2 * pair + 1)
                (cosines[patch, first], cosines[patch, second]) = (Float(cos(angle)), Float(cos(angle)))
                (sines[patch, first], sines[patch, second]) = (Float(-sin(angle)), Float(sin(angle)))
            }
        }
        return PatchRotations(cosines: cosines, sines: sines, halves: pairing == .halves)
    }
}

/// What rotary positions come to for the patches of one grid.
struct PatchRotations: Sendable {
    /// `[patches, head width]` each, as `rotatePairs` reads them.
    let cosines, sines: Matrix
    /// Whether the channels of a pair are half a head apart.
    let halves: Bool

    /// Rotates queries or keys in place, or gradients of rotated ones backwards.
    ///
    /// - Parameters:
    ///   - values: `[images · tokens, heads · head width]`, the patches of an image after its other tokens.
    ///   - images: The number of images.
    ///   - reverse: Whether to rotate backwards.
    func apply(to values: Matrix, images: Int, reverse: Bool = false) {
        let (tokens, patches) = (values.rows / images, cosines.rows)
        for image in 0..<images {
            let end = (image + 1) * tokens
            rotatePairs(
                values.rows(end - patches..<end), cosines: cosines, sines: sines, halves: halves,
                reverse: reverse)
        }
    }
}
