internal import Foundation
package import Testing

/// Texts kept in the folder `Goldens` beside a test.
package enum Golden {
    /// Compares a text with its golden; a missing golden is a failure.
    ///
    /// With `RECORD_GOLDENS=1` in the environment the golden is written instead, which is reported as a failure too.
    ///
    /// - Parameters:
    ///   - text: What the test produced.
    ///   - name: The golden's name, without `.txt`.
    ///   - test: A file in the folder that holds `Goldens`.
    ///   - sourceLocation: Where failures are reported.
    /// - Throws: The error of a golden that cannot be written.
    package static func expect(
        _ text: String, equals name: String, besides test: String = #filePath,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let path = URL(filePath: test).deletingLastPathComponent().path + "/Goldens/\(name).txt"
        if ProcessInfo.processInfo.environment["RECORD_GOLDENS"] == "1" {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
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
