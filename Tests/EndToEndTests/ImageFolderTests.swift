import Foundation
import Testing

@Suite("Folders of images from the command line", .serialized)
struct ImageFolderTests {
    private let place: Workplace

    init() throws {
        place = try Workplace()
        try place.writePhotos()
    }

    private static let job = [
        "--model", "model", "--calibration", "photos", "--evaluation", "photos", "--steps", "4", "--batch",
        "4",
        "--set", "calibration_images=6",
    ]

    @Test("a run uses a folder and writes down which images it used")
    func run() throws {
        var manifests: [Data] = []
        for threads in ["1", "3"] {
            let output = "out\(threads)"
            let ending = try place.run(["run"] + Self.job + ["--threads", threads, "--output", output])
            #expect(ending.status == 0, "\(ending.errors)")
            manifests.append(try place.data("\(output)/images.json"))
        }
        #expect(manifests[0] == manifests[1])
        let manifest = try jsonObject(manifests[0])
        let calibration = try #require(manifest["calibration"] as? [String: Any])
        let images = try #require(calibration["images"] as? [[String: Any]])
        #expect(images.count == 6 && images.allSatisfy { ($0["sha256"] as? String)?.count == 64 })
        #expect(calibration["source"] as? String == place.file("photos"))
        #expect(calibration["available"] as? Int == 12)
        let evaluation = try #require(manifest["evaluation"] as? [String: Any])
        #expect((evaluation["images"] as? [Any])?.count == 12)
        #expect(evaluation["class_names"] as? [String] == ["ant", "bee", "cow"])
    }

    @Test(
        "a bad image ends the command and is named, or is left out with a warning",
        arguments: ["evaluate", "run"])
    func badImage(verb: String) throws {
        try place.write("no image", to: "photos/bee/1.jpg")
        let arguments =
            verb == "run"
            ? ["run"] + Self.job + ["--output", "out"] : ["evaluate", "model", "--data", "photos"]
        let refused = try place.run(arguments)
        #expect(refused.status == 65 && refused.output.isEmpty)
        #expect(refused.errors.contains("photos/bee/1.jpg: the content is not an image"), "\(refused.errors)")
        #expect(try !place.contents().contains("out"))
        let left = try place.run(arguments + ["--on-bad-image", "skip"])
        #expect(left.status == 0, "\(left.errors)")
        #expect(left.errors.contains(/left out: .*photos\/bee\/1.jpg/), "\(left.errors)")
        #expect(left.output.contains("11 images"), "\(left.output)")
    }

    @Test("an evaluation image that is another one in the middle of a run ends it, and is named")
    func changed() async throws {
        let job = [
            "run", "--model", "model", "--calibration", "calibration.safetensors", "--evaluation", "photos",
            "--batch", "4", "--steps", "20000", "--json", "--output", "out",
        ]
        let work = try place.start(job)
        try await work.waitForOutput(#""event":"stepped""#)
        try place.data("photos/cow/2.jpg").write(to: URL(filePath: place.file("photos/ant/3.jpg")))
        kill(work.process.processIdentifier, SIGKILL)
        #expect(try work.end().wasKilled)
        let ending = try place.run(["resume", "out"])
        #expect(ending.status == 65)
        #expect(
            ending.errors.contains("of the evaluation images, \(place.file("photos/ant/3.jpg")) has changed"),
            "\(ending.errors)")

        let other = try place.start(job.dropLast() + ["again"])
        try await other.waitForOutput(#""event":"stepped""#)
        try place.data("photos/bee/1.jpg").write(to: URL(filePath: place.file("photos/ant/3.jpg")))
        let failed = try other.end()
        #expect(failed.status == 74)
        #expect(
            failed.errors.contains("photos/ant/3.jpg: the file changed while it was in use"),
            "\(failed.errors)")
    }

    @Test(
        "what cannot be used is refused in one sentence",
        arguments: [
            (["--data", "nowhere"], 66, "nowhere"), (["--data", "empty"], 65, "holds no images"),
            (["--data", "photos/ant/0.jpg"], 65, "a single JPEG image"),
            (["--data", "two"], 65, "the model has 3"),
            (["--data", "photos", "--on-bad-image", "ignore"], 64, "fail or skip"),
        ])
    func refused(flags: [String], code: Int32, words: String) throws {
        try place.write("text", to: "empty/notes.txt")
        for name in ["dog", "cat"] {
            try place.write("x", to: "two/\(name)/1.jpg")
        }
        let ending = try place.run(["evaluate", "model"] + flags)
        #expect(ending.status == code, "\(ending.errors)")
        #expect(ending.errors.contains(words), "\(ending.errors)")
        #expect(ending.output.isEmpty && ending.errors.split(separator: "\n").count == 1)
    }
}
