internal import Kernels
internal import Reconstruction
internal import TensorCore
internal import VisionTransformers

/// A buffer of a unit's tape, and the columns of it that are looked at; nil means all.
typealias WatchedBuffer = (slot: Int, columns: Range<Int>?)

/// Runs a model in full precision unit by unit, and shows what some buffers of each held.
///
/// - Parameters:
///   - units: The units.
///   - weights: Their weights.
///   - images: `[images, channels · height · width]`, normalised.
///   - most: How many of the images are run at most, from the first on.
///   - pool: The threads; the result does not depend on their number.
///   - watched: The buffers that are looked at, for the index of a unit.
///   - visit: Called after each unit with its index and, for each buffer, `[images · rows, columns]`.
func walk(
    _ units: [any ModelUnit], _ weights: [UnitWeights], on images: Matrix, atMost most: Int, pool: WorkerPool,
    watching watched: (Int) -> [WatchedBuffer], visit: (Int, [Matrix]) -> Void
) {
    let count = min(images.rows, most)
    var input = images.rows(0..<count)
    for (index, unit) in units.enumerated() {
        let prepared = PreparedUnit(fullPrecision: unit, weights: weights[index], backward: false)
        let output = unit.output.matrix(images: count)
        let places = watched(index)
        let seen = places.map { place in
            let shape = unit.tapeShapes[place.slot]
            return Matrix(rows: count * shape.rows, columns: place.columns?.count ?? shape.columns)
        }
        ModelPass([prepared], pool: pool).run(input, into: output) { range, tapes in
            for (place, matrix) in zip(places, seen) {
                let (buffer, rows) = (tapes[0][place.slot], matrix.rows / count)
                copy(
                    place.columns.map { buffer.columns($0) } ?? buffer,
                    into: matrix.rows(range.lowerBound * rows..<range.upperBound * rows))
            }
        }
        visit(index, seen)
        input = output
    }
}
