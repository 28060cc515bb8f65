import Kernels
import TensorCore
import TensorTestSupport
import Testing

extension KernelSuite {
    @Suite("Random choices and weighted distances")
    struct SupervisionTests {
        @Test(
            "a choice takes its share, the same one for any part of the matrix", arguments: [0, 0.25, 0.5, 1])
        func share(share: Double) {
            let (zeros, ones) = (Matrix(rows: 64, columns: 50), Matrix(rows: 64, columns: 50))
            for row in 0..<64 {
                for column in 0..<50 { ones[row, column] = 1 }
            }
            let whole = Matrix(rows: 64, columns: 50)
            choose(zeros, ones, RandomChoice(share: share, seed: 9), into: whole)
            let taken = Double(whole.elements.reduce(0, +)) / 3200
            #expect(abs(taken - share) < 0.03)
            let part = Matrix(rows: 7, columns: 50)
            choose(
                zeros.rows(0..<7), ones.rows(0..<7), RandomChoice(share: share, seed: 9, first: 20 * 50),
                into: part)
            #expect(part.elements == whole.rows(20..<27).elements)
            let other = Matrix(rows: 64, columns: 50)
            choose(zeros, ones, RandomChoice(share: share, seed: 10), into: other)
            #expect(share == 0 || share == 1 || other.elements != whole.elements)
        }

        @Test("the two parts of a division add up, with each element in one of them")
        func divided() {
            let x = seededMatrix(9, 21, seed: 1)
            let (kept, rest) = (
                Matrix(rows: 9, columns: 21, elements: x.elements), Matrix(rows: 9, columns: 21)
            )
            let choice = RandomChoice(share: 0.5, seed: 3)
            divide(kept, choice, rest: rest)
            let chosen = Matrix(rows: 9, columns: 21)
            choose(Matrix(rows: 9, columns: 21), x, choice, into: chosen)
            #expect(kept.elements == chosen.elements)
            for (index, value) in x.elements.enumerated() {
                #expect(kept.elements[index] + rest.elements[index] == value)
                #expect(kept.elements[index] == 0 || rest.elements[index] == 0)
            }
        }

        @Test(
            "weighted distances follow their definitions, weights repeating row by row",
            arguments: [1, 16, 37])
        func distances(columns: Int) {
            let (x, y) = (seededMatrix(6, columns, seed: 1), seededMatrix(6, columns, seed: 2))
            let weights = seededMatrix(3, columns, seed: 3)
            let (square, absolute) = (Matrix(rows: 6, columns: columns), Matrix(rows: 6, columns: columns))
            let squares = weightedDistance(x, y, weights: weights, gradient: square, factor: 0.5)
            let absolutes = weightedAbsoluteDistance(x, y, weights: weights, gradient: absolute, factor: 2)
            var expected = (0.0, 0.0)
            for row in 0..<6 {
                for column in 0..<columns {
                    let (d, w) = (x[row, column] - y[row, column], weights[row % 3, column])
                    expected.0 += Double(w * d * d)
                    expected.1 += Double(w * abs(d))
                    #expect(abs(square[row, column] - 0.5 * w * d) <= 1e-6)
                    #expect(abs(absolute[row, column] - 2 * w * (d > 0 ? 1 : -1)) <= 1e-6)
                }
            }
            #expect(abs(squares - expected.0) <= 1e-5 * (1 + abs(expected.0)))
            #expect(abs(absolutes - expected.1) <= 1e-5 * (1 + abs(expected.1)))
            #expect(squares == weightedDistance(x, y, weights: weights))
            #expect(absolutes == weightedAbsoluteDistance(x, y, weights: weights))
        }
    }
}
