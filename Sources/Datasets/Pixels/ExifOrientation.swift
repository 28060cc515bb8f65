/// The rotation or reflection that turns an image upright, by its Exif orientation.
///
/// Source: Exif 2.32, tag 0x0112 of the first directory.
enum ExifOrientation: Int, Sendable {
    case upright = 1
    case mirrored, upsideDown, flipped, transposed, turnedLeft, transversed, turnedRight

    /// Whether rows become columns.
    var exchangesSides: Bool { rawValue >= 5 }

    /// Reads the orientation of an image file; `upright` if it has none that can be read.
    ///
    /// - Parameters:
    ///   - bytes: The file.
    ///   - format: Its format.
    init(of bytes: Span<UInt8>, format: ImageFormat) {
        let place: Range<Int>? =
            switch format {
            case .jpeg: Self.exifInJPEG(bytes)
            case .png: Self.exifInPNG(bytes)
            case .webp: Self.exifInWebP(bytes)
            case .tiff: 0..<bytes.count
            case .gif, .bmp: nil
            }
        self = place.flatMap { Self.orientation(in: bytes, tiff: $0) } ?? .upright
    }

    /// The TIFF structure in the first APP1 segment that is Exif.
    private static func exifInJPEG(_ bytes: Span<UInt8>) -> Range<Int>? {
        var place = 2
        while place + 4 <= bytes.count, bytes[place] == 0xFF {
            let marker = bytes[place + 1]
            if marker == 0xFF {
                place += 1
                continue
            }
            // Start of scan and end of image: what follows holds no segments.
            guard marker != 0xDA, marker != 0xD9 else { return nil }
            if marker == 0x01 || (0xD0...0xD8).contains(marker) {
                place += 2
                continue
            }
            let length = Int(bytes[place + 2]) << 8 | Int(bytes[place + 3])
            let end = place + 2 + length
            guard length >= 2, end <= bytes.count else { return nil }
            if marker == 0xE1, let tiff = withoutPrefix(bytes, place + 4..<end) { return tiff }
            place = end
        }
        return nil
    }

    private static func exifInPNG(_ bytes: Span<UInt8>) -> Range<Int>? {
        var place = 8
        while place + 12 <= bytes.count {
            let length = (0..<4).reduce(0) { $0 << 8 | Int(bytes[place + $1]) }
            guard length <= bytes.count - place - 12 else { return nil }
            let name = (4..<8).map { bytes[place + $0] }
            if name == Array("eXIf".utf8) { return place + 8..<place + 8 + length }
            place += 12 + length
        }
        return nil
    }

    private static func exifInWebP(_ bytes: Span<UInt8>) -> Range<Int>? {
        var place = 12
        while place + 8 <= bytes.count {
            let length = (0..<4).reduce(0) { $0 | Int(bytes[place + 4 + $1]) << (8 * $1) }
            guard length <= bytes.count - place - 8 else { return nil }
            let name = (0..<4).map { bytes[place + $0] }
            if name == Array("EXIF".utf8) {
                let content = place + 8..<place + 8 + length
                return withoutPrefix(bytes, content) ?? content
            }
            place += 8 + length + length & 1
        }
        return nil
    }

    /// What follows “Exif” and two zeros; nil where the range does not begin so.
    private static func withoutPrefix(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int>? {
        let prefix = Array("Exif".utf8) + [0, 0]
        guard range.count >= prefix.count,
            prefix.indices.allSatisfy({ bytes[range.lowerBound + $0] == prefix[$0] })
        else { return nil }
        return range.lowerBound + prefix.count..<range.upperBound
    }

    private static func orientation(in bytes: Span<UInt8>, tiff: Range<Int>) -> ExifOrientation? {
        guard tiff.count >= 8 else { return nil }
        let isLittle = bytes[tiff.lowerBound] == 0x49
        guard isLittle || bytes[tiff.lowerBound] == 0x4D else { return nil }
        func number(_ offset: Int, _ width: Int) -> Int? {
            guard offset >= 0, offset <= tiff.count - width else { return nil }
            return (0..<width).reduce(0) { result, index in
                let byte = Int(bytes[tiff.lowerBound + offset + index])
                return isLittle ? result | byte << (8 * index) : result << 8 | byte
            }
        }
        guard number(2, 2) == 42, let directory = number(4, 4), let entries = number(directory, 2) else {
            return nil
        }
        for entry in 0..<entries {
            let start = directory + 2 + 12 * entry
            guard let tag = number(start, 2) else { return nil }
            if tag == 0x0112, number(start + 2, 2) == 3, let value = number(start + 8, 2) {
                return ExifOrientation(rawValue: value)
            }
        }
        return nil
    }
}
