/// The formats of image files that are read.
enum ImageFormat: String, Sendable {
    case jpeg = "JPEG"
    case png = "PNG"
    case webp = "WebP"
    case gif = "GIF"
    case bmp = "BMP"
    case tiff = "TIFF"

    /// The formats, for sentences.
    static let names = "JPEG, PNG, WebP, GIF, BMP and TIFF"

    /// The number of bytes needed to detect a format, or to name one that is not read.
    static let prefixLength = 264

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
        } else if holds(Array("GIF87a".utf8), at: 0) || holds(Array("GIF89a".utf8), at: 0) {
            self = .gif
        } else if holds(Array("BM".utf8), at: 0), holds([0, 0, 0, 0], at: 6) {
            self = .bmp
        } else if [
            [0x49, 0x49, 0x2A, 0], [0x4D, 0x4D, 0, 0x2A], [0x49, 0x49, 0x2B, 0], [0x4D, 0x4D, 0, 0x2B],
        ]
        .contains(where: { holds($0, at: 0) }) {
            self = .tiff
        } else {
            return nil
        }
    }

    /// What other well-known formats begin with, so that a refusal can name them.
    static func nameOfOther(_ bytes: Span<UInt8>) -> String? {
        let known: [(name: String, start: Int, text: String)] = [
            ("AVIF", 4, "ftypavif"), ("AVIF", 4, "ftypavis"), ("HEIF", 4, "ftyp"), ("DICOM", 128, "DICM"),
            ("PDF", 0, "%PDF"), ("Photoshop", 0, "8BPS"), ("SVG", 0, "<svg"),
            ("XML, perhaps SVG", 0, "<?xml"),
            ("HTML", 0, "<!"), ("JPEG 2000", 4, "jP  "), ("JPEG XL", 4, "JXL "),
            ("a pointer of Git LFS, whose file was not fetched", 0, "version https://git-lfs"),
        ]
        func holds(_ expected: [UInt8], at start: Int) -> Bool {
            bytes.count >= start + expected.count
                && expected.indices.allSatisfy { bytes[start + $0] == expected[$0] }
        }
        if let found = known.first(where: { holds(Array($0.text.utf8), at: $0.start) }) { return found.name }
        if holds([0xFF, 0x4F, 0xFF, 0x51], at: 0) { return "JPEG 2000" }
        if holds([0xFF, 0x0A], at: 0) { return "JPEG XL" }
        if holds([0, 0, 1, 0], at: 0) { return "an icon" }
        let netpbm = [
            "P1": "PBM", "P4": "PBM", "P2": "PGM", "P5": "PGM", "P3": "PPM", "P6": "PPM", "P7": "PAM",
            "PF": "PFM", "Pf": "PFM",
        ]
        guard bytes.count >= 3, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[2]) else { return nil }
        return netpbm[String(decoding: [bytes[0], bytes[1]], as: UTF8.self)]
    }

    /// Endings of names that announce an image, of these formats or of others.
    static let suffixes: Set<String> = [
        "jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "dib", "tif", "tiff", "ppm", "pgm", "pbm",
        "pnm", "avif", "heic", "heif", "jxl", "jp2", "j2k", "dcm",
    ]
}
