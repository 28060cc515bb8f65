import Datasets
import Files
import Testing
import Vocabulary

@Suite("Image decoder")
struct ImageDecoderTests {
    @Test("every pixel equals Pillow's and timm's")
    func pixels() throws {
        let decoder = ImageDecoder()
        let cases = try ImageCase.all()
        #expect(cases.count > 300)
        #expect(cases.filter { $0.file.hasPrefix("photo-") }.count > 200)
        for entry in cases {
            let found = try decoder.withPixels(
                of: try fixtureFile(entry.file), path: entry.file, pipeline: entry.pipeline,
                appliesOrientation: entry.appliesOrientation
            ) { planar($0, channels: entry.pipeline.channels) }
            #expect(found.count == entry.pipeline.channels * entry.pipeline.height * entry.pipeline.width)
            #expect(sha256(found) == entry.sha256, "\(entry.testDescription)")
        }
    }

    @Test(
        "a file that is cut short anywhere is refused",
        arguments: [
            "colour-420.jpg", "colour-progressive.jpg", "gray.jpg", "cmyk.jpg", "rgb-8.png", "palette-4.png",
            "gray-16-interlaced.png", "lossy.webp", "lossless.webp", "lossy-alpha.webp",
        ])
    func cutShort(name: String) throws {
        let bytes = try fixtureFile(name)
        let pipeline = try PreprocessingPipeline(
            resize: .none, interpolation: .bicubic, height: 8, width: 8, normalisation: .imageNet)
        let decoder = ImageDecoder()
        // Like Pillow, the decoder does not need the end of a PNG after its pixels.
        let last = name.hasSuffix("png") ? bytes.count - 17 : bytes.count - 1
        for length in stride(from: 0, through: last, by: max(1, last / 97)) {
            let error = #expect(throws: DatasetError.self, "\(name), \(length) of \(bytes.count) bytes") {
                try decoder.withPixels(
                    of: Array(bytes.prefix(length)), path: name, pipeline: pipeline, appliesOrientation: true
                ) { _ in }
            }
            #expect(error?.code == .undecodable)
            #expect(error?.description.contains(name) == true)
        }
    }

    @Test(
        "an image beyond the limit is refused by its header, before anything is allocated",
        arguments: [
            (16_385, 1), (1, 16_385), (65_500, 65_500), (0, 5), (2_000_000_000, 2_000_000_000),
        ])
    func tooLarge(height: Int, width: Int) throws {
        func bytes(_ number: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * (count - 1 - $0))) }
        }
        var files: [(String, [UInt8])] = []
        var png = try fixtureFile("rgb-8.png")
        png.replaceSubrange(16..<24, with: bytes(width, 4) + bytes(height, 4))
        let crc = crc32(Array(png[12..<29]))
        png.replaceSubrange(29..<33, with: bytes(Int(crc), 4))
        files.append(("a.png", png))
        if max(height, width) <= 65_535 {
            var jpeg = try fixtureFile("colour-420.jpg")
            let frame = try #require(
                jpeg.indices.dropLast().first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
            jpeg.replaceSubrange(frame + 5..<frame + 9, with: bytes(height, 2) + bytes(width, 2))
            files.append(("a.jpg", jpeg))
        }
        let pipeline = try PreprocessingPipeline(
            resize: .none, interpolation: .bicubic, height: 8, width: 8, normalisation: .imageNet)
        for (name, file) in files {
            let error = #expect(throws: DatasetError.self) {
                try ImageDecoder().withPixels(
                    of: file, path: name, pipeline: pipeline, appliesOrientation: false
                ) { _ in }
            }
            #expect([.tooLarge, .undecodable].contains(error?.code), "\(name): \(error?.description ?? "")")
            if height != 0, height <= 65_535 {
                #expect(error?.code == .tooLarge)
                #expect(
                    error?.description.contains("\(height) × \(width) pixels; each side may have up to 16384")
                        == true)
            }
        }
    }

    @Test("an image of exactly the limit is read")
    func atTheLimit() throws {
        let pipeline = try PreprocessingPipeline(
            resize: .exact(height: 2, width: 2), interpolation: .box, height: 2, width: 2,
            normalisation: .imageNet)
        let png = blackPNG(height: 4096, width: 4096)
        let pixels = try ImageDecoder().withPixels(
            of: png, path: "black.png", pipeline: pipeline, appliesOrientation: false
        ) { planar($0, channels: 3) }
        #expect(pixels == Array(repeating: 0, count: 12))
    }

    @Test(
        "a file that is not an image is refused by its content, whatever its name",
        arguments: [
            ([], "empty"), (Array("GIF89a….".utf8), "GIF"), (Array("BM123456".utf8), "BMP"),
            ([1, 2, 3], "not an image"),
            (Array("<!doctype html>".utf8), "HTML"), ([0x49, 0x49, 0x2A, 0, 8, 0, 0, 0], "TIFF"),
            ([0xFF, 0xD8, 0xFF], "JPEG"), ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], "PNG"),
            (Array("RIFF1234WEBP".utf8), "WebP"),
        ] as [([UInt8], String)])
    func noImage(bytes: [UInt8], word: String) throws {
        let pipeline = try PreprocessingPipeline(
            resize: .none, interpolation: .bicubic, height: 8, width: 8, normalisation: .imageNet)
        let error = #expect(throws: DatasetError.self) {
            try ImageDecoder().withPixels(
                of: bytes, path: "dog.jpg", pipeline: pipeline, appliesOrientation: true
            ) { _ in }
        }
        #expect(error?.code == .undecodable)
        #expect(error?.description.contains("dog.jpg") == true && error?.description.contains(word) == true)
    }

    /// The checksum of PNG, bit by bit.
    private func crc32(_ bytes: [UInt8]) -> UInt32 {
        var sum = ~UInt32(0)
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        return ~sum
    }

    /// A gray PNG of 1 bit whose pixels are in stored blocks of deflate.
    private func blackPNG(height: Int, width: Int) -> [UInt8] {
        func bytes(_ number: UInt32) -> [UInt8] {
            (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
        }
        func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
            let body = Array(name.utf8) + content
            return bytes(UInt32(content.count)) + body + bytes(crc32(body))
        }
        let size = height * (1 + width / 8)
        var stream: [UInt8] = [0x78, 0x01]
        for start in stride(from: 0, to: size, by: 65_535) {
            let part = min(65_535, size - start)
            let isLast: UInt8 = start + part == size ? 1 : 0
            stream += [
                isLast, UInt8(part & 255), UInt8(part >> 8), UInt8(~part & 255), UInt8(~part >> 8 & 255),
            ]
            stream += Array(repeating: 0, count: part)
        }
        // Adler-32 of zeros: the second sum is their number.
        stream += bytes(UInt32(size % 65_521) << 16 | 1)
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
            + chunk("IHDR", bytes(UInt32(width)) + bytes(UInt32(height)) + [1, 0, 0, 0, 0])
            + chunk("IDAT", stream)
            + chunk("IEND", [])
    }
}
