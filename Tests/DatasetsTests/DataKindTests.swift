import Datasets
import TestSupport
import Testing
import Vocabulary

@Suite("What users bring as data")
struct DataKindTests {
    private static let photo = "colour-420.jpg"

    private func folder(_ names: [String]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for name in names { try folder.place(Self.photo, at: name) }
        return folder
    }

    // MARK: - Classes

    @Test("folders named by WordNet ids are ImageNet-1k's classes, as many as there are, with a note")
    func wordNet() throws {
        let folder = try folder(["n03445777/a.jpg", "n01440764/b.jpg", "n15075141/c.jpg"])
        let set = try ImageSet(path: folder.path)
        #expect(try set.labels(classes: 1000, names: nil) == [0, 574, 999])
        #expect(try set.labels(classes: 1000, names: (0..<1000).map { "class \($0)" }) == [0, 574, 999])
        #expect(
            set.labelNotes(classes: 1000, names: nil) == [
                "\(folder.path): the images are of 3 of the model's 1000 classes"
            ])
        // Another head has other classes.
        #expect(throws: DatasetError.self) { try set.labels(classes: 100, names: nil) }
        let other = try self.folder(["n00000001/a.jpg", "n01440764/b.jpg"])
        let strange = try ImageSet(path: other.path)
        let error = #expect(throws: DatasetError.self) { try strange.labels(classes: 1000, names: nil) }
        #expect(error?.description.contains("“n00000001” are not among the 1000 classes") == true)
    }

    @Test("fewer classes than the model's, by its names, are noted")
    func fewerClasses() throws {
        let folder = try folder(["cow/a.jpg", "ant/b.jpg"])
        let set = try ImageSet(path: folder.path)
        let names = ["ant", "bee", "cow"]
        #expect(try set.labels(classes: 3, names: names) == [0, 2])
        #expect(
            set.labelNotes(classes: 3, names: names) == [
                "\(folder.path): the images are of 2 of the model's 3 classes"
            ])
        #expect(set.labelNotes(classes: 2, names: nil).isEmpty)
        let error = #expect(throws: DatasetError.self) { try set.labels(classes: 3, names: nil) }
        #expect(error?.description.contains("or give labels.csv with its numbers") == true)
    }

    @Test("names match without regard to case where that is unambiguous; where none does, that is noted")
    func otherNames() throws {
        let names = ["zebra", "apple", "mango"]
        let places = try [
            folder(["Apple/a.jpg", "MANGO/b.jpg", "Zebra/c.jpg"]), folder(["Apple/a.jpg", "apple/b.jpg"]),
            folder(["cat/a.jpg", "dog/b.jpg", "emu/c.jpg"]),
        ]
        defer { withExtendedLifetime(places) {} }
        let upper = try ImageSet(path: places[0].path)
        #expect(try upper.labels(classes: 3, names: names) == [1, 2, 0])
        #expect(upper.labelNotes(classes: 3, names: names).isEmpty)
        // Two classes of the model, or two folders, with one name but for case.
        let error = #expect(throws: DatasetError.self) {
            try upper.labels(classes: 4, names: names + ["APPLE"])
        }
        #expect(error?.description.contains("the model has no classes “Apple”") == true)
        let twins = try ImageSet(path: places[1].path)
        #expect(throws: DatasetError.self) { try twins.labels(classes: 3, names: names) }
        let set = try ImageSet(path: places[2].path)
        #expect(try set.labels(classes: 3, names: names) == [0, 1, 2])
        let notes = set.labelNotes(classes: 3, names: names)
        #expect(notes.count == 1 && notes[0].contains("none of the images' classes (“cat”, “dog”, “emu”)"))
        #expect(set.labelNotes(classes: 3, names: nil).isEmpty)
    }

    @Test(
        "numbers as names are noted where text has them in another order",
        arguments: [
            ((0..<12).map { "\($0)" }, true), ((0..<9).map { "\($0)" }, false), (["a", "10", "9"], false),
        ])
    func numericFolders(names: [String], isNoted: Bool) throws {
        let folder = try folder(names.map { "\($0)/a.jpg" })
        let set = try ImageSet(path: folder.path)
        let notes = set.labelNotes(classes: names.count, names: nil)
        #expect(
            notes.contains { $0.contains("“11” before “2”; where the names are the model's numbers") }
                == isNoted)
        // A model that has these names says which number is which.
        #expect(set.labelNotes(classes: names.count, names: names).isEmpty)
    }

    // MARK: - Lists

    @Test("a list that is not read is noted, and so is a table without labels")
    func notes() throws {
        let flat = try folder(["a.jpg", "b.jpg"])
        #expect(try ImageSet(path: flat.path).notes.isEmpty)
        try flat.write("a.jpg 1", to: "list.txt")
        let set = try ImageSet(path: flat.path)
        #expect(set.labels == nil && set.notes.count == 1)
        #expect(
            set.notes.first?.contains("“list.txt” is not read, so that the images have no labels; labels.csv")
                == true)
        try flat.write("file_name,text\na.jpg,x\nb.jpg,y\n", to: "metadata.csv")
        let captioned = try ImageSet(path: flat.path)
        #expect(captioned.count == 2 && captioned.labels == nil)
        #expect(captioned.notes.first?.contains("metadata.csv: there is no column “label”") == true)
        let classes = try folder(["ant/a.jpg", "bee/b.jpg"])
        try classes.write("file_name,label\nant/a.jpg,1\n", to: "metadata.csv")
        let labelled = try ImageSet(path: classes.path)
        #expect(labelled.labels == [0, 1])
        #expect(
            labelled.notes.first?.contains("“metadata.csv” is not read, as the folders give the classes")
                == true)
    }

    // MARK: - Formats

    @Test(
        "data of a format that is not read are named, and so is what is read",
        arguments: [
            ("PAR1....", "a Parquet file"), ("ARROW1..", "an Arrow file"),
            (String(repeating: "x", count: 257) + "ustar", "a tar archive"),
            ("\u{1}\u{2}............\u{1}\u{2}", "no kind that is known"),
            ("a.jpg 1\nb.jpg 2\n", "a text, perhaps a list of images"),
            ("SQLite format 3", "an SQLite file"),
            ("version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS"),
        ])
    func otherData(content: String, words: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(content, to: "data.bin")
        let error = #expect(throws: DatasetError.self) { try ImageSet(path: folder.path + "/data.bin") }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        #expect(
            error?.description.contains("give a folder of images (JPEG, PNG, WebP, GIF, BMP and TIFF)")
                == true)
    }

    @Test(
        "other data are named by their bytes",
        arguments: [
            ([0x1F, 0x8B, 8, 0], "compressed with gzip"), ([0x89, 0x48, 0x44, 0x46], "an HDF5 file"),
            (Array(repeating: 0, count: 16) + [0xDE, 0xC0, 0xEF, 0xBE], "an LMDB file"),
            ([0, 0, 8, 3, 0, 0, 0, 1], "an IDX file"), ([0x80, 4, 0x95], "a Python pickle"),
        ] as [([UInt8], String)])
    func otherBytes(content: [UInt8], words: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(content, to: "data/data.mdb")
        for path in ["/data/data.mdb", "/data"] {
            let error = #expect(throws: DatasetError.self) { try ImageSet(path: folder.path + path) }
            #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        }
    }

    @Test(
        "an image of a format that is not read is named",
        arguments: [
            ("\0\0\0 ftypavif", "AVIF"), ("\0\0\0 ftypheic", "HEIF"), ("\0\0\0\u{C}jP  \r\n", "JPEG 2000"),
            ("P6\n2 2\n255\n", "PPM"), ("P5 2 2 255 ", "PGM"), ("<svg xmlns=", "SVG"),
        ])
    func otherImage(content: String, name: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(content, to: "a.jpg")
        let set = try ImageSet(path: folder.path)
        let pipeline = try PreprocessingPipeline(
            resize: .none, interpolation: .bicubic, height: 8, width: 8, normalisation: .imageNet)
        let error = #expect(throws: DatasetError.self) {
            try withPool { pool in
                _ = try PreparedImages(
                    set, choice: .all, pipeline: pipeline, reading: ImageOptions(), pool: pool)
            }
        }
        #expect(
            error?.description.hasSuffix(
                "a.jpg: this looks like \(name); JPEG, PNG, WebP, GIF, BMP and TIFF are read") == true,
            "\(error?.description ?? "")")
    }

    @Test(
        "a photo of 6000 × 4000 and one of 16,384 pixels a side are read",
        arguments: [(4000, 6000), (3, 16_384)])
    func large(height: Int, width: Int) throws {
        let pipeline = try PreprocessingPipeline(
            resize: .exact(height: 8, width: 8), interpolation: .bicubic, height: 8, width: 8,
            normalisation: .imageNet)
        let pixels = (0..<height * width * 3).map { UInt8(truncatingIfNeeded: $0 % 3 * 50) }
        let found = try ImageDecoder().withPixels(
            of: encodedPNG(pixels, width: width, height: height), path: "large.png", pipeline: pipeline,
            appliesOrientation: false
        ) { planar($0, channels: 3) }
        #expect(found == [0, 50, 100].flatMap { Array(repeating: UInt8($0), count: 64) })
    }

    @Test(
        "damaged GIF, BMP and TIFF files are refused at every length, and never read past their end",
        arguments: [
            "palette-interlaced.gif", "rgb.bmp", "palette-4.bmp", "rgb-tiff_lzw.tif", "tiles.tif",
            "planes.tif",
        ])
    func damaged(name: String) throws {
        let bytes = try fixtureFile(name)
        let pipeline = try PreprocessingPipeline(
            resize: .none, interpolation: .bicubic, height: 8, width: 8, normalisation: .imageNet)
        let decoder = ImageDecoder()
        var refused = 0
        for length in 0..<bytes.count - 1 {
            do {
                try decoder.withPixels(
                    of: Array(bytes.prefix(length)), path: name, pipeline: pipeline, appliesOrientation: true
                ) { _ in }
            } catch {
                #expect([.undecodable, .tooLarge].contains(error.code))
                refused += 1
            }
        }
        // What follows the pixels may be missing.
        #expect(refused >= bytes.count * 9 / 10, "\(refused) of \(bytes.count)")
        for place in bytes.indices {
            var damaged = bytes
            damaged[place] ^= 0x81
            _ = try? decoder.withPixels(
                of: damaged, path: name, pipeline: pipeline, appliesOrientation: true
            ) { _ in }
        }
    }

    // MARK: - Floats

    @Test(
        "floats that look like pixels are refused unless they are said to be normalised",
        arguments: [
            ([0, 0.5, 1], 0.5, true), ([0, 128, 255], 0.5, true), ([-1, 0, 1], 0.5, false),
            ([-2, 0, 150], 0.5, true), ([0.1, 0.2, 1], 0, false), ([0, 0.3, 2.4], 0.5, false),
            ([0, 17, 20], 0.5, true),
        ] as [([Float], Float, Bool)])
    func floats(values: [Float], mean: Float, isRefused: Bool) throws {
        let folder = try TemporaryFolder()
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 1, 1), }"
        let filled = header + String(repeating: " ", count: 117 - header.count) + "\n"
        let content = values.flatMap { value in
            (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
        }
        try folder.write(
            [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(filled.utf8) + content, to: "a.npy")
        let set = try ImageSet(path: folder.path + "/a.npy")
        let pipeline = try PreprocessingPipeline(
            resize: .none, interpolation: .bicubic, height: 1, width: 1,
            normalisation: try Normalisation(mean: [mean], standardDeviation: [mean == 0 ? 1 : 0.5]))
        var options = ImageOptions()
        if isRefused {
            let error = #expect(throws: DatasetError.self) { try set.requireNormalised(pipeline, options) }
            #expect(error?.description.contains("or --normalised if they are") == true)
        } else {
            try set.requireNormalised(pipeline, options)
        }
        options.floatsAreNormalised = true
        try set.requireNormalised(pipeline, options)
    }
}
