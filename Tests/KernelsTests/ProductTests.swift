import Kernels
import TensorCore
import TensorTestSupport
import Testing

/// One product to try.
struct ProductCase: Sendable, CustomTestStringConvertible {
    let rows: Int, columns: Int, inner: Int
    let transposeA: Bool, transposeB: Bool

    init(_ rows: Int, _ columns: Int, _ inner: Int, _ transposeA: Bool = false, _ transposeB: Bool = false) {
        self.rows = rows
        self.columns = columns
        self.inner = inner
        self.transposeA = transposeA
        self.transposeB = transposeB
    }

    var testDescription: String {
        "\(rows)×\(columns)×\(inner)\(transposeA ? " Aᵀ" : "")\(transposeB ? " Bᵀ" : "")"
    }

    /// The operands, with gaps between rows.
    func operands(seed: UInt64, padding: Int = 3) -> (a: Matrix, b: Matrix) {
        (
            transposeA
                ? seededMatrix(inner, rows, seed: seed, padding: padding)
                : seededMatrix(rows, inner, seed: seed, padding: padding),
            transposeB
                ? seededMatrix(columns, inner, seed: seed + 1, padding: padding + 1)
                : seededMatrix(inner, columns, seed: seed + 1, padding: padding + 1)
        )
    }

    /// The product by its definition.
    func expected(_ a: Matrix, _ b: Matrix, alpha: Double = 1, plus c: Matrix? = nil) -> Matrix {
        reference(rows, columns) { row, column in
            var sum = 0.0
            for k in 0..<inner {
                let left = transposeA ? a[k, row] : a[row, k]
                let right = transposeB ? b[column, k] : b[k, column]
                sum += Double(left) * Double(right)
            }
            return alpha * sum + (c.map { Double($0[row, column]) } ?? 0)
        }
    }

    /// Shapes around the edges of tiles, panels and blocks, each in all four forms.
    static let all: [ProductCase] = [
        (1, 1, 1), (3, 5, 17), (17, 33, 5), (33, 17, 33), (14, 32, 64), (15, 31, 3), (1, 50, 400),
        (29, 48, 385), (170, 20, 7), (5, 530, 9), (40, 300, 24), (9, 16, 0), (0, 7, 3), (7, 0, 3),
    ].flatMap { shape in
        [(false, false), (false, true), (true, false), (true, true)].map {
            ProductCase(shape.0, shape.1, shape.2, $0.0, $0.1)
        }
    }
}

extension KernelSuite {
    @Suite("Products") struct Products {
        @Test("a product is that of the definition", arguments: InstructionLevel.available, ProductCase.all)
        func definition(level: InstructionLevel, shape: ProductCase) {
            let (a, b) = shape.operands(seed: 1)
            let c = seededMatrix(shape.rows, shape.columns, seed: 3, padding: 5)
            at(level) {
                multiply(a, b, into: c, transposeA: shape.transposeA, transposeB: shape.transposeB)
            }
            #expect(relativeError(c, shape.expected(a, b)) < 1e-6)
            #expect(paddingIsUntouched(c))
        }

        @Test(
            "a product is scaled and added to what was there", arguments: InstructionLevel.available,
            ProductCase.all)
        func accumulation(level: InstructionLevel, shape: ProductCase) {
            let (a, b) = shape.operands(seed: 4)
            let c = seededMatrix(shape.rows, shape.columns, seed: 6, padding: 1)
            let before = clone(c)
            at(level) {
                multiply(
                    a, b, into: c, transposeA: shape.transposeA, transposeB: shape.transposeB, alpha: 0.125,
                    accumulate: true)
            }
            #expect(relativeError(c, shape.expected(a, b, alpha: 0.125, plus: before)) < 1e-6)
            #expect(paddingIsUntouched(c))
        }

        @Test(
            "a packed operand gives the bits of a plain one, and takes a bias",
            arguments: InstructionLevel.available, ProductCase.all.filter { !$0.transposeA })
        func packing(level: InstructionLevel, shape: ProductCase) {
            let (a, b) = shape.operands(seed: 7)
            let bias = seededVector(shape.columns, seed: 9)
            let plain = seededMatrix(shape.rows, shape.columns, seed: 10, padding: 2)
            let packed = seededMatrix(shape.rows, shape.columns, seed: 10, padding: 2)
            at(level) {
                let operand = PackedMatrix(b, transposed: shape.transposeB)
                multiply(a, b, into: plain, transposeB: shape.transposeB)
                multiply(a, operand, into: packed)
                #expect(bitPatterns(plain) == bitPatterns(packed))
                multiply(a, b, into: plain, transposeB: shape.transposeB, accumulate: true)
                multiply(a, operand, into: packed, accumulate: true)
                #expect(bitPatterns(plain) == bitPatterns(packed))
                multiply(a, operand, into: packed, bias: bias)
            }
            let rows = reference(shape.rows, shape.columns) { Double(bias[$1]) + 0 * Double($0) }
            #expect(relativeError(packed, shape.expected(a, b, plus: rows)) < 1e-6)
            #expect(paddingIsUntouched(packed))
        }

        @Test(
            "rows that collide in the cache change no bit", arguments: InstructionLevel.available,
            [(31, 512), (20, 1024)])
        func strides(level: InstructionLevel, shape: (rows: Int, stride: Int)) {
            let a = seededMatrix(shape.rows, 70, seed: 11, padding: shape.stride - 70)
            let b = seededMatrix(70, 40, seed: 12)
            let c = Matrix(rows: shape.rows, columns: 40)
            let d = Matrix(rows: shape.rows, columns: 40)
            at(level) {
                multiply(a, b, into: c)
                multiply(clone(a), b, into: d)
            }
            #expect(bitPatterns(c) == bitPatterns(d))
        }

        @Test(
            "every level with fused multiply-add gives the same bits",
            .enabled(if: fusedLevels.count > 1, oneFusedLevel), arguments: ProductCase.all)
        func levels(shape: ProductCase) {
            let (a, b) = shape.operands(seed: 13)
            let results = fusedLevels.map { level in
                at(level) {
                    let c = seededMatrix(shape.rows, shape.columns, seed: 15)
                    multiply(
                        a, b, into: c, transposeA: shape.transposeA, transposeB: shape.transposeB,
                        alpha: 0.3, accumulate: true)
                    return bitPatterns(c)
                }
            }
            #expect(Set(results).count == 1)
        }

        @Test(
            "rows computed in parts have the same bits", arguments: InstructionLevel.available,
            [1, 2, 3, 10, 37, 118])
        func rowSplits(level: InstructionLevel, part: Int) {
            for transposeA in [false, true] {
                let shape = ProductCase(197, 90, 400, transposeA, true)
                let (a, b) = shape.operands(seed: 16)
                let whole = Matrix(rows: 197, columns: 90)
                let parts = Matrix(rows: 197, columns: 90)
                at(level) {
                    multiply(a, b, into: whole, transposeA: transposeA, transposeB: true)
                    for start in stride(from: 0, to: 197, by: part) {
                        let range = start..<min(start + part, 197)
                        multiply(
                            transposeA ? a.columns(range) : a.rows(range), b, into: parts.rows(range),
                            transposeA: transposeA, transposeB: true)
                    }
                }
                #expect(bitPatterns(whole) == bitPatterns(parts))
            }
        }

        @Test("any number of threads gives the same bits", arguments: [1, 2, 3, 7])
        func threads(count: Int) {
            let shape = ProductCase(150, 65, 96, false, true)
            let (a, b) = shape.operands(seed: 18)
            let whole = Matrix(rows: 150, columns: 65)
            let parts = Matrix(rows: 150, columns: 65)
            let weight = PackedMatrix(b, transposed: true)
            multiply(a, weight, into: whole)
            let pool = WorkerPool(threads: count)
            pool.run(15) { task, _ in
                let rows = task * 10..<task * 10 + 10
                multiply(a.rows(rows), weight, into: parts.rows(rows))
            }
            pool.shutDown()
            #expect(bitPatterns(whole) == bitPatterns(parts))
        }

        @Test("a product of mismatched operands ends the process")
        func mismatch() async {
            await #expect(processExitsWith: .failure) {
                multiply(
                    Matrix(rows: 2, columns: 3), Matrix(rows: 4, columns: 5),
                    into: Matrix(rows: 2, columns: 5))
            }
            await #expect(processExitsWith: .failure) {
                multiply(
                    Matrix(rows: 2, columns: 3), Matrix(rows: 3, columns: 5),
                    into: Matrix(rows: 2, columns: 4))
            }
        }
    }

    @Suite("Batches of products") struct Batches {
        @Test(
            "attention's three products have the bits of single products",
            arguments: InstructionLevel.available,
            [(1, 1, 1, 1), (2, 3, 17, 8), (1, 2, 50, 32), (3, 1, 5, 3), (1, 1, 400, 20)])
        func attention(
            level: InstructionLevel, shape: (images: Int, heads: Int, tokens: Int, width: Int)
        ) {
            let (images, heads, tokens, width) = shape
            let all = seededMatrix(images * tokens, 3 * heads * width, seed: 20, padding: 7)
            let parts = (0..<3).map { part in
                MatrixBatch(
                    tiling: all.columns(part * heads * width..<(part + 1) * heads * width),
                    outerCount: images, innerCount: heads)
            }
            let mapRows = seededMatrix(images * heads * tokens, tokens, seed: 21, padding: 2)
            let maps = MatrixBatch(stacking: mapRows, outerCount: images, innerCount: heads)
            let outRows = seededMatrix(images * tokens, heads * width, seed: 22, padding: 1)
            let out = MatrixBatch(tiling: outRows, outerCount: images, innerCount: heads)
            at(level) {
                multiplyBatch(parts[0], parts[1], into: maps, transposeB: true, alpha: 0.5)
                for image in 0..<images {
                    for head in 0..<heads {
                        let single = Matrix(rows: tokens, columns: tokens)
                        multiply(
                            parts[0][image, head], parts[1][image, head], into: single, transposeB: true,
                            alpha: 0.5)
                        #expect(bitPatterns(maps[image, head]) == bitPatterns(single))
                    }
                }
                for transposeA in [false, true] {
                    let before = clone(outRows)
                    multiplyBatch(maps, parts[2], into: out, transposeA: transposeA, accumulate: true)
                    let singles = MatrixBatch(tiling: before, outerCount: images, innerCount: heads)
                    for image in 0..<images {
                        for head in 0..<heads {
                            multiply(
                                maps[image, head], parts[2][image, head], into: singles[image, head],
                                transposeA: transposeA, accumulate: true)
                        }
                    }
                    #expect(bitPatterns(outRows) == bitPatterns(before))
                }
            }
            #expect(paddingIsUntouched(mapRows))
            #expect(paddingIsUntouched(outRows))
        }

        @Test("a grid that does not fit its storage ends the process")
        func bounds() async {
            await #expect(processExitsWith: .failure) {
                _ = MatrixBatch(
                    storage: FloatStorage(count: 23), offset: 0, rows: 2, columns: 3, stride: 3,
                    outerCount: 2,
                    outerStride: 12, innerCount: 2, innerStride: 6)
            }
        }
    }
}
