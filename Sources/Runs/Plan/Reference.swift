internal import Files

/// The name of a model or of images in a plan or a flag: a path or `sample:NAME`.
package enum Reference: Equatable, Sendable {
    /// A file or a folder.
    case path(String)
    /// One of the bundled samples.
    case sample(String)

    /// Reads a reference.
    package init(_ text: String) {
        let prefix = "sample:"
        self = text.hasPrefix(prefix) ? .sample(String(text.dropFirst(prefix.count))) : .path(text)
    }
}

extension RunPlan {
    /// The plan with whole paths, so that it leads to the same files from every working directory.
    ///
    /// - Parameter folder: The folder that relative paths start from, absolute.
    /// - Returns: The plan.
    package func located(in folder: String) -> RunPlan {
        mapReferences { joined(folder, $0.hasPrefix("./") ? String($0.dropFirst(2)) : $0) }
    }

    /// The plan of a file: a relative path that leads somewhere from the file's folder starts there, any other one from
    /// the working directory.
    package func located(beside file: String) -> RunPlan {
        let folder = parent(of: file)
        return mapReferences { exists(joined(folder, $0)) ? joined(folder, $0) : $0 }
    }

    private func mapReferences(_ locate: (String) -> String) -> RunPlan {
        func map(_ text: String) -> String {
            guard case .path(let path) = Reference(text), !path.isEmpty, !path.hasPrefix("/") else {
                return text
            }
            return locate(path)
        }
        var result = self
        result.model = map(model)
        result.calibration = calibration.map(map)
        result.evaluation = evaluation.map(map)
        return result
    }
}

/// Resolves references to paths of this machine.
///
/// The samples are in a folder `sample-models`: the one that `MGRQ_SAMPLES` names; or `../share/mgrq/sample-models`
/// beside the executable's folder; or the nearest one in the folders above the executable; or the nearest one in
/// the current folder and those above it.
package struct ReferenceResolver: Sendable {
    /// The queries of the file system.
    package struct FileSystem: Sendable {
        /// Whether a path leads to a plain file.
        package var isFile: @Sendable (String) -> Bool
        /// Whether a path leads to a folder.
        package var isFolder: @Sendable (String) -> Bool
        /// The names in a folder, sorted; nil where it cannot be listed.
        package var names: @Sendable (String) -> [String]?
        /// Why a path that leads to neither file nor folder cannot be used; nil where nothing is there.
        package var obstacle: @Sendable (String) -> RunFailure?

        package init(
            isFile: @escaping @Sendable (String) -> Bool, isFolder: @escaping @Sendable (String) -> Bool,
            names: @escaping @Sendable (String) -> [String]?,
            obstacle: @escaping @Sendable (String) -> RunFailure? = { _ in nil }
        ) {
            (self.isFile, self.isFolder, self.names, self.obstacle) = (isFile, isFolder, names, obstacle)
        }

        /// The file system of this machine.
        package static let local = FileSystem(
            isFile: { Files.isFile($0) }, isFolder: { Files.isFolder($0) },
            names: { try? Files.names(in: $0) },
            obstacle: { path in
                do throws(FileError) {
                    let kind = try FileStatus(path).kind
                    return kind == .other
                        ? RunFailure(
                            .badData, "\(path) is a device, a pipe or a socket, not a file or a folder") : nil
                } catch {
                    return error.code == .missing ? nil : RunFailure(error)
                }
            })
    }

    private let samples: String?
    private let files: FileSystem
    private let currentFolder: String

    /// Finds the samples.
    ///
    /// - Parameters:
    ///   - environment: The environment variables.
    ///   - executable: The path of this program with links resolved; nil if unknown.
    ///   - currentFolder: The current folder, absolute.
    ///   - files: The file system.
    package init(
        environment: [String: String], executable: String?, currentFolder: String, files: FileSystem = .local
    ) {
        self.files = files
        self.currentFolder = currentFolder
        if let named = environment["MGRQ_SAMPLES"], !named.isEmpty {
            samples = named
            return
        }
        let name = "sample-models"
        var candidates: [String] = []
        if let executable {
            let folder = parent(of: executable)
            candidates.append(joined(joined(parent(of: folder), "share/mgrq"), name))
            candidates += foldersUpwards(from: folder).map { joined($0, name) }
        }
        candidates += foldersUpwards(from: currentFolder).map { joined($0, name) }
        samples = candidates.first(where: files.isFolder)
    }

    /// The names of the sample models, sorted.
    package var sampleModels: [String] {
        sampleFolders.filter { isModel($0) }
    }

    /// The path of a checkpoint.
    ///
    /// - Parameters:
    ///   - text: A file with weights, a folder with one, or `sample:NAME`.
    ///   - flag: The flag that names another one; nil for an argument.
    /// - Returns: An existing path.
    /// - Throws: `RunFailure(.missingInput)` that lists what exists instead.
    package func model(_ text: String, flag: String? = nil) throws(RunFailure) -> String {
        switch Reference(text) {
        case .path(let path):
            return try existing(path, flag, "a file with weights (safetensors, .pth) or a folder with one")
        case .sample(let name):
            let folder = try sampleFolder(name, known: sampleModels, what: "model")
            guard isModel(name) else { throw unknownSample(name, known: sampleModels, what: "model") }
            return folder
        }
    }

    /// The use of images.
    package enum ImageUse: String, Sendable {
        /// They calibrate the quantizers and drive the reconstruction.
        case calibration
        /// They measure the result.
        case evaluation
    }

    /// The path of an image set.
    ///
    /// - Parameters:
    ///   - text: A folder, an array file, or `sample:NAME` for a sample's set of this use.
    ///   - use: The use of the images.
    ///   - flag: The flag that names others; nil for an argument.
    /// - Returns: An existing path.
    /// - Throws: `RunFailure(.missingInput)` that lists what exists instead.
    package func images(
        _ text: String, for use: ImageUse, flag: String? = nil
    ) throws(RunFailure) -> String {
        switch Reference(text) {
        case .path(let path):
            return try existing(path, flag, "a folder of images, or a safetensors, npy or npz file with them")
        case .sample(let name):
            let known = sampleFolders.filter { hasImages($0, for: use) }
            let folder = try sampleFolder(name, known: known, what: "\(use.rawValue) set")
            let path = joined(folder, "\(use.rawValue).safetensors")
            guard files.isFile(path) else {
                throw unknownSample(name, known: known, what: "\(use.rawValue) set")
            }
            return path
        }
    }

    /// The default images of a model.
    ///
    /// - Parameters:
    ///   - model: The reference to the model.
    ///   - use: The use of the images.
    /// - Returns: A reference; nil for a model that is not a sample. A sample's images are in the sample folder whose
    ///   name begins with the same word.
    package func defaultImages(of model: String, for use: ImageUse) -> String? {
        guard case .sample(let name) = Reference(model), let word = name.split(separator: "-").first else {
            return nil
        }
        return sampleFolders.first { hasImages($0, for: use) && $0.split(separator: "-").first == word }
            .map { "sample:\($0)" }
    }

    private var sampleFolders: [String] {
        guard let samples else { return [] }
        return (files.names(samples) ?? []).filter { files.isFolder(joined(samples, $0)) }
    }

    private func isModel(_ name: String) -> Bool {
        samples.map { files.isFile(joined(joined($0, name), "model.safetensors")) } ?? false
    }

    private func hasImages(_ name: String, for use: ImageUse) -> Bool {
        samples.map { files.isFile(joined(joined($0, name), "\(use.rawValue).safetensors")) } ?? false
    }

    private func sampleFolder(_ name: String, known: [String], what: String) throws(RunFailure) -> String {
        guard let samples, files.isFolder(samples) else {
            let place = samples.map { "\($0), which MGRQ_SAMPLES names, is not a folder" }
            throw RunFailure(
                .missingInput,
                "there is no sample “\(name)”: \(place ?? "no folder sample-models was found; MGRQ_SAMPLES can name one")"
            )
        }
        guard sampleFolders.contains(name) else { throw unknownSample(name, known: known, what: what) }
        return joined(samples, name)
    }

    private func unknownSample(_ name: String, known: [String], what: String) -> RunFailure {
        let names = known.map { "sample:\($0)" }.joined(separator: ", ")
        return RunFailure(
            .missingInput, "there is no sample \(what) “\(name)”; there is \(names.isEmpty ? "none" : names)")
    }

    private func existing(
        _ path: String, _ flag: String?, _ accepted: String
    ) throws(RunFailure) -> String {
        guard files.isFile(path) || files.isFolder(path) else {
            if let obstacle = files.obstacle(path) { throw obstacle }
            let place = path.isEmpty || path.hasPrefix("/") ? "" : " in \(currentFolder)"
            throw RunFailure(
                .missingInput,
                "\(path.isEmpty ? "an empty path" : path) is not there\(place); give "
                    + "\(flag.map { "\($0) " } ?? "")\(accepted)")
        }
        return path
    }
}

/// A folder and its parents, nearest first.
private func foldersUpwards(from folder: String) -> [String] {
    var result = [folder]
    while let last = result.last {
        let above = parent(of: last)
        if above == last || above == "." { break }
        result.append(above)
    }
    return result
}
