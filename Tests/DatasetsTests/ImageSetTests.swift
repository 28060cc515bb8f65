import Datasets
import Safetensors
import TensorCore
import Testing
import Vocabulary

@Suite("Image set")
struct ImageSetTests {
    /// Ten gray images of 2 × 3 whose pixels tell which image they belong to.
    private func numbered(labels: [Int]? = Array(0..<10)) throws -> ImageSet {
        try ImageSet(
            channels: 1, height: 2, width: 3, pixels: (0..<60).map { UInt8($0 / 6 * 10 + $0 % 6) },
            labels: labels)
    }

    private func pipeline(
        channels: Int, height: Int, width: Int, mean: [Float]? = nil, deviation: [Float]? = nil
    ) throws -> PreprocessingPipeline {
        try PreprocessingPipeline(
            resize: .none, interpolation: .bicubic, height: height, width: width,
            normalisation: try Normalisation(
                mean: mean ?? Array(repeating: 0, count: channels),
                standardDeviation: deviation ?? Array(repeating: 1, count: channels)))
    }

    @Test("normalised pixels equal PyTorch's bit for bit, for every byte and channel")
    func normalisation() throws {
        let path = fixtures + "normalised.safetensors"
        let reference = try SafetensorsFile(path: path)
        let set = try ImageSet(path: path)
        let pipeline = try pipeline(
            channels: 4, height: 16, width: 16, mean: try reference.floats("mean"),
            deviation: try reference.floats("deviation"))
        let found = try withPool { pool in
            try PreparedImages(set, choice: .all, pipeline: pipeline, reading: ImageOptions(), pool: pool)
        }
        let expected = try reference.floats("normalised")
        #expect(found.images.elements.map(\.bitPattern) == expected.map(\.bitPattern))
        #expect(set.labels == [7])
    }

    @Test(
        "a sample depends on the seed alone, and larger samples begin with smaller ones",
        arguments: [0, 1, 2406] as [UInt64])
    func selection(seed: UInt64) throws {
        let set = try ImageSet(channels: 1, height: 1, width: 1, pixels: Array(repeating: 0, count: 500))
        func places(_ count: Int, _ seed: UInt64) throws -> [Int] {
            try set.places(of: ImageChoice(count: count, seed: seed))
        }
        let small = try places(40, seed)
        #expect(try places(40, seed) == small)
        #expect(try places(40, seed + 1) != small)
        #expect(small.count == 40 && Set(small).count == 40)
        let all = try places(500, seed)
        #expect(Array(all.prefix(40)) == small)
        #expect(all.sorted() == Array(0..<500))
    }

    @Test("every image is drawn about equally often")
    func selectionIsFair() throws {
        let set = try numbered()
        var times = Array(repeating: 0, count: set.count)
        for seed in 0..<2_000 {
            for index in try set.places(of: ImageChoice(count: 3, seed: UInt64(seed))) { times[index] += 1 }
        }
        // 600 expected each; six standard deviations of a binomial count are 123.
        #expect(times.allSatisfy { abs($0 - 600) < 123 }, "\(times)")
    }

    @Test(
        "a balanced sample takes equally many images of each class, where there are enough",
        arguments: [(3, [1, 1, 1]), (6, [2, 2, 2]), (7, [2, 2, 3]), (20, [2, 8, 10]), (40, [2, 8, 30])]
            as [(Int, [Int])])
    func balanced(count: Int, expected: [Int]) throws {
        let labels = Array(repeating: 0, count: 30) + Array(repeating: 1, count: 8) + [2, 2]
        let set = try ImageSet(
            channels: 1, height: 1, width: 1, pixels: Array(repeating: 0, count: 40), labels: labels)
        let places = try set.places(of: ImageChoice(count: count, rule: .balanced, seed: 4))
        let counts = (0..<3).map { label in places.count { labels[$0] == label } }
        #expect(counts.sorted() == expected)
        let fewer = try set.places(of: ImageChoice(count: count - 1, rule: .balanced, seed: 4))
        #expect(Set(fewer).isSubset(of: places))
        let unlabelled = try ImageSet(channels: 1, height: 1, width: 1, pixels: [1, 2, 3])
        #expect(throws: DatasetError.self) {
            try unlabelled.places(of: ImageChoice(count: 2, rule: .balanced, seed: 1))
        }
    }

    @Test("drawn images keep their pixels and their labels")
    func select() throws {
        let set = try numbered()
        let choice = ImageChoice(count: 4, seed: 3)
        let places = try set.places(of: choice)
        let chosen = try withPool { pool in
            try PreparedImages(
                set, choice: choice, pipeline: try pipeline(channels: 1, height: 2, width: 3),
                reading: ImageOptions(), pool: pool)
        }
        #expect(chosen.indices == places)
        let expected: [Float] = places.flatMap { (place: Int) -> [Float] in
            (0..<6).map { (pixel: Int) -> Float in Float(place * 10 + pixel) / 255 }
        }
        #expect(chosen.images.elements == expected)
        #expect(chosen.manifest.images.map(\.label) == places)
        #expect(chosen.manifest.available == 10 && chosen.manifest.choice == choice)
    }

    @Test(
        "batches equal the whole set, whatever their size and the number of threads",
        arguments: [1, 3, 10, 64])
    func batches(size: Int) throws {
        let set = try numbered()
        let pipeline = try pipeline(channels: 1, height: 2, width: 3)
        var seen: [Int] = []
        var values: [Float] = []
        try withPool(threads: size % 3 + 1) { pool in
            try set.forEachBatch(of: [7, 2, 2, 9, 0], size: size, pipeline: pipeline, pool: pool) { batch in
                #expect(batch.images.rows == batch.indices.count && batch.indices.count <= size)
                seen += batch.indices
                values += batch.images.elements
            }
        }
        #expect(seen == [7, 2, 2, 9, 0])
        let expected: [Float] = seen.flatMap { (place: Int) -> [Float] in
            (0..<6).map { (pixel: Int) -> Float in Float(place * 10 + pixel) / 255 }
        }
        #expect(values == expected)
    }
}
