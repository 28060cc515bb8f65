import Datasets
import Files
import Foundation
import Safetensors
import TensorCore
import Testing
import Vocabulary
import TestSupport

@Suite("NumPy arrays")
struct NumPyTests {
    private func bytes(_ name: String) throws -> [UInt8] {
        try SafetensorsFile(path: fixtures + "numpy.safetensors").bytes(name)
    }

    private func pipeline(channels: Int) throws -> PreprocessingPipeline {
        try PreprocessingPipeline(
            resize: .none, interpolation: .bicubic, height: 5, width: 6,
            normalisation: try Normalisation(
                mean: Array(repeating: 0, count: channels),
                standardDeviation: Array(repeating: 1 / 255, count: channels)))
    }

    private func values(_ set: ImageSet, channels: Int = 2) throws -> [Float] {
        try withPool { pool in
            try PreparedImages(
                set, choice: .all, pipeline: try pipeline(channels: channels), reading: ImageOptions(),
                pool: pool
            ).images.elements
        }
    }

    private static let expected: [Float] = (0..<6).flatMap { (plane: Int) -> [Float] in
        // Two planes an image: 60 n + 30 c.
        (0..<30).map { (pixel: Int) -> Float in Float(30 * plane + pixel) }
    }

    @Test(
        "every layout, order and version holds the same bytes",
        arguments: [
            ("bytes.npy", false), ("bytes-2.npy", false), ("bytes-3.npy", false), ("bytes-last.npy", false),
            ("bytes-fortran.npy", false), ("bytes-last-fortran.npy", false), ("stored.npz", true),
            ("deflated.npz", true), ("deflated-fortran.npz", true),
        ])
    func bytesOfAnyLayout(name: String, isLabelled: Bool) throws {
        let folder = try TemporaryFolder()
        try folder.write(try bytes(name), to: "images.anything")
        let set = try ImageSet(path: folder.path + "/images.anything")
        #expect(set.labels == (isLabelled ? [2, 0, 1] : nil))
        let found = try values(set)
        // x / 255 · 255 need not be x to the last bit.
        #expect(zip(found, Self.expected).allSatisfy { abs($0 - $1) < 1e-4 } && found.count == 180)
    }

    @Test(
        "floats are used as they are",
        arguments: [
            "float16.npy", "float32.npy", "float32-last.npy", "float64.npy", "unlabelled.npz",
        ])
    func floats(name: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(try bytes(name), to: name)
        let set = try ImageSet(path: folder.path + "/" + name)
        #expect(set.labels == nil)
        #expect(try values(set) == Self.expected.map { $0 / 8 })
    }

    @Test("gray images need no channel axis")
    func gray() throws {
        let folder = try TemporaryFolder()
        try folder.write(try bytes("gray.npy"), to: "gray.npy")
        let set = try ImageSet(path: folder.path + "/gray.npy")
        #expect(try values(set, channels: 1).count == 90)
        let error = try #require(throws: DatasetError.self) { try values(set, channels: 2) }
        #expect(error.code == .wrongModel && error.description.contains("1 × 5 × 6"))
    }

    @Test(
        "an array file that cannot be used is refused in one sentence",
        arguments: [
            ("bad-object.npy", DatasetError.Code.wrongType, "never loaded"),
            ("bad-big-endian.npy", .wrongType, "big-endian"),
            ("bad-records.npy", .malformed, "dictionary"), ("bad-complex.npy", .wrongType, "<c8"),
            ("bad-integers.npy", .wrongType, "|u1"), ("bad-rank.npy", .wrongShape, "[5, 6]"),
            ("bad-empty.npy", .empty, "[0, 2, 5, 6]"), ("bad-names.npz", .missing, "“arr_0”, “pictures”"),
            ("bad-labels-count.npz", .wrongShape, "[2]"), ("bad-labels-float.npz", .wrongType, "floats"),
            ("bad-labels-negative.npz", .badLabel, "-2"), ("bad-labels-huge.npz", .badLabel, "-1"),
            ("bad-method.npz", .malformed, "method 12"),
        ])
    func refused(name: String, code: DatasetError.Code, words: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(try bytes(name), to: name)
        let error = try #require(throws: DatasetError.self) { try ImageSet(path: folder.path + "/" + name) }
        #expect(error.code == code, "\(error)")
        #expect(
            error.description.hasPrefix(folder.path + "/" + name) && error.description.contains(words),
            "\(error)")
    }

    @Test("a number that is not finite is found when its image is read")
    func notFinite() throws {
        let folder = try TemporaryFolder()
        try folder.write(try bytes("bad-nan.npy"), to: "a.npy")
        let set = try ImageSet(path: folder.path + "/a.npy")
        let error = try #require(throws: DatasetError.self) { try values(set) }
        #expect(error.code == .badFloat && error.description.contains("image 1"))
        try withPool { pool in
            let rest = try PreparedImages(
                set, choice: .all, pipeline: try pipeline(channels: 2),
                reading: ImageOptions(onBadImage: .skip),
                pool: pool)
            #expect(rest.indices == [0, 2] && rest.manifest.skipped.map(\.index) == [1])
            #expect(rest.manifest.sha256 == sha256(try bytes("bad-nan.npy")))
        }
    }

    @Test(
        "every file that is cut short is refused",
        arguments: [
            "bytes.npy", "stored.npz", "deflated.npz",
        ])
    func cutShort(name: String) throws {
        let whole = try bytes(name)
        let folder = try TemporaryFolder()
        for length in stride(from: 12, to: whole.count, by: 7) {
            try folder.write(Array(whole.prefix(length)), to: name)
            #expect(throws: DatasetError.self, "\(length) of \(whole.count) bytes") {
                try ImageSet(path: folder.path + "/" + name)
            }
        }
    }

    @Test(
        "headers with a wrong shape are refused",
        arguments: [
            "(3, 2, 5, 7)", "(9223372036854775807, 2, 5, 6)", "(4294967296, 4294967296, 4, 5)",
            "(-3, 2, 5, 6)",
            "(3, 2, 5, 6", "3", "(3, 2, 5, 6) + (1,)", "(99999999999999999999, 1)", "(3.0, 2, 5, 6)",
        ])
    func lyingHeader(shape: String) throws {
        let whole = try bytes("bytes.npy")
        let text = "{'descr': '|u1', 'fortran_order': False, 'shape': \(shape), }"
        let padded = Array(text.utf8) + Array(repeating: 0x20, count: 117 - text.utf8.count) + [0x0A]
        let folder = try TemporaryFolder()
        try folder.write(Array(whole[..<8]) + [118, 0] + padded + Array(whole.suffix(180)), to: "a.npy")
        let error = try #require(throws: DatasetError.self) { try ImageSet(path: folder.path + "/a.npy") }
        #expect(error.code == .malformed, "\(error)")
    }
}
