internal import Files
internal import Foundation
internal import Safetensors

/// The file of labels in a folder of images: which images there are, and the class of each.
///
/// One of
///
/// - `labels.csv`: lines of `relative/path,label`, fields in quotation marks where they hold commas;
/// - `labels.tsv`, `labels.txt`: lines of `relative/path label`, parted by a tab, or in `.txt` by the last space;
/// - `labels.json`: one object, `{"relative/path": label}`;
/// - in a flat folder also Hugging Face's `metadata.csv` and `metadata.jsonl`, with `file_name` and `label`, and ImageNet's
///   `val.txt`, with lines as in `labels.txt`.
///
/// A label is a class's number, counted from 0, or a class's name. Paths are relative to the folder and stay in it. A
/// header that names the columns, a byte order mark and empty lines are passed over. Images that the file does not name
/// are not in the set.
struct LabelsFile {
    /// One image's entry.
    struct Entry {
        var path: String
        /// nil in a file without labels.
        var label: String?
        var line: Int
    }

    /// The forms of files.
    private enum Form {
        case commas, tabs, spaces, object, objects

        init(name: String) {
            switch name.drop(while: { $0 != "." }) {
            case ".csv": self = .commas
            case ".tsv": self = .tabs
            case ".json": self = .object
            case ".jsonl": self = .objects
            default: self = .spaces
            }
        }
    }

    /// The images, in the order of their paths' bytes.
    let images: [Entry]
    /// The class of each image; nil for a file without labels.
    let labels: [Int]?
    /// The names that the labels number, in order; nil where the file gives numbers.
    let classNames: [String]?
    /// What a person should know of how the file was read, one sentence each.
    private(set) var notes: [String] = []

    /// The files that are read in every folder.
    static let names = ["labels.csv", "labels.json", "labels.tsv", "labels.txt"]
    /// The files that are read in a flat folder.
    static let namesInFlatFolders = ["metadata.csv", "metadata.jsonl", "val.txt"]
    private static let greatestLength = 256 << 20

    /// Reads the file of labels among a folder's files; nil if there is none.
    ///
    /// - Parameters:
    ///   - entries: The names of the folder's files.
    ///   - names: The names that a file of labels may have.
    ///   - folder: The folder.
    /// - Throws: `DatasetError` with file and line where it cannot be used.
    init?(entries: [String], named names: [String], folder: String) throws(DatasetError) {
        let present = names.filter(entries.contains)
        guard let name = present.first else { return nil }
        guard present.count == 1 else {
            throw DatasetError(
                .badFolder, file: folder,
                detail: "\(listed(present)) are all files of labels; keep one of them")
        }
        let file = joined(folder, name)
        let bytes = try DatasetError.wrapping(try readFile(file, limit: Self.greatestLength))
        guard let whole = String(validating: bytes, as: UTF8.self) else {
            throw DatasetError(.badLabelsFile, file: file, detail: "the file is not UTF-8 text")
        }
        let text = whole.unicodeScalars.first == "\u{FEFF}" ? String(whole.unicodeScalars.dropFirst()) : whole
        let found =
            switch Form(name: name) {
            case .commas: try Self.table(text, file: file, folder: folder, split: Self.splitCSV)
            case .tabs: try Self.table(text, file: file, folder: folder, split: Self.splitTabs)
            case .spaces: try Self.table(text, file: file, folder: folder, split: Self.splitText)
            case .object: try Self.object(text, file: file)
            case .objects: try Self.objects(text, file: file)
            }
        images = try Self.checked(found, file: file)
        let given = images.compactMap(\.label)
        guard given.count == images.count else {
            if let entry = images.first(where: { $0.label == nil }), !given.isEmpty {
                throw Self.bad(file, entry.line, "“\(printable(entry.path))” has no label")
            }
            (labels, classNames) = (nil, nil)
            notes = ["\(printable(file)): there is no column “label”, so that the images have no labels"]
            return
        }
        if let numbers = try Self.numbers(images, file: file) {
            (labels, classNames) = (numbers, nil)
        } else {
            let names = Set(given).sorted(by: precedes)
            let numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
            (labels, classNames) = (given.compactMap { numbers[$0] }, names)
        }
    }

    static func bad(_ file: String, _ line: Int?, _ detail: String) -> DatasetError {
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
            guard entry.label?.isEmpty != true else {
                throw bad(file, entry.line, "“\(printable(entry.path))” has no label")
            }
            guard seen.insert(entry.path).inserted else {
                throw bad(
                    file, entry.line, "“\(printable(entry.path))” comes twice; each image has one label")
            }
        }
        return entries.sorted { precedes($0.path, $1.path) }
    }

    /// The labels as numbers, `3.0` being 3; nil where some are names.
    private static func numbers(_ entries: [Entry], file: String) throws(DatasetError) -> [Int]? {
        var numbers: [Int] = []
        var broken: Entry?
        for entry in entries {
            let label = entry.label ?? ""
            let parts = label.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count <= 2, let number = Int(parts[0]),
                parts.count == 1 || parts[1].allSatisfy({ "0"..."9" ~= $0 })
            else { return nil }
            if parts.count == 2, parts[1].contains(where: { $0 != "0" }) { broken = broken ?? entry }
            numbers.append(number)
        }
        if let broken {
            throw bad(
                file, broken.line,
                "the label “\(broken.label ?? "")” is no whole number; classes are numbered 0, 1, 2 and so on"
            )
        }
        if let place = numbers.firstIndex(where: { $0 < 0 }) {
            throw bad(
                file, entries[place].line, "the label \(numbers[place]) is negative; classes count from 0")
        }
        return numbers
    }

    // MARK: - Lines

    /// What a header calls the columns.
    private static let pathColumns: Set<String> = [
        "path", "file", "filename", "file_name", "file_path", "filepath", "image", "image_path", "image_name",
        "img", "name", "image_id", "id", "relative_path",
    ]
    private static let labelColumns: Set<String> = [
        "label", "labels", "class", "classes", "class_id", "class_name", "category", "target", "label_id",
        "y",
    ]

    private static func table(
        _ text: String, file: String, folder: String, split: (Substring) -> [String]?
    ) throws(DatasetError) -> [Entry] {
        var result: [Entry] = []
        var (path, label, columns): (Int, Int?, Int) = (0, 1, 2)
        var isFirst = true
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated() where !line.allSatisfy(\.isWhitespace)
        {
            let fields = split(line)
            defer { isFirst = false }
            if isFirst, let fields {
                let names = fields.map { $0.lowercased() }
                if let found = names.firstIndex(where: pathColumns.contains), names.count > 1 || found == 0,
                    !exists(joined(folder, fields[found]))
                {
                    (path, columns) = (found, fields.count)
                    label =
                        names.indices.first { $0 != found && labelColumns.contains(names[$0]) }
                        ?? (columns == 2 && !lastName(of: file).hasPrefix("metadata") ? 1 - found : nil)
                    continue
                }
            }
            guard let fields, fields.count == columns else {
                throw bad(
                    file, index + 1,
                    "“\(printable(String(line.prefix(80))))” is not "
                        + (columns == 2
                            ? "a path and a label, such as dogs/7.jpg,3"
                            : "\(columns) values as in the header"))
            }
            guard !isFirst || exists(joined(folder, fields[path])) || fields[path].contains("..") else {
                throw bad(
                    file, index + 1,
                    "“\(printable(fields[path]))” is neither an image of this folder nor the header of a column, such as "
                        + "path,label")
            }
            result.append(Entry(path: fields[path], label: label.map { fields[$0] }, line: index + 1))
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

    private static func splitTabs(_ line: Substring) -> [String]? {
        line.split(separator: "\t", omittingEmptySubsequences: false).map {
            $0.trimmingCharacters(in: .whitespaces)
        }
    }

    private static func splitText(_ line: Substring) -> [String]? {
        let border = line.firstIndex(of: "\t") ?? line.lastIndex(of: " ")
        guard let border else { return nil }
        return [line[..<border], line[line.index(after: border)...]].map {
            $0.trimmingCharacters(in: .whitespaces)
        }
    }
}
