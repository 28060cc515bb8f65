import Foundation
import RunText
import Runs
import Testing

@Suite("What hyperparameters do")
struct HyperparameterTextTests {
    @Test("docs/hyperparameters.md is what mgrq explain --markdown prints")
    func page() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/hyperparameters.md").path
        #expect(
            try String(contentsOfFile: path, encoding: .utf8) == HyperparameterText.page,
            "mgrq explain --markdown > docs/hyperparameters.md writes it")
    }

    @Test("every hyperparameter is explained", arguments: HyperparameterField.all.map(\.key))
    func explained(key: String) throws {
        let field = try #require(HyperparameterField.named(key))
        let guide = field.guide
        for text in [guide.effect, guide.advice] {
            #expect(
                text.hasSuffix(".") && text.first?.isUppercase == true || text.hasPrefix("ste "), "\(text)")
        }
        #expect(!guide.source.isEmpty && !field.range.isEmpty)
        switch field.kind {
        case .bits, .integer, .number: #expect(!guide.unit.isEmpty)
        case .choice, .flag: #expect(guide.unit.isEmpty)
        }
        let lines = HyperparameterText.lines(of: field)
        #expect(lines.first == key && lines.contains { $0.contains(field.value(of: .mgrq)) })
        #expect(HyperparameterText.overview.contains { $0.contains("  \(key)  ") })
    }
}
