import Kernels
import Quantization
import TensorCore
import Testing
import Vocabulary

@Suite("Closed-form fits of linear layers")
struct LinearFitTests {
    private func random(_ rows: Int, _ columns: Int, seed: UInt64, stream: String) -> Matrix {
        var generator = SeededGenerator(seed: seed, stream: stream)
        return Matrix(
            rows: rows, columns: columns,
            elements: (0..<rows * columns).map { _ in 2 * generator.uniform() - 1 })
    }

    /// Correlated inputs: few directions explain most of them.
    private func inputs(rows: Int, columns: Int, seed: UInt64) -> Matrix {
        let hidden = random(rows, columns / 4, seed: seed, stream: "hidden")
        let mixing = random(columns / 4, columns, seed: seed, stream: "mixing")
        let noise = random(rows, columns, seed: seed, stream: "noise")
        let out = Matrix(rows: rows, columns: columns)
        multiply(hidden, mixing, into: out)
        scale(noise, by: 0.2, into: out, accumulate: true)
        return out
    }

    private func outputError(_ layer: QuantizedLinear, inputs: Matrix, targets: Matrix) -> Double {
        let out = Matrix(rows: inputs.rows, columns: targets.columns)
        multiply(inputs, layer.quantizedWeight(), into: out, transposeB: true)
        if let bias = layer.bias {
            addRowBias(out, bias.vector(), into: out)
        }
        return squaredDistance(out, targets) / Double(out.rows * out.columns)
    }

    @Test("the factor solves systems and reproduces its matrix", arguments: [1, 63, 64, 65, 200])
    func factor(count: Int) throws {
        let pool = WorkerPool(threads: 2)
        defer { pool.shutDown() }
        let root = random(count, count, seed: 3, stream: "root")
        let matrix = Matrix(rows: count, columns: count)
        multiply(root, root, into: matrix, transposeB: true)
        for index in 0..<count {
            matrix[index, index] += 1
        }
        let factor = try #require(CholeskyFactor(matrix, pool: pool))
        let product = Matrix(rows: count, columns: count)
        multiply(factor.lower, factor.lower, into: product, transposeB: true)
        #expect(squaredDistance(product, matrix) <= 1e-9 * squaredNorm(matrix))
        let expected = random(5, count, seed: 4, stream: "x")
        let rows = Matrix(rows: 5, columns: count)
        multiply(expected, matrix, into: rows)
        factor.solve(rows, pool: pool)
        #expect(squaredDistance(rows, expected) <= 1e-6 * squaredNorm(expected))
    }

    @Test("a matrix that is not positive definite has no factor")
    func indefinite() {
        let pool = WorkerPool(threads: 1)
        defer { pool.shutDown() }
        #expect(CholeskyFactor(Matrix(rows: 2, columns: 2, elements: [1, 2, 2, 1]), pool: pool) == nil)
        #expect(CholeskyFactor(Matrix(rows: 1, columns: 1, elements: [.nan]), pool: pool) == nil)
    }

    @Test(
        "each solver errs less than the one before it on quantized, correlated inputs", arguments: [2, 3, 4])
    func solvers(bits: Int) throws {
        let pool = WorkerPool(threads: 2)
        defer { pool.shutDown() }
        let x = inputs(rows: 600, columns: 48, seed: 7)
        let weight = Tensor(shape: [30, 48], elements: random(30, 48, seed: 7, stream: "w").elements)
        let targets = Matrix(rows: 600, columns: 30)
        multiply(x, weight.matrix(), into: targets, transposeB: true)
        let width = try BitWidth(bits)
        let site = try UniformCalibration.activations(bits: width)
            .quantizer(of: x, groups: .columns(width: 48), groupCount: 1, pool: pool)
        let seen = Matrix(rows: 600, columns: 48)
        site.fakeQuantize(x, into: seen)
        var errors: [Double] = []
        for solver in [WeightSolver.nearest, .ridge, .ridgeGptq] {
            let layer = try LinearFit(solver: solver, damping: 0.01)
                .layer(
                    weight: weight, inputs: seen, targets: targets, calibration: .weights(bits: width),
                    pool: pool)
            errors.append(outputError(layer, inputs: seen, targets: targets))
        }
        #expect(errors[1] < errors[0])
        #expect(errors[2] < errors[1])
    }

    @Test(
        "codes stay within their width and use most of it",
        arguments: [2, 3, 8])
    func codes(bits: Int) throws {
        let pool = WorkerPool(threads: 2)
        defer { pool.shutDown() }
        let x = inputs(rows: 300, columns: 40, seed: 9)
        let targets = random(300, 20, seed: 9, stream: "t")
        let weight = Tensor(shape: [20, 40], elements: random(20, 40, seed: 9, stream: "w").elements)
        let layer = try LinearFit(solver: .ridgeGptq, damping: 0.01)
            .layer(
                weight: weight, inputs: x, targets: targets,
                calibration: .weights(bits: try BitWidth(bits)), pool: pool)
        let codes = try #require(layer.quantizer.codes(of: layer.weight.matrix()))
        #expect(codes.allSatisfy { Int($0) < 1 << bits })
        let (least, most) = (try #require(codes.min()), try #require(codes.max()))
        #expect(2 * Int(most - least) > (1 << bits) - 1)
    }

    @Test("a row that counts three times is as good as three rows")
    func repeatedRows() throws {
        let pool = WorkerPool(threads: 2)
        defer { pool.shutDown() }
        let x = inputs(rows: 400, columns: 24, seed: 11)
        let targets = random(400, 10, seed: 11, stream: "t")
        let weight = Tensor(shape: [10, 24], elements: random(10, 24, seed: 11, stream: "w").elements)
        let fit = LinearFit(solver: .gptq, damping: 0.01)
        func row(_ matrix: Matrix, _ index: Int) -> [Float] { matrix.rows(index..<index + 1).elements }
        let order = (0..<400).flatMap { Array(repeating: $0, count: $0.isMultiple(of: 2) ? 3 : 1) }
        let weighted = try fit.layer(
            weight: weight, inputs: x, targets: targets,
            importance: (0..<400).map { $0.isMultiple(of: 2) ? 3 : 1 },
            calibration: .weights(bits: try BitWidth(4)), pool: pool)
        let repeated = try fit.layer(
            weight: weight,
            inputs: Matrix(rows: order.count, columns: 24, elements: order.flatMap { row(x, $0) }),
            targets: Matrix(rows: order.count, columns: 10, elements: order.flatMap { row(targets, $0) }),
            calibration: .weights(bits: try BitWidth(4)), pool: pool)
        let difference = squaredDistance(weighted.quantizedWeight(), repeated.quantizedWeight())
        #expect(difference <= 1e-6 * squaredNorm(repeated.quantizedWeight()))
        let biases = try zip(#require(weighted.bias).elements, #require(repeated.bias).elements)
        #expect(biases.allSatisfy { abs($0 - $1) < 1e-4 })
    }

    @Test("rows that count more come out better, the others worse", arguments: 1...3)
    func importantRows(seed: UInt64) throws {
        let pool = WorkerPool(threads: 2)
        defer { pool.shutDown() }
        let x = inputs(rows: 800, columns: 32, seed: seed)
        // Every eighth row asks for another weight.
        let weights = ["w", "other"].map { random(12, 32, seed: seed, stream: $0) }
        let targets = Matrix(rows: 800, columns: 12)
        for row in 0..<800 {
            multiply(
                x.rows(row..<row + 1), weights[row.isMultiple(of: 8) ? 1 : 0],
                into: targets.rows(row..<row + 1), transposeB: true)
        }
        func errors(_ importance: [Float]?) throws -> (important: Double, others: Double) {
            let layer = try LinearFit(solver: .ridgeGptq, damping: 0.01)
                .layer(
                    weight: Tensor(shape: [12, 32], elements: weights[0].elements), inputs: x,
                    targets: targets, importance: importance, calibration: .weights(bits: try BitWidth(4)),
                    pool: pool)
            var sums = (important: 0.0, others: 0.0)
            for row in 0..<800 {
                let error = outputError(
                    layer, inputs: x.rows(row..<row + 1), targets: targets.rows(row..<row + 1))
                if row.isMultiple(of: 8) { sums.important += error } else { sums.others += error }
            }
            return sums
        }
        let plain = try errors(nil)
        let weighted = try errors((0..<800).map { $0.isMultiple(of: 8) ? 50 : 1 })
        #expect(weighted.important < 0.5 * plain.important)
        #expect(weighted.others > plain.others)
    }

    @Test("sums over parts and a layer to imitate say what all rows and its outputs say")
    func moments() throws {
        let pool = WorkerPool(threads: 2)
        defer { pool.shutDown() }
        // Far from zero, as inputs after GELU are.
        let exact = inputs(rows: 500, columns: 32, seed: 5)
        for row in 0..<exact.rows {
            for column in 0..<exact.columns { exact[row, column] += Float(column) / 4 }
        }
        let noise = random(500, 32, seed: 5, stream: "rounding")
        let seen = Matrix(rows: 500, columns: 32, elements: exact.elements)
        scale(noise, by: 0.1, into: seen, accumulate: true)
        let weight = Tensor(shape: [12, 32], elements: random(12, 32, seed: 5, stream: "w").elements)
        let bias = Tensor(shape: [12], elements: random(1, 12, seed: 5, stream: "b").elements)
        let targets = Matrix(rows: 500, columns: 12)
        multiply(exact, weight.matrix(), into: targets, transposeB: true)
        addRowBias(targets, bias.vector(), into: targets)
        let importance = (0..<500).map { Float(1 + $0 % 3) }
        for solver in WeightSolver.allCases where solver != .nearest {
            let fit = LinearFit(solver: solver, damping: 0.01)
            let whole = try fit.layer(
                weight: weight, inputs: seen, targets: targets, importance: importance, calibration: nil,
                pool: pool)
            let moments = FitMoments(inputs: 32, references: 32)
            for (rows, isValidation) in [
                (0..<150, false), (400..<470, true), (150..<400, false), (470..<500, true),
            ] {
                moments.add(
                    seen.rows(rows), exact.rows(rows), weights: importance[rows], isValidation: isValidation,
                    pool: pool
                )
            }
            let summed = try fit.layer(
                weight: weight, target: (weight, bias), moments: moments, calibration: nil, pool: pool)
            #expect(
                squaredDistance(summed.weight.matrix(), whole.weight.matrix())
                    <= 1e-8 * squaredNorm(whole.weight.matrix()))
            let biases = try zip(#require(summed.bias).elements, #require(whole.bias).elements)
            #expect(biases.allSatisfy { abs($0 - $1) < 1e-3 })
        }
    }

    @Test(
        "where inputs are exact, nothing is corrected and roundings are made up for as without it",
        arguments: 1...5)
    func exactInputs(seed: UInt64) throws {
        let pool = WorkerPool(threads: 2)
        defer { pool.shutDown() }
        let x = inputs(rows: 900, columns: 60, seed: seed)
        let weight = Tensor(shape: [16, 60], elements: random(16, 60, seed: seed, stream: "w").elements)
        let moments = FitMoments(inputs: 60, references: 60)
        moments.add(x.rows(0..<700), x.rows(0..<700), isValidation: false, pool: pool)
        moments.add(x.rows(700..<900), x.rows(700..<900), isValidation: true, pool: pool)
        let targets = Matrix(rows: 900, columns: 16)
        multiply(x, weight.matrix(), into: targets, transposeB: true)
        let errors = try [WeightSolver.nearest, .gptq, .ridgeGptq].map { solver in
            let layer = try LinearFit(solver: solver, damping: 0.01).layer(
                weight: weight, target: (weight, nil), moments: moments,
                calibration: .weights(bits: try BitWidth(3)), pool: pool)
            return outputError(layer, inputs: x, targets: targets)
        }
        #expect(errors[1] < 0.7 * errors[0])
        #expect(abs(errors[2] - errors[1]) < 0.1 * errors[1])
    }

    @Test("the fit is the same bits for any number of threads", arguments: [2, 5])
    func threads(count: Int) throws {
        func fit(_ threads: Int) throws -> QuantizedLinear {
            let pool = WorkerPool(threads: threads)
            defer { pool.shutDown() }
            return try LinearFit(solver: .ridgeGptq, damping: 0.01)
                .layer(
                    weight: Tensor(shape: [70, 90], elements: random(70, 90, seed: 1, stream: "w").elements),
                    inputs: inputs(rows: 500, columns: 90, seed: 1),
                    targets: random(500, 70, seed: 1, stream: "t"),
                    calibration: .weights(bits: try BitWidth(4)), pool: pool)
        }
        #expect(try fit(1) == fit(count))
    }

    @Test("with hardly more rows than inputs, a correction does not overfit noise", arguments: 1...4)
    func fewRows(seed: UInt64) throws {
        let pool = WorkerPool(threads: 2)
        defer { pool.shutDown() }
        let weight = Tensor(shape: [24, 80], elements: random(24, 80, seed: seed, stream: "w").elements)
        func sample(_ rows: Int, stream: String) -> (x: Matrix, y: Matrix) {
            let x = random(rows, 80, seed: seed, stream: stream)
            let y = random(rows, 24, seed: seed, stream: stream + " noise")
            scale(y, by: 4, into: y)
            multiply(x, weight.matrix(), into: y, transposeB: true, accumulate: true)
            return (x, y)
        }
        let fresh = sample(2000, stream: "fresh")
        var errors: [Double] = []
        for solver in [WeightSolver.gptq, .ridgeGptq] {
            let (x, y) = sample(100, stream: "seen")
            let layer = try LinearFit(solver: solver, damping: 0.01)
                .layer(
                    weight: weight, inputs: x, targets: y, calibration: .weights(bits: try BitWidth(4)),
                    pool: pool)
            errors.append(outputError(layer, inputs: fresh.x, targets: fresh.y))
        }
        // The noise alone is 16 / 3.
        #expect(errors[1] < errors[0] + 0.1 * 16 / 3)
    }
}
