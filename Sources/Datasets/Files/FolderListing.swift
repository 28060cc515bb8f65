internal import Files
internal import Safetensors

/// The images in a folder, in torchvision's order, and the classes that their folders name.
struct FolderListing {
    /// The path of each image relative to the folder.
    private(set) var paths: [String] = []
    /// The class of each image; nil for a flat folder.
    private(set) var labels: [Int]?
    /// The names that the labels number; nil where labels are numbers from a file.
    private(set) var classNames: [String]?
    /// What a person should know of how the folder was read, one sentence each.
    private(set) var notes: [String] = []

    /// The most images that a folder may hold.
    static let mostImages = 10_000_000
    /// The deepest nesting of folders in a class.
    private static let deepest = 64

    private let root: String

    /// Lists a folder.
    ///
    /// - Parameter root: The folder.
    /// - Throws: `DatasetError` if it cannot be listed, holds no images, or its layout is ambiguous.
    init(root: String) throws(DatasetError) {
        self.root = root
        let entries = try Self.entries(of: root)
        let files = entries.filter { $0.kind == .file }.map(\.name)
        guard try !useLabels(named: LabelsFile.names, among: files) else { return }
        let folders = entries.filter { $0.kind == .folder }.map(\.name)
        let loose = entries.filter { $0.kind != .folder }.map(\.name).filter { Self.isImage($0, in: root) }
        if folders.isEmpty {
            guard try !useLabels(named: LabelsFile.namesInFlatFolders, among: files) else { return }
            paths = loose
        } else {
            try listClasses(folders, loose: loose)
        }
        guard !paths.isEmpty else {
            let other = files.lazy.compactMap { name in
                (try? readPrefix(of: joined(root, name), count: ImageFormat.prefixLength)).flatMap { prefix in
                    nameOfOtherData(prefix.span).map { "“\(printable(name))” is \($0), which is not read" }
                }
            }.first
            throw DatasetError(
                .empty, file: root,
                detail:
                    "the folder holds no images\(other.map { ": \($0)" } ?? ""); \(ImageFormat.names) files are read, in "
                    + "one folder for each class or all in this one")
        }
        noteUnusedLists(among: files)
    }

    /// Takes the images and labels of a file of labels, if there is one.
    private mutating func useLabels(
        named names: [String], among files: [String]
    ) throws(DatasetError) -> Bool {
        guard let file = try LabelsFile(entries: files, named: names, folder: root) else { return false }
        paths = file.images.map(\.path)
        (labels, classNames, notes) = (file.labels, file.classNames, file.notes)
        noteUnlisted(in: names.first(where: files.contains) ?? "")
        return true
    }

    /// Names the images below the folder, by their names' ends, that a file of labels leaves out.
    private mutating func noteUnlisted(in list: String) {
        func parts(_ path: String) -> [Substring] { path.split(separator: "/").filter { $0 != "." } }
        let named = Set(paths.map(parts))
        var (folders, unlisted) = ([""], [String]())
        // What cannot be listed holds no image that could be read.
        for entry in (try? Self.entries(of: root)) ?? [] where entry.kind == .folder {
            try? collect(entry.name, above: [], into: &folders)
        }
        for folder in folders {
            let path = folder.isEmpty ? root : joined(root, folder)
            for entry in (try? Self.entries(of: path)) ?? [] where entry.kind == .file {
                let image = folder.isEmpty ? entry.name : joined(folder, entry.name)
                if Self.hasImageSuffix(entry.name), !named.contains(parts(image)) { unlisted.append(image) }
            }
        }
        guard !unlisted.isEmpty else { return }
        notes.append(
            "\(printable(joined(root, list))): \(unlisted.count) \(unlisted.count == 1 ? "image" : "images") of the folder "
                + "\(unlisted.count == 1 ? "is" : "are") not in the list and left out: \(listed(unlisted))")
    }

    /// Names files that look like lists of labels and are not read.
    private mutating func noteUnusedLists(among files: [String]) {
        let lists = files.filter { name in
            ["csv", "tsv", "txt", "json", "jsonl"].contains { name.lowercased().hasSuffix(".\($0)") }
                && !name.lowercased().hasPrefix("readme") && !name.lowercased().hasPrefix("license")
        }
        guard !lists.isEmpty else { return }
        let reason =
            labels == nil
            ? "so that the images have no labels; \((LabelsFile.names + LabelsFile.namesInFlatFolders).joined(separator: ", ")) are"
            : "as the folders give the classes; \(LabelsFile.names.joined(separator: ", ")) would be"
        notes.append("\(printable(root)): \(listed(lists)) is not read, \(reason)")
    }

    private mutating func listClasses(_ folders: [String], loose: [String]) throws(DatasetError) {
        var found: [Int] = []
        var empty: [String] = []
        for (index, name) in folders.enumerated() {
            let before = paths.count
            try walk(name)
            if paths.count == before { empty.append(name) }
            found += Array(repeating: index, count: paths.count - before)
        }
        if paths.isEmpty, !loose.isEmpty {
            paths = loose
            return
        }
        guard loose.isEmpty else {
            throw DatasetError(
                .badFolder, file: root,
                detail:
                    "images lie both in folders and beside them (\(listed(loose))); the classes are either given by "
                    + "folders or by a file of labels")
        }
        guard empty.isEmpty || paths.isEmpty else {
            throw DatasetError(
                .badFolder, file: root,
                detail:
                    "the folders \(listed(empty)) hold no images; each folder is a class, and a class has images"
            )
        }
        labels = found
        classNames = folders
    }

    /// Adds all images below a class's folder: folders in the order of their paths, files in the order of their names.
    private mutating func walk(_ name: String) throws(DatasetError) {
        var folders: [String] = []
        try collect(name, above: [], into: &folders)
        for folder in folders.sorted(by: precedes) {
            let path = joined(root, folder)
            for entry in try Self.entries(of: path) where entry.kind != .folder {
                guard Self.isImage(entry.name, in: path) else { continue }
                paths.append(joined(folder, entry.name))
            }
            guard paths.count <= Self.mostImages else {
                throw DatasetError(
                    .badFolder, file: root, detail: "the folder holds more than \(Self.mostImages) images")
            }
        }
    }

    /// Adds a folder and all below it, links followed.
    private func collect(
        _ name: String, above: [FileStatus.Identity], into folders: inout [String]
    ) throws(DatasetError) {
        let path = joined(root, name)
        let identity = try DatasetError.wrapping(try FileStatus(path)).identity
        guard !above.contains(identity) else {
            throw DatasetError(
                .badFolder, file: path, detail: "this link leads back to a folder that contains it; remove it"
            )
        }
        guard above.count < Self.deepest else {
            throw DatasetError(
                .badFolder, file: path, detail: "folders are nested more than \(Self.deepest) deep")
        }
        folders.append(name)
        for entry in try Self.entries(of: path) where entry.kind == .folder {
            try collect(joined(name, entry.name), above: above + [identity], into: &folders)
        }
    }

    // MARK: - Entries

    private enum Kind {
        case file, folder
        /// A link that leads nowhere.
        case broken
    }

    /// The entries of a folder without hidden ones, in the order of the names' bytes.
    private static func entries(of folder: String) throws(DatasetError) -> [(name: String, kind: Kind)] {
        let listed: [String]
        do {
            listed = try names(in: folder)
        } catch {
            throw DatasetError(.unreadable, file: folder, detail: "the folder \(error.problem)")
        }
        var result: [(name: String, kind: Kind)] = []
        for name in listed.filter({ !$0.hasPrefix(".") }).sorted(by: precedes) {
            let path = joined(folder, name)
            do {
                result.append((name, try FileStatus(path).kind == .folder ? .folder : .file))
            } catch {
                switch error.code {
                case .missing: result.append((name, .broken))
                case .circularLink:
                    throw DatasetError(
                        .badFolder, file: path, detail: "this link leads in a circle; remove it")
                default: throw DatasetError(error)
                }
            }
        }
        return result
    }

    private static func hasImageSuffix(_ name: String) -> Bool {
        name.lastIndex(of: ".").map {
            ImageFormat.suffixes.contains(name[name.index(after: $0)...].lowercased())
        } == true
    }

    /// Whether a file is an image by its name, or else by its content.
    ///
    /// A file with an image's suffix counts even if its content is not an image, so that a damaged image is reported.
    private static func isImage(_ name: String, in folder: String) -> Bool {
        if hasImageSuffix(name) { return true }
        guard let prefix = try? readPrefix(of: joined(folder, name), count: ImageFormat.prefixLength) else {
            return false
        }
        return ImageFormat(sniffing: prefix.span) != nil
    }
}

/// Whether a name comes before another, by bytes: the order of code points, which is Python's.
func precedes(_ one: String, _ other: String) -> Bool {
    one.utf8.lexicographicallyPrecedes(other.utf8)
}
