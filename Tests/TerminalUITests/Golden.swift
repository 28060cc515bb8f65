import Foundation
import Testing

import TerminalUI

/// Frames kept as text files beside the tests: glyph rows and style runs.
enum Golden {
    /// The folder of this file, with a slash at the end.
    static let testsFolder = String(#filePath.dropLast("Golden.swift".count))

    /// Whether goldens are written instead of compared; that is always reported as a failure.
    static let isRecording = ProcessInfo.processInfo.environment["RECORD_GOLDENS"] == "1"

    /// Compares a frame with its golden; a missing one is a failure.
    static func expect(
        _ grid: CellGrid, equals name: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let path = testsFolder + "Goldens/\(name).txt"
        let text = grid.goldenText
        if isRecording {
            try text.write(toFile: path, atomically: false, encoding: .utf8)
            Issue.record(
                "recorded \(name); run the tests again without recording", sourceLocation: sourceLocation)
            return
        }
        guard let golden = try? String(contentsOfFile: path, encoding: .utf8) else {
            Attachment.record(text, named: "\(name).txt")
            Issue.record(
                "the golden \(name) is missing; RECORD_GOLDENS=1 writes it", sourceLocation: sourceLocation)
            return
        }
        if golden != text { Attachment.record(text, named: "\(name).txt") }
        #expect(golden == text, "frame \(name)", sourceLocation: sourceLocation)
    }
}

/// A small generator for tests whose seed is a parameter (SplitMix64; Steele, Lea, Flood, 2014).
struct TestGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
