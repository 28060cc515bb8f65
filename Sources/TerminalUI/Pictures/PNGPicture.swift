/// A frame as a PNG picture in a theme's colours, 12 × 24 pixels a cell.
///
/// - Parameters:
///   - grid: The frame.
///   - theme: The theme.
/// - Returns: The bytes of the file.
package func pngPicture(of grid: CellGrid, theme: Theme) -> [UInt8] {
    var canvas = PixelCanvas(
        width: max(1, grid.width * GlyphShape.width), height: max(1, grid.height * GlyphShape.height))
    for y in 0..<grid.height {
        for run in pictureRuns(of: grid, row: y, theme: theme) {
            canvas.draw(run, y: y * GlyphShape.height)
        }
    }
    return canvas.png
}

/// Pixels of red, green and blue.
private struct PixelCanvas {
    let width: Int
    let height: Int
    private var bytes: [UInt8]

    init(width: Int, height: Int) {
        (self.width, self.height) = (width, height)
        bytes = Array(repeating: 0, count: width * height * 3)
    }

    mutating func fill(_ rect: Rect, _ color: PictureColor) {
        for y in max(0, rect.y)..<min(height, rect.endY) {
            for x in max(0, rect.x)..<min(width, rect.endX) {
                let place = (y * width + x) * 3
                (bytes[place], bytes[place + 1], bytes[place + 2]) = (color.red, color.green, color.blue)
            }
        }
    }

    mutating func draw(_ run: PictureRun, y top: Int) {
        let (width, height) = (GlyphShape.width, GlyphShape.height)
        for (offset, glyph) in run.glyphs.enumerated() {
            let left = (run.columns.lowerBound + offset) * width
            fill(Rect(x: left, y: top, width: width, height: height), run.background)
            if let shape = GlyphShape(glyph) {
                let color = run.foreground.over(run.background, opacity: shape.opacity)
                for rect in shape.rects {
                    fill(
                        Rect(x: left + rect.x, y: top + rect.y, width: rect.width, height: rect.height), color
                    )
                }
            } else if glyph != 0 {
                drawLetter(glyph, x: left, y: top, run)
            }
            if run.attributes.contains(.underline) {
                fill(Rect(x: left, y: top + 21, width: width, height: 1), run.foreground)
            }
        }
    }

    private mutating func drawLetter(_ glyph: UInt32, x: Int, y: Int, _ run: PictureRun) {
        // A bold dot is one pixel wider.
        let wide = run.attributes.contains(.bold) ? 3 : 2
        for (row, bits) in BitmapFont.rows(of: glyph).enumerated() {
            for column in 0..<5 where bits >> UInt8(4 - column) & 1 == 1 {
                fill(
                    Rect(x: x + 1 + 2 * column, y: y + 4 + 2 * row, width: wide, height: 2), run.foreground)
            }
        }
    }

    /// The file (PNG 1.2: signature, header, one block of data, end).
    var png: [UInt8] {
        var raw: [UInt8] = []
        raw.reserveCapacity((width * 3 + 1) * height)
        for y in 0..<height {
            raw.append(0)
            raw += bytes[y * width * 3..<(y + 1) * width * 3]
        }
        var header = bigEndian(UInt32(width)) + bigEndian(UInt32(height))
        header += [8, 2, 0, 0, 0]
        var data: [UInt8] = [0x78, 0x01]
        data += Deflate.compressed(raw, stride: width * 3 + 1)
        data += bigEndian(adler(raw))
        var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        file += chunk("IHDR", header)
        file += chunk("IDAT", data)
        file += chunk("IEND", [])
        return file
    }
}

private func bigEndian(_ value: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
}

private func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + data
    return bigEndian(UInt32(data.count)) + body + bigEndian(crc(body))
}

/// The cyclic redundancy check of PNG (ISO 3309).
private func crc(_ bytes: [UInt8]) -> UInt32 {
    let polynomial: UInt32 = 0xEDB8_8320
    let table = (0..<256).map { index -> UInt32 in
        var value = UInt32(index)
        for _ in 0..<8 { value = value & 1 == 1 ? polynomial ^ (value >> 1) : value >> 1 }
        return value
    }
    var value = UInt32.max
    for byte in bytes {
        let index = Int(UInt8(truncatingIfNeeded: value) ^ byte)
        value = table[index] ^ (value >> 8)
    }
    return ~value
}

/// The checksum of zlib (RFC 1950).
private func adler(_ bytes: [UInt8]) -> UInt32 {
    var (a, b): (UInt32, UInt32) = (1, 0)
    for byte in bytes {
        a = (a + UInt32(byte)) % 65521
        b = (b + a) % 65521
    }
    return b << 16 | a
}
