import Foundation
import TerminalUI
import Testing

/// Frames kept as text files beside the tests: glyph rows, then style runs.
enum Golden {
    private static let folder = String(#filePath.dropLast("Golden.swift".count)) + "Goldens/"

    /// Whether goldens are written instead of compared, which always counts as a failure.
    private static let isRecording = ProcessInfo.processInfo.environment["RECORD_GOLDENS"] == "1"

    /// Compares a frame with its golden; a missing one is a failure.
    static func expect(
        _ grid: CellGrid, equals name: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try expect(grid.goldenText, equals: name, sourceLocation: sourceLocation)
    }

    /// Compares a text with its golden; a missing one is a failure.
    static func expect(
        _ text: String, equals name: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let path = folder + name + ".txt"
        if isRecording {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            Issue.record(
                "recorded \(name); run the tests again without recording", sourceLocation: sourceLocation)
            return
        }
        guard FileManager.default.fileExists(atPath: path) else {
            Attachment.record(text, named: "\(name).txt")
            Issue.record(
                "the golden \(name) is missing; RECORD_GOLDENS=1 writes it", sourceLocation: sourceLocation)
            return
        }
        let golden = try String(contentsOfFile: path, encoding: .utf8)
        if golden != text { Attachment.record(text, named: "\(name).txt") }
        #expect(golden == text, "frame \(name)", sourceLocation: sourceLocation)
    }
}
