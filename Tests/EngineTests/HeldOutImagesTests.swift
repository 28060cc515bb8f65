import Checkpoints
import Datasets
import Foundation
import Runs
import Safetensors
import TensorCore
import Vocabulary
import TestSupport
import Testing

@testable import Engine

@Suite("Held-out images")
struct HeldOutImagesTests {
    private let bench: Bench

    init() throws {
        bench = try Bench()
    }

    /// Writes image fixtures into class folders, cycling through the fixtures, and makes them the calibration images of
    /// a run without evaluation images.
    private func makeFolder(
        classes: Int, images: Int, of fixtures: (String) -> Bool
    ) throws -> RunResources {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = try SafetensorsFile(path: tests.path + "/DatasetsTests/Fixtures/images.safetensors")
        let names = file.names.filter(fixtures).sorted()
        for label in 0..<classes {
            let folder = bench.folder.file("photos/class-\(label)")
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for image in 0..<images {
                let name = names[(label * images + image) % names.count]
                try Data(file.bytes(name)).write(to: URL(filePath: "\(folder)/\(image)-\(name)"))
            }
        }
        var resources = bench.resources
        (resources.calibrationPath, resources.evaluationPath) = (bench.folder.file("photos"), nil)
        return resources
    }

    private func inputs(
        _ resources: RunResources, calibrationImages: Int, heldOut: Int, orientation: Bool = false
    ) throws -> RunInputs {
        var plan = try bench.plan()
        plan.calibrationImages = calibrationImages
        plan.images.appliesExifOrientation = orientation
        let pool = WorkerPool(threads: 2)
        defer { pool.shutDown() }
        return try RunInputs(plan: plan, resources: resources, heldOutImages: heldOut, pool: pool)
    }

    @Test("without an evaluation set they come evenly from all class folders")
    func classes() throws {
        let resources = try makeFolder(classes: 5, images: 8) { $0.hasPrefix("photo-1") }
        let inputs = try inputs(resources, calibrationImages: 4, heldOut: 10)
        let heldOut = try #require(inputs.heldOut)
        let labels = try #require(try ImageSet(path: resources.calibrationPath).labels)
        #expect(heldOut.rows.count == 10 && heldOut.images.rows == 10)
        #expect(heldOut.rows == heldOut.rows.sorted())
        for label in 0..<5 {
            let count = heldOut.rows.count { labels[$0] == label }
            #expect((1...3).contains(count), "\(count) of class \(label) in \(heldOut.rows)")
        }
    }

    @Test("without an evaluation set they are turned as the plan says", arguments: [false, true])
    func orientation(isApplied: Bool) throws {
        let resources = try makeFolder(classes: 2, images: 6) { $0.hasPrefix("oriented-6") }
        let inputs = try inputs(resources, calibrationImages: 2, heldOut: 10, orientation: isApplied)
        let heldOut = try #require(inputs.heldOut)
        let set = try ImageSet(path: resources.calibrationPath)
        let pool = WorkerPool(threads: 2)
        defer { pool.shutDown() }
        var expected: [[Float]] = []
        try set.forEachBatch(
            of: heldOut.rows, pipeline: try PreprocessingPipeline(inputs.checkpoint.preparation),
            reading: ImageOptions(appliesExifOrientation: isApplied), pool: pool
        ) { batch in
            expected += (0..<batch.images.rows).map { batch.images.rows($0..<$0 + 1).elements }
        }
        let found = (0..<heldOut.images.rows).map { heldOut.images.rows($0..<$0 + 1).elements }
        let isSame = found == expected
        #expect(isSame)
    }

    @Test("they come from the larger source, and a run that goes on with their number gets the same ones")
    func choice() {
        #expect(HeldOutSource.choice(256, unused: 0, evaluation: 1000) == (.evaluation, 250))
        #expect(HeldOutSource.choice(256, unused: 5000, evaluation: 1000) == (.calibration, 256))
        #expect(HeldOutSource.choice(256, unused: 0, evaluation: 0).count == 0)
        #expect(HeldOutSource.choice(0, unused: 9, evaluation: 9).count == 0)
        for wanted in [1, 7, 100, 256, 5000] {
            for unused in [0, 1, 60, 250, 251, 256, 3000] {
                for evaluation in [0, 3, 4, 240, 1000, 1024, 50_000] {
                    let first = HeldOutSource.choice(wanted, unused: unused, evaluation: evaluation)
                    let second = HeldOutSource.choice(first.count, unused: unused, evaluation: evaluation)
                    #expect(
                        first.count == 0 || first == second,
                        "\(wanted) of \(unused) and \(evaluation)")
                    #expect(first.count <= max(unused, evaluation / 4))
                }
            }
        }
    }

    @Test(
        "calibration images that are not calibrated with are taken before evaluation images, with their labels"
    )
    func unused() throws {
        var resources = try makeFolder(classes: 6, images: 4) { $0.hasPrefix("photo-1") }
        resources.evaluationPath = bench.resources.evaluationPath
        let inputs = try inputs(resources, calibrationImages: 4, heldOut: 12)
        #expect(inputs.heldOut?.source == .calibration && inputs.heldOut?.rows.count == 12)
        #expect(inputs.evaluation?.count == 40)
        let labels = try #require(inputs.heldOut?.labels)
        #expect(Set(labels).count > 1)
        #expect(inputs.manifest.heldOut?.images == inputs.heldOut?.rows)
    }

    @Test("an unusable image gives its place to another one")
    func unusable() throws {
        let resources = try makeFolder(classes: 2, images: 8) { $0.hasPrefix("photo-1") }
        let whole = try inputs(resources, calibrationImages: 4, heldOut: 6)
        let lost = try #require(whole.heldOut?.rows.first)
        let folder = bench.folder.file("photos")
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder).filter {
            $0.hasSuffix(".jpg")
        }
        try Data("no image".utf8).write(to: URL(filePath: "\(folder)/\(paths.sorted()[lost])"))
        let damaged = try inputs(resources, calibrationImages: 4, heldOut: 6)
        let rows = try #require(damaged.heldOut?.rows)
        #expect(rows.count == 6 && !rows.contains(lost) && rows == rows.sorted())
    }
}
