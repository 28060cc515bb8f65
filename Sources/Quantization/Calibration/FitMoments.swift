internal import Kernels
package import TensorCore

/// Sufficient statistics of a linear layer's inputs x̂ and its references y for a closed-form fit: sums of
/// squares and products over rows, which are added up part by part, so that no row has to be kept.
///
/// A share of the rows is kept apart to validate what was learned from the others. All sums are centred by the means of
/// all rows in the end; before, by those of the first rows that were added, so that little is lost to rounding.
package final class FitMoments {
    /// The sums over some rows of w · x̂ x̂ᵀ, w · y x̂ᵀ, w · x̂, w · y and w, each x̂ and y without its first mean.
    private final class Sums {
        /// `[inputs, inputs]`; only the lower half is right.
        let squares: Matrix
        /// `[references, inputs]`.
        let products: Matrix
        var inputs: [Double]
        var references: [Double]
        var weight = 0.0

        init(inputs count: Int, references: Int) {
            squares = Matrix(rows: count, columns: count)
            products = Matrix(rows: references, columns: count)
            inputs = Array(repeating: 0, count: count)
            self.references = Array(repeating: 0, count: references)
        }
    }

    /// Sums over rows, centred by the means of all rows and divided by the number of all rows.
    struct Centred {
        /// `[inputs, inputs]`, symmetric.
        let squares: Matrix
        /// `[references, inputs]`.
        let products: Matrix
    }

    /// How many of so many rows or images are learned from; the others validate.
    package static func learned(of count: Int) -> Int { count * 4 / 5 }

    private let learned: Sums
    private let validation: Sums
    /// What was subtracted from every row.
    private var centre: (inputs: [Float], references: [Float])?

    /// Makes sums over no rows.
    ///
    /// - Parameters:
    ///   - inputs: The number of the layer's inputs.
    ///   - references: The number of columns of what it is to imitate.
    package init(inputs: Int, references: Int) {
        learned = Sums(inputs: inputs, references: references)
        validation = Sums(inputs: inputs, references: references)
    }

    /// Adds rows.
    ///
    /// - Parameters:
    ///   - inputs: `[rows, inputs]`: what the quantized model multiplies with.
    ///   - references: `[rows, references]`: what belongs to it.
    ///   - weights: `[rows]`: what errors of rows count, not negative. Nil where all count 1.
    ///   - isValidation: Whether they validate the fit instead of being fitted.
    ///   - pool: The threads; the result does not depend on their number.
    package func add(
        _ inputs: Matrix, _ references: Matrix, weights: ArraySlice<Float>? = nil, isValidation: Bool,
        pool: WorkerPool
    ) {
        guard inputs.rows > 0 else { return }
        precondition(
            references.rows == inputs.rows && weights?.count ?? inputs.rows == inputs.rows,
            "\(inputs.rows) rows of inputs, \(references.rows) of references, \(weights?.count ?? 0) weights")
        let centre =
            self.centre
            ?? (
                inputs: columnMeans(of: inputs, pool: pool),
                references: columnMeans(of: references, pool: pool)
            )
        self.centre = centre
        let roots = weights.map { $0.map { $0.squareRoot() } }
        let x = shifted(inputs, by: centre.inputs, scaledBy: roots, pool: pool)
        let y = shifted(references, by: centre.references, scaledBy: roots, pool: pool)
        let sums = isValidation ? validation : learned
        pool.runTiles(of: x.columns, length: 96) { tile in
            let columns = 0..<tile.upperBound
            multiply(
                x.columns(tile), x.columns(columns), into: sums.squares.rows(tile).columns(columns),
                transposeA: true, accumulate: true)
        }
        pool.runTiles(of: y.columns, length: 96) { tile in
            multiply(
                y.columns(tile), x, into: sums.products.rows(tile), transposeA: true, accumulate: true)
        }
        let (inputSums, referenceSums) = (
            weightedSums(of: x, roots: roots, pool: pool), weightedSums(of: y, roots: roots, pool: pool)
        )
        let weight = weights.map { $0.reduce(0) { $0 + Double($1) } } ?? Double(inputs.rows)
        for index in inputSums.indices { sums.inputs[index] += Double(inputSums[index]) }
        for index in referenceSums.indices { sums.references[index] += Double(referenceSums[index]) }
        sums.weight += weight
    }

    /// The weights of all rows together.
    private var weight: Double { learned.weight + validation.weight }

    /// The means of inputs and references without what was subtracted from them.
    private var shifts: (inputs: [Double], references: [Double]) {
        (
            zip(learned.inputs, validation.inputs).map { ($0 + $1) / weight },
            zip(learned.references, validation.references).map { ($0 + $1) / weight }
        )
    }

    /// The means of the inputs over all rows, `[inputs]`.
    var inputMeans: [Double] { zip(shifts.inputs, centre?.inputs ?? []).map { $0 + Double($1) } }

    /// The means of the references over all rows, `[references]`.
    var referenceMeans: [Double] { zip(shifts.references, centre?.references ?? []).map { $0 + Double($1) } }

    /// Centred sums over the rows that are learned from, then over the validation rows; only one of them where there are no
    /// others.
    var parts: [Centred] {
        precondition(weight > 0, "a fit needs rows that count")
        return [learned, validation].filter { $0.weight > 0 }.map(centred)
    }

    private func centred(_ sums: Sums) -> Centred {
        let n = sums.squares.rows
        let squares = Matrix(rows: n, columns: n)
        let products = Matrix(rows: sums.products.rows, columns: n)
        copy(sums.squares, into: squares)
        copy(sums.products, into: products)
        // Σ w (y − a)(x − b)ᵀ = Σ w y xᵀ − (Σ w y) bᵀ − a (Σ w x − Σ w · b)ᵀ
        let shifts = shifts
        let rest = zip(sums.inputs, shifts.inputs).map { $0 - sums.weight * $1 }
        func subtract(_ sum: [Double], _ mean: [Double], from out: Matrix) {
            let left = Matrix(rows: 2, columns: sum.count, elements: (sum + mean).map { Float($0) })
            let right = Matrix(rows: 2, columns: n, elements: (shifts.inputs + rest).map { Float($0) })
            multiply(left, right, into: out, transposeA: true, alpha: -1, accumulate: true)
        }
        subtract(sums.inputs, shifts.inputs, from: squares)
        subtract(sums.references, shifts.references, from: products)
        let factor = Float(1 / weight)
        scale(squares, by: factor, into: squares)
        scale(products, by: factor, into: products)
        for row in 0..<n {
            // What never varies is left with roundings.
            if squares[row, row] < 0 { squares[row, row] = 0 }
            for column in row + 1..<n {
                squares[row, column] = squares[column, row]
            }
        }
        return Centred(squares: squares, products: products)
    }
}

/// Rows less a vector, each times its factor.
private func shifted(_ x: Matrix, by means: [Float], scaledBy factors: [Float]?, pool: WorkerPool) -> Matrix {
    let (out, negative) = (Matrix(rows: x.rows, columns: x.columns), Vector(means.map { -$0 }))
    pool.runTiles(of: x.rows, length: 256) { tile in
        addRowBias(x.rows(tile), negative, into: out.rows(tile))
        if let factors {
            for row in tile {
                scale(out.rows(row..<row + 1), by: factors[row], into: out.rows(row..<row + 1))
            }
        }
    }
    return out
}

/// The sums of columns whose rows were multiplied with roots of their weights, each times that root.
private func weightedSums(of x: Matrix, roots: [Float]?, pool: WorkerPool) -> [Float] {
    let sums = Matrix(rows: 1, columns: x.columns)
    let factors = Matrix(rows: 1, columns: x.rows, elements: roots ?? Array(repeating: 1, count: x.rows))
    pool.runTiles(of: x.columns, length: 64) { tile in
        multiply(factors, x.columns(tile), into: sums.columns(tile))
    }
    return sums.elements
}
