import Datasets
import Foundation
import Safetensors
import TensorCore
import Testing

/// Where the committed data lies.
private let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures/"

@Suite("Image set")
struct ImageSetTests {
    /// Ten gray images of 2 × 3 whose pixels tell which image they belong to.
    private func numbered(labels: [Int]? = Array(0..<10)) throws -> ImageSet {
        try ImageSet(
            channels: 1, height: 2, width: 3, pixels: (0..<60).map { UInt8($0 / 6 * 10 + $0 % 6) },
            labels: labels)
    }

    @Test("normalised pixels are PyTorch's to the bit, for every byte and each channel")
    func normalisation() throws {
        let path = fixtures + "normalised.safetensors"
        let reference = try SafetensorsFile(path: path)
        let set = try ImageSet(path: path)
        let normalisation = try Normalisation(
            mean: reference.floats("mean"), standardDeviation: reference.floats("deviation"))
        let found = try set.normalised(0..<1, with: normalisation)
        let expected = try reference.floats("normalised")
        #expect(found.rows == 1 && found.columns == 4 * 16 * 16)
        #expect(found.elements.map(\.bitPattern) == expected.map(\.bitPattern))
        #expect(set.labels == [7])
    }

    @Test("chosen rows are written where they belong, and nothing else is")
    func normaliseIntoView() throws {
        let set = try numbered()
        let plain = try Normalisation(mean: [0], standardDeviation: [1])
        let whole = Matrix(rows: 4, columns: 8)
        try set.normalise([7, 2], with: plain, into: whole.rows(1..<3).columns(1..<7))
        let blank = Array(repeating: Float(0), count: 8)
        let seventh: [Float] = [0] + (70..<76).map { Float($0) / 255 } + [0]
        let second: [Float] = [0] + (20..<26).map { Float($0) / 255 } + [0]
        #expect(whole.elements == blank + seventh + second + blank)
    }

    @Test(
        "a choice depends on the seed alone, larger choices hold smaller ones",
        arguments: [0, 1, 2406] as [UInt64])
    func selection(seed: UInt64) throws {
        let set = try ImageSet(channels: 1, height: 1, width: 1, pixels: Array(repeating: 0, count: 500))
        let small = try set.selection(of: 40, seed: seed)
        let large = try set.selection(of: 41, seed: seed)
        #expect(try set.selection(of: 40, seed: seed) == small)
        #expect(try set.selection(of: 40, seed: seed + 1) != small)
        #expect(small.count == 40 && Set(small).count == 40 && small == small.sorted())
        #expect(Set(small).isSubset(of: large))
        #expect(try set.selection(of: 500, seed: seed) == Array(0..<500))
    }

    @Test("every image is chosen about as often as the others")
    func selectionIsFair() throws {
        let set = try numbered()
        var times = Array(repeating: 0, count: set.count)
        for seed in 0..<2_000 {
            for index in try set.selection(of: 3, seed: UInt64(seed)) { times[index] += 1 }
        }
        // 600 expected each; six standard deviations of a binomial count are 123.
        #expect(times.allSatisfy { abs($0 - 600) < 123 }, "\(times)")
    }

    @Test("chosen images keep their pixels and their labels")
    func select() throws {
        let set = try numbered()
        let places = try set.selection(of: 4, seed: 3)
        let chosen = try set.select(4, seed: 3)
        #expect(chosen.labels == places)
        #expect(chosen.pixels == places.flatMap { place in (0..<6).map { UInt8(place * 10 + $0) } })
        #expect(try set.select(10, seed: 3) == set)
        #expect(try numbered(labels: nil).select(2, seed: 3).labels == nil)
    }

    @Test("the content hash tells sets apart by pixels, extents and labels")
    func contentHash() throws {
        let pixels = Array(UInt8(0)..<12)
        let sets = [
            try ImageSet(channels: 1, height: 2, width: 3, pixels: pixels),
            try ImageSet(channels: 1, height: 3, width: 2, pixels: pixels),
            try ImageSet(channels: 3, height: 2, width: 1, pixels: pixels),
            try ImageSet(channels: 1, height: 2, width: 3, pixels: pixels.reversed()),
            try ImageSet(channels: 1, height: 2, width: 3, pixels: pixels, labels: [0, 0]),
            try ImageSet(channels: 1, height: 2, width: 3, pixels: pixels, labels: [0, 1]),
        ]
        #expect(Set(sets.map { $0.contentHash() }).count == sets.count)
        #expect(sets.allSatisfy { $0.contentHash().count == 16 })
        // Computed apart from this code, in Python.
        #expect(sets[5].contentHash() == "948844907b2acf78")
    }
}
