internal import Foundation
internal import Safetensors

extension LabelsFile {
    private enum Label: Decodable {
        case number(Int)
        case text(String)

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let number = try? value.decode(Int.self) {
                self = .number(number)
            } else if let number = try? value.decode(Double.self) {
                self = .text("\(number)")
            } else {
                self = .text(try value.decode(String.self))
            }
        }

        var text: String {
            switch self {
            case .number(let number): "\(number)"
            case .text(let text): text
            }
        }
    }

    /// Reads one object of paths and labels.
    static func object(_ text: String, file: String) throws(DatasetError) -> [Entry] {
        let labels: [String: Label]
        do {
            labels = try JSONDecoder().decode([String: Label].self, from: Data(text.utf8))
        } catch {
            throw bad(
                file, nil, "this is not one JSON object of paths and labels, such as {\"dogs/7.jpg\": 3}")
        }
        // The decoder keeps the last of two equal keys in silence; every entry has one colon outside of texts.
        guard colons(in: text) == labels.count else {
            throw bad(file, nil, "an image comes twice; each has one label")
        }
        return labels.map { Entry(path: $0.key, label: $0.value.text, line: 1) }
    }

    private static func colons(in text: String) -> Int {
        var (count, isInText, isEscaped) = (0, false, false)
        for byte in text.utf8 {
            switch byte {
            case _ where isEscaped: isEscaped = false
            case UInt8(ascii: "\\"): isEscaped = isInText
            case UInt8(ascii: "\""): isInText.toggle()
            case UInt8(ascii: ":") where !isInText: count += 1
            default: break
            }
        }
        return count
    }

    /// A line of `metadata.jsonl`; other keys say nothing about classes.
    private struct Line: Decodable {
        var path: String
        var label: Label?

        enum CodingKeys: String, CodingKey {
            case path = "file_name"
            case label
        }
    }

    /// Reads one object a line, with `file_name` and `label`.
    static func objects(_ text: String, file: String) throws(DatasetError) -> [Entry] {
        var result: [Entry] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated() where !line.allSatisfy(\.isWhitespace)
        {
            do {
                let found = try JSONDecoder().decode(Line.self, from: Data(line.utf8))
                result.append(Entry(path: found.path, label: found.label?.text, line: index + 1))
            } catch {
                throw bad(
                    file, index + 1,
                    "this is not an object such as {\"file_name\": \"7.jpg\", \"label\": 3}")
            }
        }
        return result
    }
}
