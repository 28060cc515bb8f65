internal import Foundation
internal import Safetensors

/// The images in a folder, in torchvision's order, and what their places say of their classes.
struct FolderListing {
    /// Where each image lies below the folder.
    private(set) var paths: [String] = []
    /// The class of each image; nil for a flat folder.
    private(set) var labels: [Int]?
    /// The names that the labels number; nil where labels are numbers from a file.
    private(set) var classNames: [String]?

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
        if let file = try LabelsFile(entries: entries.filter { $0.kind == .file }.map(\.name), folder: root) {
            paths = file.images.map(\.path)
            (labels, classNames) = (file.labels, file.classNames)
            return
        }
        let folders = entries.filter { $0.kind == .folder }.map(\.name)
        let loose = entries.filter { $0.kind != .folder }.map(\.name).filter { Self.isImage($0, in: root) }
        if folders.isEmpty {
            paths = loose
        } else {
            try listClasses(folders, loose: loose)
        }
        guard !paths.isEmpty else {
            throw DatasetError(
                .empty, file: root,
                detail:
                    "the folder holds no images; JPEG, PNG and WebP files are read, in one folder for each class "
                    + "or all in this one")
        }
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
            for entry in try Self.entries(of: root + "/" + folder) where entry.kind != .folder {
                guard Self.isImage(entry.name, in: root + "/" + folder) else { continue }
                paths.append(folder + "/" + entry.name)
            }
            guard paths.count <= Self.mostImages else {
                throw DatasetError(
                    .badFolder, file: root, detail: "the folder holds more than \(Self.mostImages) images")
            }
        }
    }

    /// Adds a folder and all below it, links followed.
    private func collect(
        _ name: String, above: [FileIdentity], into folders: inout [String]
    ) throws(DatasetError) {
        let path = root + "/" + name
        guard let identity = FileIdentity(path: path) else {
            throw DatasetError(
                .unreadable, file: path, detail: "the folder cannot be read: \(systemMessage(errno))")
        }
        guard !above.contains(identity) else {
            throw DatasetError(
                .badFolder, file: path, detail: "this link leads back to a folder that it lies in; remove it")
        }
        guard above.count < Self.deepest else {
            throw DatasetError(
                .badFolder, file: path, detail: "folders are nested more than \(Self.deepest) deep")
        }
        folders.append(name)
        for entry in try Self.entries(of: path) where entry.kind == .folder {
            try collect(name + "/" + entry.name, above: above + [identity], into: &folders)
        }
    }

    // MARK: - Entries

    private enum Kind {
        case file, folder
        /// A link that leads nowhere.
        case broken
    }

    /// What is in a folder, in the order of the names' bytes; hidden names are left out.
    private static func entries(of folder: String) throws(DatasetError) -> [(name: String, kind: Kind)] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            var status = stat()
            let reason =
                unsafe stat(folder, &status) != 0 || access(folder, R_OK | X_OK) != 0
                ? systemMessage(errno) : "\(error.localizedDescription)"
            throw DatasetError(.unreadable, file: folder, detail: "the folder cannot be listed: \(reason)")
        }
        var result: [(name: String, kind: Kind)] = []
        for name in names.filter({ !$0.hasPrefix(".") }).sorted(by: precedes) {
            let path = folder + "/" + name
            var status = stat()
            guard unsafe stat(path, &status) == 0 else {
                switch errno {
                case ELOOP:
                    throw DatasetError(
                        .badFolder, file: path, detail: "this link leads in a circle; remove it")
                case ENOENT, ENOTDIR: result.append((name, .broken))
                case let code:
                    throw DatasetError(
                        .unreadable, file: path, detail: "this cannot be opened: \(systemMessage(code))")
                }
                continue
            }
            result.append((name, status.st_mode & S_IFMT == S_IFDIR ? .folder : .file))
        }
        return result
    }

    /// Whether a file is an image by its name, or else by its content.
    ///
    /// A name that announces an image makes it one even where the content does not, so that it is missed by nobody.
    private static func isImage(_ name: String, in folder: String) -> Bool {
        if let dot = name.lastIndex(of: "."),
            ImageFormat.suffixes.contains(name[name.index(after: dot)...].lowercased())
        {
            return true
        }
        guard let handle = FileHandle(forReadingAtPath: folder + "/" + name) else { return false }
        defer { handle.closeFile() }
        let prefix: [UInt8]
        do {
            prefix = Array(try handle.read(upToCount: ImageFormat.prefixLength) ?? Data())
        } catch {
            return false
        }
        return ImageFormat(sniffing: prefix.span) != nil
    }
}

/// Which file or folder a path leads to, however it is named.
private struct FileIdentity: Hashable {
    var device: UInt64
    var number: UInt64

    /// Looks a path up; nil where it leads nowhere.
    init?(path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        number = UInt64(status.st_ino)
    }
}

/// Whether a name comes before another, by bytes: the order of code points, which is Python's.
func precedes(_ one: String, _ other: String) -> Bool {
    one.utf8.lexicographicallyPrecedes(other.utf8)
}
