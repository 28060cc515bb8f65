/// The formats of image files that are read.
enum ImageFormat: String, Sendable {
    case jpeg = "JPEG"
    case png = "PNG"
    case webp = "WebP"

    /// The number of bytes needed to detect a format.
    static let prefixLength = 12

    /// Detects a format by the first bytes of a file; names do not matter.
    ///
    /// - Parameter bytes: The file, or its first `prefixLength` bytes.
    init?(sniffing bytes: Span<UInt8>) {
        func holds(_ expected: [UInt8], at start: Int) -> Bool {
            guard bytes.count >= start + expected.count else { return false }
            return expected.indices.allSatisfy { bytes[start + $0] == expected[$0] }
        }
        if holds([0xFF, 0xD8, 0xFF], at: 0) {
            self = .jpeg
        } else if holds([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], at: 0) {
            self = .png
        } else if holds(Array("RIFF".utf8), at: 0), holds(Array("WEBP".utf8), at: 8) {
            self = .webp
        } else {
            return nil
        }
    }

    /// What other well-known formats begin with, so that a refusal can name them.
    static func nameOfOther(_ bytes: Span<UInt8>) -> String? {
        let known: [(name: String, start: Int, bytes: [UInt8])] = [
            ("GIF", 0, Array("GIF8".utf8)), ("BMP", 0, Array("BM".utf8)),
            ("TIFF", 0, [0x49, 0x49, 0x2A, 0]), ("TIFF", 0, [0x4D, 0x4D, 0, 0x2A]),
            ("AVIF or HEIF", 4, Array("ftyp".utf8)), ("JPEG XL", 0, [0xFF, 0x0A]),
            ("PDF", 0, Array("%PDF".utf8)), ("HTML", 0, Array("<!".utf8)),
        ]
        return known.first { entry in
            bytes.count >= entry.start + entry.bytes.count
                && entry.bytes.indices.allSatisfy { bytes[entry.start + $0] == entry.bytes[$0] }
        }?.name
    }

    /// Endings of names that announce an image, of these formats or of others.
    static let suffixes: Set<String> = [
        "jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "tif", "tiff", "ppm", "pgm", "pbm", "avif",
        "heic", "heif", "jxl", "jp2",
    ]
}
