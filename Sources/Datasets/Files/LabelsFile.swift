internal import Files
internal import Foundation
internal import Safetensors

/// The file of labels in a folder of images: which images there are, and the class of each.
///
/// One of
///
/// - `labels.csv`: lines of `relative/path,label`, fields in quotation marks where they hold commas;
/// - `labels.txt`: lines of `relative/path label`, parted by a tab or the last space;
/// - `labels.json`: one object, `{"relative/path": label}`.
///
/// A label is a class's number, counted from 0, or a class's name. Paths are relative to the folder and stay in it. A
/// first line `path,label` and empty lines are passed over. Images that the file does not name are not in the set.
struct LabelsFile {
    /// One image's entry.
    struct Entry {
        var path: String
        var label: String
        var line: Int
    }

    /// The images, in the order of their paths' bytes.
    let images: [Entry]
    /// The class of each image.
    let labels: [Int]
    /// The names that the labels number, in order; nil where the file gives numbers.
    let classNames: [String]?

    private static let names = ["labels.csv", "labels.json", "labels.txt"]
    private static let greatestLength = 256 << 20

    /// Reads the file of labels among a folder's files; nil if there is none.
    ///
    /// - Parameters:
    ///   - entries: The names of the folder's files.
    ///   - folder: The folder.
    /// - Throws: `DatasetError` with file and line where it cannot be used.
    init?(entries: [String], folder: String) throws(DatasetError) {
        let present = Self.names.filter(entries.contains)
        guard let name = present.first else { return nil }
        guard present.count == 1 else {
            throw DatasetError(
                .badFolder, file: folder,
                detail: "\(listed(present)) are all files of labels; keep one of them")
        }
        let file = joined(folder, name)
        let bytes = try DatasetError.wrapping(try readFile(file, limit: Self.greatestLength))
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw DatasetError(.badLabelsFile, file: file, detail: "the file is not UTF-8 text")
        }
        let found =
            switch name {
            case "labels.csv": try Self.lines(of: text, file: file, split: Self.splitCSV)
            case "labels.txt": try Self.lines(of: text, file: file, split: Self.splitText)
            default: try Self.object(text, file: file)
            }
        images = try Self.checked(found, file: file)
        if images.allSatisfy({ Int($0.label) != nil }) {
            labels = images.compactMap { Int($0.label) }
            classNames = nil
        } else {
            let names = Set(images.map(\.label)).sorted(by: precedes)
            let numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
            labels = images.compactMap { numbers[$0.label] }
            classNames = names
        }
        if let place = labels.firstIndex(where: { $0 < 0 }) {
            throw Self.bad(
                file, images[place].line, "the label \(labels[place]) is negative; classes count from 0")
        }
    }

    private static func bad(_ file: String, _ line: Int?, _ detail: String) -> DatasetError {
        DatasetError(.badLabelsFile, file: file, detail: (line.map { "line \($0): " } ?? "") + detail)
    }

    private static func checked(_ entries: [Entry], file: String) throws(DatasetError) -> [Entry] {
        guard !entries.isEmpty else { throw bad(file, nil, "the file names no image") }
        var seen: Set<String> = []
        for entry in entries {
            let parts = entry.path.split(separator: "/", omittingEmptySubsequences: false)
            let stays = !parts.isEmpty && !parts.contains { $0 == ".." || $0.isEmpty || $0.utf8.contains(0) }
            guard stays else {
                throw bad(
                    file, entry.line,
                    "the path “\(printable(entry.path))” is not one below this folder, such as dogs/7.jpg")
            }
            guard !entry.label.isEmpty else {
                throw bad(file, entry.line, "“\(printable(entry.path))” has no label")
            }
            guard seen.insert(entry.path).inserted else {
                throw bad(
                    file, entry.line, "“\(printable(entry.path))” comes twice; each image has one label")
            }
        }
        return entries.sorted { precedes($0.path, $1.path) }
    }

    // MARK: - Lines

    private static func lines(
        of text: String, file: String, split: (Substring) -> [String]?
    ) throws(DatasetError) -> [Entry] {
        var result: [Entry] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated()
        {
            if line.allSatisfy(\.isWhitespace) || index == 0 && line == "path,label" { continue }
            guard let fields = split(line), fields.count == 2 else {
                throw bad(
                    file, index + 1,
                    "“\(printable(String(line.prefix(80))))” is not a path and a label, such as dogs/7.jpg,3")
            }
            result.append(Entry(path: fields[0], label: fields[1], line: index + 1))
        }
        return result
    }

    /// Fields parted by commas, as RFC 4180 has it; nil for quotation marks that do not fit.
    private static func splitCSV(_ line: Substring) -> [String]? {
        var fields: [String] = []
        var rest = line[...]
        while true {
            var field = ""
            if rest.first == "\"" {
                rest = rest.dropFirst()
                while let end = rest.firstIndex(of: "\"") {
                    field += rest[..<end]
                    rest = rest[rest.index(after: end)...]
                    guard rest.first == "\"" else { break }
                    field += "\""
                    rest = rest.dropFirst()
                }
                guard rest.isEmpty || rest.first == "," else { return nil }
            } else {
                field = String(rest.prefix { $0 != "," })
                rest = rest.dropFirst(field.count)
            }
            fields.append(field.trimmingCharacters(in: .whitespaces))
            guard rest.first == "," else { return fields }
            rest = rest.dropFirst()
        }
    }

    private static func splitText(_ line: Substring) -> [String]? {
        let border = line.firstIndex(of: "\t") ?? line.lastIndex(of: " ")
        guard let border else { return nil }
        return [line[..<border], line[line.index(after: border)...]].map {
            $0.trimmingCharacters(in: .whitespaces)
        }
    }

    // MARK: - JSON

    private enum Label: Decodable {
        case number(Int)
        case name(String)

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            do {
                self = .number(try value.decode(Int.self))
            } catch {
                self = .name(try value.decode(String.self))
            }
        }

        var text: String {
            switch self {
            case .number(let number): "\(number)"
            case .name(let name): name
            }
        }
    }

    private static func object(_ text: String, file: String) throws(DatasetError) -> [Entry] {
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
}
