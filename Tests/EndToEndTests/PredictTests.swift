import Foundation
import Safetensors
import Testing

@Suite("Predictions as files", .serialized)
struct PredictTests {
    private let place: Workplace

    init() throws {
        place = try Workplace()
        try place.writePhotos()
    }

    /// The content of an npz file's members, by name: shape and elements, taken apart by hand.
    private func arrays(_ name: String) throws -> [String: (header: String, content: Data)] {
        let archive = try place.data(name)
        let members = try ZIPDirectory(parsing: [UInt8](archive).span).members
        return Dictionary(
            uniqueKeysWithValues: members.map { member in
                let bytes = archive[member.bytes]
                let start = bytes.startIndex
                let length = Int(bytes[start + 8]) | Int(bytes[start + 9]) << 8
                #expect((10 + length).isMultiple(of: 64) && member.method == 0)
                return (
                    member.name,
                    (
                        String(decoding: bytes[start + 10..<start + 10 + length], as: UTF8.self),
                        Data(bytes[(start + 10 + length)...])
                    )
                )
            })
    }

    @Test("an evaluation writes the logits of the images that it is of")
    func evaluated() throws {
        _ = try place.succeed(["run"] + Workplace.job + ["--held-out", "4", "--output", "out"])
        _ = try place.succeed(["predict", "out", "--data", "photos", "--output", "p.npz"])
        _ = try place.succeed(["evaluate", "out", "--data", "photos", "--logits", "e.npz"])
        #expect(try place.data("p.npz") == place.data("e.npz"))
        // Held-out images are in no evaluation of the run's own images.
        let ending = try place.succeed(["evaluate", "out", "--logits", "own.npz", "--noise-floor"])
        #expect(ending.output.contains("noise floor KL "))
        let indices = words(try #require(try arrays("own.npz")["indices.npy"]).content, as: Int64.self)
        #expect(indices == (0..<20).filter { !$0.isMultiple(of: 5) })
        let refused = try place.run(["evaluate", "out", "--logits", "own.txt"])
        #expect(refused.status == 64 && refused.errors.contains("--logits cannot be “own.txt”"))
        #expect(try !place.contents().contains("own.txt"))
    }

    private func words<Word>(_ data: Data, as type: Word.Type) -> [Word] {
        unsafe data.withUnsafeBytes { unsafe Array($0.bindMemory(to: type)) }
    }

    @Test(
        "every kind of model writes logits, predictions, labels and paths",
        arguments: ["model", "model/model.safetensors", "out", "out.packed"])
    func npz(model: String) throws {
        if model.hasPrefix("out") {
            _ = try place.succeed(["run"] + Workplace.job + ["--output", "out"])
            _ = try place.succeed(["export", "out", "--format", "packed", "--output", "out.packed"])
        }
        let ending = try place.succeed(["predict", model, "--data", "photos", "--output", "p.npz"])
        #expect(ending.output == "wrote 12 × 3 logits to p.npz\n")
        let found = try arrays("p.npz")
        #expect(
            found.keys.sorted() == [
                "indices.npy", "labels.npy", "logits.npy", "paths.npy", "predictions.npy",
            ])
        let (logits, predictions) = (
            try #require(found["logits.npy"]), try #require(found["predictions.npy"])
        )
        #expect(logits.header.hasPrefix("{'descr': '<f4', 'fortran_order': False, 'shape': (12, 3), }"))
        #expect(predictions.header.hasPrefix("{'descr': '<i8', 'fortran_order': False, 'shape': (12,), }"))
        let values = words(logits.content, as: Float.self)
        let chosen = words(predictions.content, as: Int64.self)
        #expect(Set(values).count > 12)
        for (image, choice) in chosen.enumerated() {
            #expect(values[3 * image + Int(choice)] == values[3 * image..<3 * image + 3].max())
        }
        let labels = words(try #require(found["labels.npy"]).content, as: Int64.self)
        #expect(labels == Array(repeating: 0, count: 4) + Array(repeating: 1, count: 4) + [2, 2, 2, 2])
        let paths = try #require(found["paths.npy"])
        #expect(paths.header.hasPrefix("{'descr': '<U10', 'fortran_order': False, 'shape': (12,), }"))
        let first = String(
            String.UnicodeScalarView(
                words(paths.content, as: UInt32.self).prefix(10).filter { $0 != 0 }.compactMap(
                    Unicode.Scalar.init)))
        #expect(first == "ant/0.jpg")

        // The same figures as an evaluation of the same images.
        let evaluation = try jsonObject(
            try place.succeed(["evaluate", model, "--data", "photos", "--json"]).output)
        let right = zip(chosen, labels).count { $0 == $1 }
        #expect(evaluation["top1"] as? Double == 100 * Double(right) / 12)
    }

    @Test("csv has the same numbers, and says which images were left out")
    func csv() throws {
        try place.write("no image", to: "photos/bee/1.jpg")
        let ending = try place.succeed([
            "predict", "model", "--data", "photos", "--output", "p.CSV", "--on-bad-image", "skip",
        ])
        #expect(ending.errors.contains("warning: left out: photos/bee/1.jpg"))
        _ = try place.succeed([
            "predict", "model", "--data", "photos", "--output", "p.npz", "--on-bad-image", "skip",
        ])
        let lines = try place.text("p.CSV").split(separator: "\n").map { $0.split(separator: ",") }
        #expect(lines[0] == ["index", "path", "label", "prediction", "logit_0", "logit_1", "logit_2"])
        #expect(lines.count == 12)
        let numbers = lines.dropFirst().flatMap { $0.dropFirst(4).compactMap { Float($0) } }
        #expect(numbers == words(try #require(try arrays("p.npz")["logits.npy"]).content, as: Float.self))
        #expect(lines.dropFirst().map { $0[0] } == (0..<12).filter { $0 != 4 }.map { "\($0)" })
    }

    @Test("NumPy reads the archive without pickle", .enabled(if: numpyPython != nil, "no python with numpy"))
    func numpy() throws {
        _ = try place.succeed(["predict", "model", "--data", "photos", "--output", "p.npz"])
        _ = try place.succeed([
            "predict", "model", "--data", "evaluation.safetensors", "--output", "arrays.npz",
        ])
        let script = """
            import numpy
            a = numpy.load("p.npz", allow_pickle=False)
            assert a["logits"].dtype == numpy.float32 and a["logits"].shape == (12, 3)
            assert (a["logits"].argmax(1) == a["predictions"]).all()
            assert a["paths"][5] == "bee/" + a["paths"][5][4:] and a["labels"].tolist()[5] == 1
            b = numpy.load("arrays.npz", allow_pickle=False)
            assert "paths" not in b and b["labels"].shape == (20,)
            """
        let process = Process()
        process.executableURL = URL(filePath: try #require(numpyPython))
        process.arguments = ["-c", script]
        process.currentDirectoryURL = URL(filePath: place.path)
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test(
        "an output that cannot be made ends the command before the work",
        arguments: [("p.txt", Int32(64)), ("missing/p.npz", 73), ("photos", 64)])
    func refused(output: String, code: Int32) throws {
        let before = try place.contents()
        let ending = try place.run(["predict", "model", "--data", "photos", "--output", output])
        #expect(ending.status == code, "\(ending.errors)")
        #expect(ending.errors.split(separator: "\n").count == 1)
        #expect(try place.contents() == before)
    }

    @Test("integers give the predictions of floats, and are refused for a model in full precision")
    func integers() throws {
        _ = try place.succeed(
            ["run"] + Workplace.job + [
                "--preset", "calibrate", "--target", "onnxruntime-cpu", "--output", "out",
            ])
        _ = try place.succeed(["predict", "out", "--data", "photos", "--output", "floats.npz"])
        _ = try place.succeed(["predict", "out", "--data", "photos", "--integer", "--output", "integers.npz"])
        let logits = try ["floats.npz", "integers.npz"].map { name in
            words(try #require(try arrays(name)["logits.npy"]).content, as: Float.self)
        }
        #expect(logits[0] != logits[1])
        let largest = zip(logits[0], logits[1]).map { abs($0 - $1) }.max() ?? 0
        #expect(largest < 0.1)
        let evaluated = try place.succeed(["evaluate", "out", "--integer"])
        #expect(evaluated.errors.contains("note: 9 of 10 linear layers multiply codes as integers"))
        let refused = try place.run(["evaluate", "model", "--data", "photos", "--integer"])
        #expect(refused.status == 64)
        #expect(
            refused.errors.contains("is in full precision; --integer takes a run or a packed checkpoint"))
    }
}

/// A python that has numpy: the one that `MGRQ_TEST_PYTHON` names, or the path's.
private let numpyPython: String? = {
    let named = ProcessInfo.processInfo.environment["MGRQ_TEST_PYTHON"].map { [$0] } ?? []
    return (named + ["/usr/bin/python3"]).first { python in
        let process = Process()
        process.executableURL = URL(filePath: python)
        process.arguments = ["-c", "import numpy"]
        process.standardError = FileHandle.nullDevice
        return (try? process.run()).map { _ in
            process.waitUntilExit()
            return process.terminationStatus == 0
        } ?? false
    }
}()
