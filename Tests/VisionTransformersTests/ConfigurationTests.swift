import Foundation
import Testing

@testable import VisionTransformers

@Suite("Shapes in files")
struct ConfigurationTests {
    private static let plain = ViTConfiguration(
        imageHeight: 8, imageWidth: 8, patchHeight: 4, patchWidth: 4, channels: 1, width: 12, depth: 1,
        heads: 3,
        hiddenWidth: 8, classes: 2)

    @Test("a shape comes back as it was written, and its flags are false where an older file has none")
    func flags() throws {
        var shape = Self.plain
        (shape.gatesMLP, shape.normalizesMLP, shape.normalizesAttention) = (true, true, true)
        shape.rotary = RotaryPositions(
            coordinate: .centre, pairing: .halves, temperature: 100, referenceSide: 3, columnsFirst: true)
        let data = try JSONEncoder().encode(ModelConfiguration.vit(shape))
        #expect(try JSONDecoder().decode(ModelConfiguration.self, from: data) == .vit(shape))
        var object = try #require(
            try JSONSerialization.jsonObject(with: try JSONEncoder().encode(shape)) as? [String: Any])
        for key in ["gatesMLP", "normalizesMLP", "normalizesAttention", "rotary"] {
            #expect(object.removeValue(forKey: key) != nil)
        }
        let older = try JSONSerialization.data(withJSONObject: object)
        #expect(try JSONDecoder().decode(ViTConfiguration.self, from: older) == Self.plain)
    }

    @Test("rotary positions must fit the heads and have a temperature")
    func possible() {
        func isPossible(heads: Int, temperature: Float, side: Int?) -> Bool {
            var shape = Self.plain
            (shape.heads, shape.hasPositions) = (heads, false)
            shape.rotary = RotaryPositions(
                coordinate: .index, pairing: .halves, temperature: temperature, referenceSide: side)
            return shape.isPossible
        }
        #expect(isPossible(heads: 3, temperature: 100, side: nil))
        #expect(!isPossible(heads: 2, temperature: 100, side: nil), "6 channels are not a multiple of 4")
        #expect(!isPossible(heads: 3, temperature: 0, side: nil))
        #expect(!isPossible(heads: 3, temperature: .infinity, side: nil))
        #expect(!isPossible(heads: 3, temperature: 100, side: 0))
    }

    @Test("only MLPs with nothing but GELU can be refitted")
    func gelu() {
        func hasPlainGELU(_ change: (inout ViTConfiguration) -> Void) -> Bool {
            var shape = Self.plain
            change(&shape)
            return ModelConfiguration.vit(shape).hasPlainGELU
        }
        #expect(hasPlainGELU { _ in } && hasPlainGELU { $0.activation = .quickGELU })
        #expect(!hasPlainGELU { $0.gatesMLP = true } && !hasPlainGELU { $0.activation = .silu })
        #expect(!hasPlainGELU { $0.normalizesMLP = true } && !hasPlainGELU { $0.activation = .relu })
    }
}
