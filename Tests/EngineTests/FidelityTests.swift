import Foundation
import Runs
import TensorCore
import Testing

@testable import Engine

@Suite("Fidelity")
struct FidelityTests {
    private let reference = Matrix(rows: 3, columns: 2, elements: [0, 0, 1, -1, 2, 0])

    @Test("a model is compared image by image and as a whole")
    func images() {
        let logits = Matrix(rows: 3, columns: 2, elements: [0, Float(log(3.0)), 1, -1, 0, 2])
        // Image 1: halves against 1/4 and 3/4. Image 3: the two classes change places.
        let first = 0.5 * log(2.0) + 0.5 * log(2.0 / 3)
        let third = 2 * (exp(2.0) - 1) / (exp(2.0) + 1)
        let divergences = divergences(of: logits, from: reference)
        #expect(zip(divergences, [first, 0, third]).allSatisfy { abs($0 - $1) < 1e-6 })
        let whole = evaluation(of: logits, against: reference, labels: [1, 1, 1])
        #expect(abs(whole.kl - (first + third) / 3) < 1e-6)
        #expect(whole.images == 3 && abs((whole.top1 ?? 0) - 200.0 / 3) < 1e-9)
        #expect(abs(whole.agreement - 100.0 / 3) < 1e-9)
        #expect(whole.kl == divergence(of: logits, from: reference))
    }

    @Test("a model beside itself is at no distance")
    func same() {
        #expect(divergences(of: reference, from: reference) == [0, 0, 0])
        #expect(evaluation(of: reference, against: reference, labels: nil).sqnrDb == nil)
    }

    @Test("logits that are not finite are not near", arguments: [Float.nan, .infinity, -.infinity])
    func damaged(value: Float) {
        let logits = Matrix(rows: 3, columns: 2, elements: [0, 0, value, value, 2, 0])
        #expect(!evaluation(of: logits, against: reference, labels: nil).kl.isFinite)
        #expect(!divergence(of: logits, from: reference).isFinite)
    }
}
