import Datasets
import Files
import Foundation
import TensorCore
import Testing
import Vocabulary
import TestSupport

@Suite("Folders of images")
struct FolderTests {
    private static let photo = "colour-420.jpg"

    private func pipeline(channels: Int = 3) throws -> PreprocessingPipeline {
        try .timm(
            height: 16, width: 16, cropFraction: 0.9, cropMode: .center, interpolation: .bicubic,
            normalisation: try Normalisation(
                mean: Array(repeating: 0.5, count: channels),
                standardDeviation: Array(repeating: 0.5, count: channels)))
    }

    @Test("class folders are numbered in sorted order, files listed in torchvision's")
    func classes() throws {
        let folder = try TemporaryFolder()
        for path in [
            "dog/b.jpg", "dog/a.PNG", "Cat/x/2.webp", "Cat/x-1/3.jpg", "Cat/1.jpg", "zebra/photo",
            ".hidden/1.jpg",
        ] {
            try folder.place(Self.photo, at: path)
        }
        try folder.write("no image", to: "dog/notes.txt")
        try folder.write("no image", to: "README.md")
        let set = try ImageSet(path: folder.path)
        // The order of bytes: capitals first, folder by folder; a name without an ending counts by its content.
        #expect(
            (0..<set.count).map { set.path(of: $0) } == [
                "Cat/1.jpg", "Cat/x/2.webp", "Cat/x-1/3.jpg", "dog/a.PNG", "dog/b.jpg", "zebra/photo",
            ])
        #expect(set.classNames == ["Cat", "dog", "zebra"])
        #expect(set.labels == [0, 0, 0, 1, 1, 2])
        #expect(try set.labels(classes: 3, names: nil) == [0, 0, 0, 1, 1, 2])
        #expect(try set.labels(classes: 3, names: ["a", "b", "c"]) == [0, 0, 0, 1, 1, 2])
        #expect(try set.labels(classes: 4, names: ["zebra", "dog", "horse", "Cat"]) == [3, 3, 3, 1, 1, 0])
        let wrong: [(Int, [String]?, [String])] = [
            (4, nil, ["3 classes", "the model has 4"]),
            (2, ["a", "b"], ["3 classes", "the model has 2", "“a”"]),
            (3, ["Cat", "dog", "zbra"], ["no classes “zebra”", "“zbra”"]),
        ]
        for (classes, names, words) in wrong {
            let error = try #require(throws: DatasetError.self) {
                try set.labels(classes: classes, names: names)
            }
            #expect(error.code == .wrongClasses)
            for word in words { #expect(error.description.contains(word), "\(error)") }
        }
    }

    @Test("a flat folder has no labels")
    func flat() throws {
        let folder = try TemporaryFolder()
        try folder.place(Self.photo, at: "b.jpg")
        try folder.place("rgb-8.png", at: "a")
        let set = try ImageSet(path: folder.path)
        #expect(set.count == 2 && set.labels == nil && set.path(of: 0) == "a")
        let error = try #require(throws: DatasetError.self) { try set.labels(classes: 2, names: nil) }
        #expect(error.code == .noLabels)
    }

    @Test(
        "a file of labels names images and their classes, by number or by name",
        arguments: [
            ("labels.csv", "path,label\n\"b, too.jpg\",1\na.jpg,0\n\n", nil),
            ("labels.txt", "b, too.jpg 1\na.jpg\t0\r\n", nil),
            ("labels.json", "{\"b, too.jpg\": 1, \"a.jpg\": 0}", nil),
            (
                "labels.csv", "\"b, too.jpg\",\"tench, \"\"Tinca\"\"\"\na.jpg,dog",
                ["dog", "tench, \"Tinca\""]
            ),
            ("labels.json", "{\"b, too.jpg\": \"tench\", \"a.jpg\": \"dog\"}", ["dog", "tench"]),
            ("labels.csv", "\u{FEFF}a.jpg,0\n\"b, too.jpg\",1\n", nil),
            ("labels.csv", "\u{FEFF}File,Class\na.jpg,0\n\"b, too.jpg\",1\n", nil),
            ("labels.csv", ",filename,label,split\n0,a.jpg,0.0,x\n1,\"b, too.jpg\",1.0,y\n", nil),
            ("labels.tsv", "label\tpath\n0\ta.jpg\n1\tb, too.jpg\n", nil),
            ("labels.json", "\u{FEFF}{\"b, too.jpg\": 1.0, \"a.jpg\": 0}", nil),
            (
                "metadata.csv", "file_name,text,label\na.jpg,hello,dog\n\"b, too.jpg\",x,tench\n",
                ["dog", "tench"]
            ),
            (
                "metadata.jsonl",
                "{\"file_name\": \"a.jpg\", \"label\": 0}\n{\"file_name\": \"b, too.jpg\", \"label\": 1, \"x\": []}\n",
                nil
            ),
            ("val.txt", "a.jpg 0\nb, too.jpg 1\n", nil),
        ] as [(String, String, [String]?)])
    func labelsFile(name: String, text: String, names: [String]?) throws {
        let folder = try TemporaryFolder()
        for path in ["a.jpg", "b, too.jpg", "unnamed.jpg"] { try folder.place(Self.photo, at: path) }
        try folder.write(text, to: name)
        let set = try ImageSet(path: folder.path)
        #expect((0..<set.count).map { set.path(of: $0) } == ["a.jpg", "b, too.jpg"])
        #expect(set.labels == [0, 1] && set.classNames == names)
        #expect(
            set.notes == [
                "\(folder.path)/\(name): 1 image of the folder is not in the list and left out: “unnamed.jpg”"
            ])
        if let names { #expect(try set.labels(classes: 2, names: names.reversed()) == [1, 0]) }
    }

    @Test("images in folders and paths with a dot are found in a list, or noted as left out")
    func unlisted() throws {
        let folder = try TemporaryFolder()
        for path in ["a.jpg", "dogs/b.jpg", "dogs/c.JPEG", "cats/d.jpg"] {
            try folder.place(Self.photo, at: path)
        }
        try folder.write("x", to: "dogs/notes.txt")
        try folder.write("./a.jpg,0\ndogs/./b.jpg,1\ndogs/c.JPEG,1\ncats/d.jpg,1\n", to: "labels.csv")
        #expect(try ImageSet(path: folder.path).notes.isEmpty)
        try folder.write("a.jpg,0\ndogs/b.jpg,1\n", to: "labels.csv")
        #expect(
            try ImageSet(path: folder.path).notes == [
                "\(folder.path)/labels.csv: 2 images of the folder are not in the list and left out: “cats/d.jpg”, "
                    + "“dogs/c.JPEG”"
            ])
    }

    @Test(
        "a file of labels that cannot be used is refused with its line",
        arguments: [
            ("labels.csv", "a.jpg\n", "line 1"),
            ("labels.csv", "a.jpg,1\na.jpg,2\n", "line 2: “a.jpg” comes twice"),
            ("labels.csv", "../a.jpg,1", "below this folder"),
            ("labels.csv", "/a.jpg,1", "below this folder"),
            ("labels.csv", "", "names no image"), ("labels.csv", "\"a.jpg,1", "line 1"),
            ("labels.csv", "a.jpg,-1", "negative"), ("labels.csv", "a.jpg,", "has no label"),
            ("labels.txt", "a.jpg", "line 1"), ("labels.json", "[1]", "JSON object"),
            ("labels.json", "{\"a.jpg\": 1.5}", "no whole number"),
            ("labels.csv", "a.jpg,1.5", "line 1: the label “1.5” is no whole number"),
            (
                "labels.csv", "strange,1\na.jpg,1",
                "line 1: “strange” is neither an image of this folder nor the header"
            ),
            ("labels.csv", "a.jpg\t1", "line 1: “a.jpg\\t1” is not a path and a label"),
            ("labels.csv", "index,path,label\na.jpg,1", "line 2: “a.jpg,1” is not 3 values as in the header"),
            ("labels.json", "{\"a.jpg\": 1, \"a.jpg\": 2}", "twice"),
        ])
    func badLabelsFile(name: String, text: String, words: String) throws {
        let folder = try TemporaryFolder()
        try folder.place(Self.photo, at: "a.jpg")
        try folder.write(text, to: name)
        let error = try #require(throws: DatasetError.self) { try ImageSet(path: folder.path) }
        #expect(error.code == .badLabelsFile && error.file == folder.path + "/" + name)
        #expect(error.description.contains(words), "\(error)")
    }

    @Test(
        "a folder that is not a set of images is refused",
        arguments: [
            ("empty", DatasetError.Code.empty, "holds no images"), ("loose", .badFolder, "beside them"),
            ("gap", .badFolder, "“horse”"), ("loop", .badFolder, "leads back"),
            ("circle", .badFolder, "circle"),
            ("two", .badFolder, "labels.json"), ("single", .wrongShape, "a single JPEG image"),
        ])
    func badFolder(kind: String, code: DatasetError.Code, words: String) throws {
        let folder = try TemporaryFolder()
        let files = FileManager.default
        switch kind {
        case "empty": try folder.write("text", to: "notes.txt")
        case "loose":
            try folder.place(Self.photo, at: "dog/1.jpg")
            try folder.place(Self.photo, at: "1.jpg")
        case "gap":
            try folder.place(Self.photo, at: "dog/1.jpg")
            try folder.write("text", to: "horse/notes.txt")
        case "loop":
            try folder.place(Self.photo, at: "dog/1.jpg")
            try files.createSymbolicLink(atPath: folder.path + "/dog/again", withDestinationPath: "..")
        case "circle":
            try folder.place(Self.photo, at: "dog/1.jpg")
            try files.createSymbolicLink(atPath: folder.path + "/dog/2.jpg", withDestinationPath: "2.jpg")
        case "two":
            try folder.write("a,1", to: "labels.csv")
            try folder.write("{}", to: "labels.json")
        default: try folder.place(Self.photo, at: "1.jpg")
        }
        let path = folder.path + (kind == "single" ? "/1.jpg" : "")
        let error = try #require(throws: DatasetError.self) { try ImageSet(path: path) }
        #expect(error.code == code, "\(error)")
        #expect(error.description.hasPrefix(folder.path) && error.description.contains(words), "\(error)")
        #expect(!error.description.contains("\n"))
    }

    @Test(
        "a path that cannot be opened is refused with the system's reason",
        arguments: [
            ("links", DatasetError.Code.unreadable, "Too many levels of symbolic links"),
            ("long name", .unreadable, "File name too long"),
            ("long path", .unreadable, "File name too long"),
            ("no folder", .missing, "there is no such file or folder"),
            ("zero", .missing, "no such file or folder"),
            ("removed", .missing, "there is no such file"),
            ("replaced", .unreadable, "this is not a regular file"),
        ])
    func unreadable(kind: String, code: DatasetError.Code, words: String) throws {
        let folder = try TemporaryFolder()
        let files = FileManager.default
        try folder.place(Self.photo, at: "set/dog/1.jpg")
        var path = folder.path + "/set"
        switch kind {
        case "links":
            try files.createSymbolicLink(atPath: folder.path + "/a", withDestinationPath: "b")
            try files.createSymbolicLink(atPath: folder.path + "/b", withDestinationPath: "a")
            path = folder.path + "/a"
        case "long name": path += "/" + String(repeating: "n", count: 256)
        case "long path": try nest(in: path + "/dog")
        case "no folder": path += "/dog/1.jpg/2.jpg"
        case "zero": path += "\0"
        default: break
        }
        let error = try #require(throws: DatasetError.self) {
            let set = try ImageSet(path: path)
            if kind == "removed" { try files.removeItem(atPath: path) }
            if kind == "replaced" {
                try files.removeItem(atPath: path + "/dog/1.jpg")
                try files.createDirectory(atPath: path + "/dog/1.jpg", withIntermediateDirectories: false)
            }
            try withPool { pool in
                try set.forEachBatch(of: [0], pipeline: try pipeline(), pool: pool) { _ in }
            }
        }
        if kind == "long path" { try removeTree(folder.path + "/set") }
        #expect(error.code == code, "\(error)")
        #expect(error.description.hasPrefix(folder.path) && error.description.contains(words), "\(error)")
    }

    /// Nests folders deeper than the longest path.
    private func nest(in path: String) throws {
        let name = String(repeating: "n", count: 255)
        var descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY)
        for _ in 0..<17 {
            try #require(unsafe mkdirat(descriptor, name, 0o755) == 0)
            let next = unsafe openat(descriptor, name, O_RDONLY | O_DIRECTORY)
            try #require(next >= 0)
            close(descriptor)
            descriptor = next
        }
        close(descriptor)
    }

    /// Removes folders that are deeper than the longest path.
    private func removeTree(_ path: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/rm")
        process.arguments = ["-r", path]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test("links to folders elsewhere are followed")
    func links() throws {
        let (folder, other) = (try TemporaryFolder(), try TemporaryFolder())
        try other.place(Self.photo, at: "1.jpg")
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/dog", withDestinationPath: other.path)
        #expect(try ImageSet(path: folder.path).path(of: 0) == "dog/1.jpg")
    }

    /// Eight images, two of which cannot be used, and a missing one.
    private func damaged() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let photos = Set(try ImageCase.all().map(\.file).filter { $0.hasPrefix("photo-02") }).sorted()
        for index in 0..<8 { try folder.place(photos[index], at: "\(index).jpg") }
        try folder.write([], to: "2.jpg")
        try folder.write(Array(try fixtureFile(Self.photo).dropLast(300)), to: "5.jpg")
        try FileManager.default.removeItem(atPath: folder.path + "/6.jpg")
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/6.jpg", withDestinationPath: "nowhere")
        return folder
    }

    @Test(
        "a bad image ends the work and is named; skipped, it is reported and replaced", arguments: [1, 2, 3])
    func badImages(threads: Int) throws {
        let folder = try damaged()
        let set = try ImageSet(path: folder.path)
        #expect(set.count == 8)
        try withPool(threads: threads) { pool in
            let error = try #require(throws: DatasetError.self) {
                try PreparedImages(
                    set, choice: .all, pipeline: try pipeline(), reading: ImageOptions(), pool: pool)
            }
            #expect(error.file == folder.path + "/2.jpg" && error.description.contains("empty"))

            let reading = ImageOptions(onBadImage: .skip)
            let all = try PreparedImages(
                set, choice: .all, pipeline: try pipeline(), reading: reading, pool: pool)
            #expect(all.indices == [0, 1, 3, 4, 7])
            #expect(all.manifest.skipped.map(\.path) == ["2.jpg", "5.jpg", "6.jpg"])
            #expect(all.manifest.skipped[1].reason.contains("5.jpg: the JPEG image ends early"))
            #expect(all.manifest.skipped[2].reason.contains("no such file"))

            for seed in 0..<6 as Range<UInt64> {
                let choice = ImageChoice(count: 4, seed: seed)
                let some = try PreparedImages(
                    set, choice: choice, pipeline: try pipeline(), reading: reading, pool: pool)
                let order = try set.places(of: ImageChoice(count: 8, seed: seed))
                #expect(some.indices == Array(order.filter { ![2, 5, 6].contains($0) }.prefix(4)))
                for (row, index) in some.indices.enumerated() {
                    let place = try #require(all.indices.firstIndex(of: index))
                    #expect(
                        some.images.rows(row..<row + 1).elements
                            == all.images.rows(place..<place + 1).elements)
                }
            }
            var batched: [Int] = []
            try set.forEachBatch(
                of: Array(0..<8), size: 3, pipeline: try pipeline(), reading: reading, pool: pool
            ) { batch in
                for (row, index) in batch.indices.enumerated() {
                    let place = try #require(all.indices.firstIndex(of: index))
                    #expect(
                        batch.images.rows(row..<row + 1).elements
                            == all.images.rows(place..<place + 1).elements)
                }
                batched += batch.indices
            }
            #expect(batched == all.indices)
        }
    }

    @Test("a folder without a usable image is refused")
    func noneUsable() throws {
        let folder = try TemporaryFolder()
        try folder.write("no", to: "1.jpg")
        let set = try ImageSet(path: folder.path)
        let error = try withPool { pool in
            let wrong = try #require(throws: DatasetError.self) {
                try UsableImages(
                    set, pipeline: try pipeline(), reading: ImageOptions(onBadImage: .skip), pool: pool)
            }
            #expect(wrong.code == .empty)
            return try #require(throws: DatasetError.self) {
                try PreparedImages(
                    set, choice: .all, pipeline: try pipeline(), reading: ImageOptions(onBadImage: .skip),
                    pool: pool)
            }
        }
        #expect(error.code == .empty && error.description.contains("none of the 1 images"))
    }

    @Test("the usable images are the same whether they are kept in memory or not")
    func usable() throws {
        let folder = try TemporaryFolder()
        for number in 0..<5 { try folder.place(Self.photo, at: "dog/\(number).jpg") }
        try folder.write("no image", to: "dog/3.jpg")
        let set = try ImageSet(path: folder.path)
        try withPool { pool in
            let reading = ImageOptions(onBadImage: .skip)
            let usable = try UsableImages(set, pipeline: try pipeline(), reading: reading, pool: pool)
            let kept = try PreparedImages(
                set, choice: .all, pipeline: try pipeline(), reading: reading, pool: pool)
            #expect(usable.indices == [0, 1, 2, 4] && usable.indices == kept.indices)
            #expect(usable.manifest == kept.manifest)
            let error = try #require(throws: DatasetError.self) {
                try UsableImages(set, pipeline: try pipeline(), reading: ImageOptions(), pool: pool)
            }
            #expect(error.description.contains("dog/3.jpg"))
        }
    }

    @Test("the manifest names every file with its hash, and survives JSON")
    func manifest() throws {
        let folder = try TemporaryFolder()
        try folder.place(Self.photo, at: "dog/1.jpg")
        try folder.place("rgb-8.png", at: "cat/1.png")
        let set = try ImageSet(path: folder.path)
        let images = try withPool { pool in
            try PreparedImages(
                set, choice: .all, pipeline: try pipeline(), reading: ImageOptions(), pool: pool)
        }
        let manifest = images.manifest
        #expect(manifest.images.map(\.path) == ["cat/1.png", "dog/1.jpg"])
        #expect(
            manifest.images.map(\.sha256) == [
                sha256(try fixtureFile("rgb-8.png")), sha256(try fixtureFile(Self.photo)),
            ])
        #expect(manifest.images.map(\.label) == [0, 1] && manifest.classNames == ["cat", "dog"])
        #expect(manifest.source == folder.path && manifest.sha256 == nil)
        #expect(
            manifest.preprocessing
                == "RGB, short side to 17 bicubic, centre crop 16 × 16, (pixel / 255 − 0.5) / 0.5")
        #expect(
            try JSONDecoder().decode(ImageManifest.self, from: JSONEncoder().encode(manifest)) == manifest)
    }
}
