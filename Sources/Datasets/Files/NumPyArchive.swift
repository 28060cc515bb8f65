internal import CImageCodecs
package import Files

/// One array of an npz archive, as `numpy.load` reads it without pickle.
package struct NumPyArray: Sendable {
    /// Its name in the archive.
    package let name: String
    private let type: String
    private let shape: [Int]
    private let content: [UInt8]

    /// Makes an array of float32.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - shape: Its extents.
    ///   - floats: As many numbers, in row-major order.
    package init(_ name: String, shape: [Int], floats: [Float]) {
        self.init(name, "<f4", shape: shape, words: floats.map(\.bitPattern))
    }

    /// Makes an array of int64, `[integers.count]`.
    package init(_ name: String, integers: [Int]) {
        self.init(name, "<i8", shape: [integers.count], words: integers.map { Int64($0) })
    }

    /// Makes an array of texts, `[texts.count]`: NumPy's `<U`, as long as the longest.
    package init(_ name: String, texts: [String]) {
        let length = max(1, texts.map(\.unicodeScalars.count).max() ?? 1)
        let words = texts.flatMap { text in
            let scalars = text.unicodeScalars.map(\.value)
            return scalars + Array(repeating: 0, count: length - scalars.count)
        }
        self.init(name, "<U\(length)", shape: [texts.count], words: words, wordsInElement: length)
    }

    private init<Word: FixedWidthInteger>(
        _ name: String, _ type: String, shape: [Int], words: [Word], wordsInElement: Int = 1
    ) {
        precondition(
            words.count == shape.reduce(wordsInElement, *), "\(words.count) elements do not fill \(shape)")
        self.name = name
        self.type = type
        self.shape = shape
        var content: [UInt8] = []
        content.reserveCapacity(words.count * Word.bitWidth / 8)
        for word in words { content.append(littleEndian: word) }
        self.content = content
    }

    /// The npy header of version 1.0: the elements after it begin at a multiple of 64 bytes.
    private var header: [UInt8] {
        let extents = shape.map { "\($0)" }.joined(separator: ", ") + (shape.count == 1 ? "," : "")
        let text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(extents)), }"
        let length = (NPYHeader.magic.count + 4 + text.utf8.count + 1 + 63) / 64 * 64
        let spaces = length - NPYHeader.magic.count - 4 - text.utf8.count - 1
        var header = NPYHeader.magic + [1, 0]
        header.append(littleEndian: UInt16(text.utf8.count + spaces + 1))
        return header + Array(text.utf8) + Array(repeating: UInt8(ascii: " "), count: spaces) + [0x0A]
    }

    /// The npy file.
    fileprivate var bytes: [UInt8] { header + content }
}

/// Writes an npz archive whose arrays are stored without compression.
///
/// Source: APPNOTE 6.3.10, without 64-bit sizes.
///
/// - Parameters:
///   - arrays: At most 65,535, with names that differ.
///   - file: Where it goes.
/// - Throws: `DatasetError` for an archive of 4 GiB or more; `FileError` for a file that cannot be written.
package func writeNumPyArchive(_ arrays: [NumPyArray], to file: AtomicFile) throws {
    var directory: [UInt8] = []
    for array in arrays {
        let (start, bytes, name) = (file.count, array.bytes, Array("\(array.name).npy".utf8))
        guard start + bytes.count + directory.count < 0xFFFF_0000 else {
            throw DatasetError(
                .tooLarge, file: file.path, tensor: array.name,
                detail: "an npz archive holds less than 4 GiB; write csv, or give fewer images")
        }
        let checksum = unsafe bytes.withUnsafeBufferPointer { unsafe image_crc32($0.baseAddress, $0.count) }
        // Version 2.0, no flags, stored, 1980-01-01.
        var entry: [UInt8] = []
        for half: UInt16 in [20, 0, 0, 0, 0x21] { entry.append(littleEndian: half) }
        for word in [checksum, UInt32(bytes.count), UInt32(bytes.count)] { entry.append(littleEndian: word) }
        entry.append(littleEndian: UInt16(name.count))
        entry += [0, 0]
        try file.write([0x50, 0x4B, 3, 4] + entry + name)
        try file.write(bytes)
        directory += [0x50, 0x4B, 1, 2, 20, 0] + entry + Array(repeating: 0, count: 10)
        directory.append(littleEndian: UInt32(start))
        directory += name
    }
    var end: [UInt8] = [0x50, 0x4B, 5, 6, 0, 0, 0, 0]
    for _ in 0..<2 { end.append(littleEndian: UInt16(arrays.count)) }
    end.append(littleEndian: UInt32(directory.count))
    end.append(littleEndian: UInt32(file.count))
    try file.write(directory + end + [0, 0])
}

extension [UInt8] {
    fileprivate mutating func append<Word: FixedWidthInteger>(littleEndian word: Word) {
        unsafe Swift.withUnsafeBytes(of: word.littleEndian) { bytes in
            unsafe append(contentsOf: bytes)
        }
    }
}
