import Foundation
import Safetensors

/// A folder of its own for one test; gone when the value is.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "safetensors-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            print("cannot remove \(path): \(error)")
        }
    }

    /// The names of what lies in the folder.
    func contents() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }

    /// Writes bytes to a file in the folder and returns its path.
    func file(_ bytes: [UInt8], name: String = "file.safetensors") throws -> String {
        let target = path + "/" + name
        try Data(bytes).write(to: URL(fileURLWithPath: target))
        return target
    }
}

/// The bytes of a file with the given header and data.
func safetensors(_ header: String, data: [UInt8] = []) -> [UInt8] {
    safetensors(Array(header.utf8), data: data)
}

/// The bytes of a file with the given header and data.
func safetensors(_ header: [UInt8], data: [UInt8] = []) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header + data
}

/// What the pure parser makes of the bytes of a file.
func parse(_ bytes: [UInt8]) throws(SafetensorsError) -> SafetensorsHeader {
    try SafetensorsHeader(parsing: bytes.span, file: "hostile.safetensors")
}
