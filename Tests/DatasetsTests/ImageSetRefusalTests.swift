import TestSupport
import Datasets
import Safetensors
import Testing
import Vocabulary

/// A file without a usable image set, and the expected error.
struct Refusal: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let tensors: [SafetensorsTensor]
    let code: DatasetError.Code
    let words: [String]

    init(_ description: String, _ tensors: [SafetensorsTensor], _ code: DatasetError.Code, _ words: String...)
    {
        testDescription = description
        self.tensors = tensors
        self.code = code
        self.words = words
    }

    static func images(_ shape: [Int]) -> SafetensorsTensor {
        SafetensorsTensor(
            name: "images", type: .uint8, shape: shape, bytes: Array(repeating: 9, count: shape.reduce(1, *)))
    }

    static let all: [Refusal] = [
        Refusal(
            "no images", [SafetensorsTensor(name: "image", shape: [1], floats: [0])], .unreadable, "'images'",
            "'image'"),
        Refusal("empty", [images([0, 1, 28, 28])], .empty, "[0, 1, 28, 28]", "one image"),
        Refusal("no pixels", [images([3, 1, 0, 28])], .wrongShape, "0 × 28", "1 to 4096"),
        Refusal("rank 2", [images([4, 4])], .wrongShape, "[4, 4]", "[count, height, width]"),
        Refusal("rank 5", [images([1, 1, 1, 2, 2])], .wrongShape, "[1, 1, 1, 2, 2]"),
        Refusal("no channels", [images([2, 8, 8, 8])], .wrongShape, "[2, 8, 8, 8]", "1 to 4"),
        Refusal("too wide", [images([1, 1, 1, 4097])], .wrongShape, "1 × 4097"),
        Refusal(
            "integers", [SafetensorsTensor(name: "images", shape: [1, 1, 1], integers: [5])], .wrongType,
            "I64",
            "U8"),
        Refusal(
            "too few labels",
            [images([2, 2, 2]), SafetensorsTensor(name: "labels", shape: [1], integers: [0])],
            .wrongShape, "'labels'", "[1]", "[2]"),
        Refusal(
            "labels in a column",
            [images([2, 2, 2]), SafetensorsTensor(name: "labels", shape: [2, 1], integers: [0, 1])],
            .wrongShape, "[2, 1]"),
        Refusal(
            "labels of floats",
            [images([2, 2, 2]), SafetensorsTensor(name: "labels", shape: [2], floats: [0, 1])],
            .unreadable, "'labels'", "F32"),
        Refusal(
            "negative label",
            [images([2, 2, 2]), SafetensorsTensor(name: "labels", shape: [2], integers: [0, -1])],
            .badLabel, "image 1", "-1"),
    ]
}

@Suite("Image set refusals")
struct ImageSetRefusalTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(
        "a file without usable images is refused with file, tensor and the accepted form",
        arguments: Refusal.all)
    func refusedFile(refusal: Refusal) throws {
        let path = folder.path + "/set.safetensors"
        try writeSafetensors(refusal.tensors, to: path)
        let error = try #require(throws: DatasetError.self) { try ImageSet(path: path) }
        #expect(error.code == refusal.code)
        #expect(error.file == path)
        let sentence = error.description
        for word in [path] + refusal.words {
            #expect(sentence.contains(word), "'\(sentence)' lacks '\(word)'")
        }
        #expect(!sentence.contains("\n"))
    }

    @Test("a missing file is named, with the accepted kinds")
    func missing() throws {
        let error = try #require(throws: DatasetError.self) { try ImageSet(path: folder.path + "/none") }
        #expect(error.code == .missing && error.description.contains("folder of images"))
    }

    @Test(
        "gray images without a channel axis and labels of any whole type are read", arguments: [true, false])
    func accepted(wide: Bool) throws {
        let labels =
            wide
            ? SafetensorsTensor(name: "labels", shape: [2], integers: [3, 1])
            : SafetensorsTensor(name: "labels", type: .uint8, shape: [2], bytes: [3, 1])
        try writeSafetensors([Refusal.images([2, 5, 4]), labels], to: folder.path + "/set")
        let set = try ImageSet(path: folder.path + "/set")
        #expect(set.count == 2)
        #expect(set.labels == [3, 1])
        #expect(try set.labels(classes: 4, names: nil) == [3, 1])
        let error = try #require(throws: DatasetError.self) { try set.labels(classes: 3, names: nil) }
        #expect(error.code == .badLabel && error.description.contains("image 0 is 3"))
    }

    @Test("a set in memory is refused where its size, its labels or the pipeline do not fit")
    func misuse() throws {
        let set = try ImageSet(channels: 1, height: 2, width: 2, pixels: [1, 2, 3, 4])
        func pipeline(_ channels: Int, _ height: Int) throws -> PreprocessingPipeline {
            try PreprocessingPipeline(
                resize: .none, interpolation: .bicubic, height: height, width: 2,
                normalisation: try Normalisation(
                    mean: Array(repeating: 0, count: channels),
                    standardDeviation: Array(repeating: 1, count: channels)))
        }
        #expect(throws: DatasetError.self) { try set.labels(classes: 10, names: nil) }
        #expect(throws: DatasetError.self) { try set.places(of: ImageChoice(count: 2, seed: 0)) }
        #expect(throws: DatasetError.self) { try set.places(of: ImageChoice(count: 0, seed: 0)) }
        #expect(throws: DatasetError.self) { try set.require(try pipeline(3, 2)) }
        #expect(throws: DatasetError.self) { try set.require(try pipeline(1, 3)) }
        try set.require(try pipeline(1, 2))
        #expect(throws: DatasetError.self) {
            try ImageSet(channels: 1, height: 2, width: 2, pixels: [1, 2, 3])
        }
        #expect(throws: DatasetError.self) { try ImageSet(channels: 1, height: 2, width: 2, pixels: []) }
    }

    @Test(
        "impossible preprocessing is refused",
        arguments: [([], []), ([0.5], []), ([0.5], [0]), ([0.5], [-1]), ([.nan], [1]), ([0.5], [.infinity])]
            as [([Float], [Float])])
    func preprocessing(mean: [Float], deviation: [Float]) throws {
        let error = try #require(throws: DatasetError.self) {
            try Normalisation(mean: mean, standardDeviation: deviation)
        }
        #expect(error.code == .badPreprocessing)
    }
}
