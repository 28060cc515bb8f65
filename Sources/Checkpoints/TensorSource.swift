internal import Files
internal import Safetensors

/// The named tensors of a checkpoint, in whatever files.
///
/// Opening maps the files and checks their structure; elements are copied when they are asked for, and only then.
struct TensorSource: Sendable {
    /// One tensor.
    struct Entry: Sendable {
        let type: ElementType
        let shape: [Int]
    }

    private enum Files {
        case safetensors([SafetensorsFile], place: [String: Int])
        case torch(TorchFile, names: [String: String])
    }

    private let files: Files
    /// The file, or the index of the shards.
    let path: String
    /// The names of all tensors, in the files' order.
    let names: [String]
    /// All tensors, by name.
    let entries: [String: Entry]

    /// Opens a checkpoint's files.
    ///
    /// - Parameter path: A safetensors file, an index of shards (`….index.json`), or a file of `torch.save`.
    /// - Throws: `CheckpointError` with the file and what is wrong.
    init(path: String) throws(CheckpointError) {
        if path.hasSuffix(".index.json") {
            let index = try ShardIndex(path: path)
            var (names, entries): ([String], [String: Entry]) = ([], [:])
            for file in index.shards {
                for name in file.names {
                    entries[name] = file.entry(name).map { Entry(type: $0.type, shape: $0.shape) }
                }
                names += file.names
            }
            self.init(
                path: path, files: .safetensors(index.shards, place: index.place), names: names,
                entries: entries)
        } else if try Self.isTorch(path) {
            let file = try TorchFile(path: path)
            let names = Self.unwrapped(file.names)
            let entries = zip(names, file.names).compactMap { name, original in
                file.tensors[original].map { (name, Entry(type: $0.storage.type, shape: $0.shape)) }
            }
            self.init(
                path: path,
                files: .torch(file, names: Dictionary(zip(names, file.names)) { first, _ in first }),
                names: names, entries: Dictionary(entries) { first, _ in first })
        } else {
            do {
                let file = try SafetensorsFile(path: path)
                self.init(
                    path: path, files: .safetensors([file], place: [:]), names: file.names,
                    entries: file.header.entries.mapValues { Entry(type: $0.type, shape: $0.shape) })
            } catch {
                throw .file(error)
            }
        }
    }

    private init(path: String, files: Files, names: [String], entries: [String: Entry]) {
        self.path = path
        self.files = files
        self.names = names
        self.entries = entries
    }

    /// The elements of a tensor of floats in row-major order.
    ///
    /// - Throws: `CheckpointError` where there is none of this name, or it holds no floats.
    func floats(_ name: String) throws(CheckpointError) -> [Float] {
        switch files {
        case .torch(let file, let names): return try file.floats(names[name] ?? name)
        case .safetensors(let shards, let place):
            do {
                return try shards[place[name] ?? 0].floats(name)
            } catch {
                throw .file(error)
            }
        }
    }

    /// Whether a file begins as those of `torch.save` do.
    private static func isTorch(_ path: String) throws(CheckpointError) -> Bool {
        let start = try CheckpointError.wrapping(try readPrefix(of: path, count: 4))
        if start == [0x50, 0x4B, 0x03, 0x04] { return true }
        let isNamedSo = [".pth", ".pt", ".bin", ".ckpt", ".pkl"].contains { path.lowercased().hasSuffix($0) }
        if isNamedSo {
            throw .unusable(
                start.first == 0x80
                    ? "\(path): this is PyTorch's format from before version 1.6, which is not read; load and save it with "
                        + "a newer PyTorch, or convert it to safetensors"
                    : "\(path): this is not a zip file as torch.save writes it; convert the weights to safetensors"
            )
        }
        return false
    }

    /// Names without the prefixes of PyTorch's wrappers, where all names have them.
    static func unwrapped(_ names: [String]) -> [String] {
        var names = names
        while let prefix = ["module.", "_orig_mod."].first(where: { prefix in
            !names.isEmpty && names.allSatisfy { $0.hasPrefix(prefix) }
        }) {
            names = names.map { String($0.dropFirst(prefix.count)) }
        }
        return names
    }
}
