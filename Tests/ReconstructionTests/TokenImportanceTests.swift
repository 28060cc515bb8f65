import Kernels
import Reconstruction
import TensorCore
import Testing
import VisionTransformers

@Suite("The importance of tokens")
struct TokenImportanceTests {
    /// The sum of features times their random directions, given the output of one unit.
    private func projections(_ small: SmallTask, after index: Int, _ output: Matrix, seed: UInt64) -> Double {
        let units = Array(small.fullPrecision[(index + 1)...])
        let head = units[units.count - 1].unit
        let slot = head.operators[0].slot
        var generator = SeededGenerator(seed: seed, stream: "directions of the feature")
        var sum = 0.0
        ModelPass(units, pool: small.pool)
            .run(output, into: Matrix(rows: small.images.rows, columns: small.logits.columns)) { _, tapes in
                for value in tapes[tapes.count - 1][slot].elements {
                    sum += Double(value) * (generator.next() & 1 == 0 ? 1 : -1)
                }
            }
        return sum
    }

    @Test(
        "importance is the squared gradient of the feature, as differences give it",
        arguments: [ViTConfiguration.Pooling.classToken, .average])
    func differences(pooling: ViTConfiguration.Pooling) throws {
        let small = SmallTask(seed: 4, images: 1, pooling: pooling)
        defer { small.pool.shutDown() }
        let importance = TokenImportance(
            of: small.fullPrecision, images: small.images, seed: 9, pool: small.pool)
        // Layer fc2 of the first block: its output is what the residual stream gets, scaled channel by channel.
        let unit = small.model.units[1]
        let fc2 = try #require(unit.linears.firstIndex { $0.name.hasSuffix("fc2") })
        let scaling = try #require(unit.vectors.firstIndex { $0.name.hasSuffix("ls2.gamma") })
        let gamma = small.model.weights[1].vectors[scaling].elements
        let output = unit.output.matrix(images: 1)
        ModelPass([small.fullPrecision[1]], pool: small.pool).run(small.input(of: 1), into: output)
        var expected = (0..<output.rows).map { row in
            (0..<output.columns).reduce(0.0) { sum, column in
                let value = output[row, column]
                let sides = [Float(1e-2), -1e-2].map { shift in
                    output[row, column] = value + shift
                    return projections(small, after: 1, output, seed: 9)
                }
                output[row, column] = value
                let gradient = (sides[0] - sides[1]) / 2e-2 * Double(gamma[column])
                return sum + gradient * gradient
            }
        }
        let mean = expected.reduce(0, +) / Double(expected.count)
        expected = expected.map { $0 / mean }
        let found = try #require(importance.units[1].weights(of: fc2, images: 1))
        #expect(found.count == expected.count)
        for (a, b) in zip(found, expected) {
            #expect(abs(Double(a) - b) < 0.02 * max(1, b), "\(found) against \(expected)")
        }
        #expect(expected.max()! > 1.05 * expected.min()!, "tokens that all count alike would test nothing")
    }

    @Test("importance has the same bits for any number of threads, and a mean of 1")
    func threads() {
        let results = [1, 3].map { threads in
            let small = SmallTask(seed: 5, images: 40, threads: threads)
            defer { small.pool.shutDown() }
            return TokenImportance(of: small.fullPrecision, images: small.images, seed: 1, pool: small.pool)
        }
        #expect(results[0] == results[1])
        for weights in results[0].units.dropLast().flatMap(\.layers) {
            #expect(abs(weights.reduce(0, +) / Float(weights.count) - 1) < 1e-4)
        }
    }

    @Test("blank images have finite importance, and the classifier has none")
    func nothing() {
        let small = SmallTask(seed: 5, images: 8)
        defer { small.pool.shutDown() }
        let blank = Matrix(rows: 8, columns: 64)
        let importance = TokenImportance(of: small.fullPrecision, images: blank, seed: 1, pool: small.pool)
        #expect(importance.units[3].weights(of: 0, images: 8) == nil)
        #expect(importance.units.flatMap(\.layers).joined().allSatisfy { $0.isFinite && $0 >= 0 })
    }

    @Test("tokens of further images have the mean importance of their position")
    func beyond() throws {
        let small = SmallTask(seed: 5, images: 8)
        defer { small.pool.shutDown() }
        let unit = TokenImportance(of: small.fullPrecision, images: small.images, seed: 1, pool: small.pool)
            .units[1]
        let known = try #require(unit.weights(of: 0, images: 8))
        #expect(try #require(unit.weights(of: 0, images: 3)) == Array(known[..<15]))
        let more = try #require(unit.weights(of: 0, images: 10))
        #expect(more.count == 50 && Array(more[..<40]) == known)
        for row in 0..<5 {
            let mean = (0..<8).reduce(0) { $0 + known[$1 * 5 + row] } / 8
            #expect(abs(more[40 + row] - mean) < 1e-5 && more[40 + row] == more[45 + row])
        }
    }
}
