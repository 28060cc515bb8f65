internal import Files
internal import Safetensors

/// One open file with tensors.
enum TensorFile: Sendable {
    case safetensors(SafetensorsFile)
    case torch(TorchFile)

    /// How the names of files of `torch.save` end, in small letters; “.pth.tar” is no archive, but what many training
    /// programs call them.
    static let torchEndings = [".pth", ".pt", ".bin", ".ckpt", ".pth.tar", ".pt.tar"]
    /// How the names of files with weights end, in small letters.
    static let endings = [".safetensors"] + torchEndings

    /// Opens a file by what it begins with.
    ///
    /// - Throws: `CheckpointError` with the file and what is wrong; for a known format that is not read, its name and the
    ///   way out.
    init(path: String) throws(CheckpointError) {
        let start = try CheckpointError.wrapping(try readPrefix(of: path, count: 512))
        if start.starts(with: [0x50, 0x4B, 0x03, 0x04]) || TorchFile.isLegacy(start) {
            self = .torch(try TorchFile(path: path))
            return
        }
        if let format = ForeignFormat(start: start, path: path) {
            throw .unusable("\(path) \(format.sentence)")
        }
        let file: SafetensorsFile
        do {
            file = try SafetensorsFile(path: path)
        } catch {
            throw .file(error)
        }
        guard file.metadata["format"] != PackedCheckpoint.format else {
            throw .unusable(
                "\(path) is a packed checkpoint, which is quantized already; give the file itself to mgrq evaluate or "
                    + "predict, and to mgrq run the checkpoint that it was made from")
        }
        self = .safetensors(file)
    }

    /// The names of all tensors, in the file's order.
    var names: [String] {
        switch self {
        case .safetensors(let file): file.names
        case .torch(let file): file.names
        }
    }

    /// All tensors, by name.
    var entries: [String: TensorSource.Entry] {
        switch self {
        case .safetensors(let file):
            file.header.entries.mapValues { TensorSource.Entry(type: $0.type, shape: $0.shape) }
        case .torch(let file):
            file.tensors.mapValues { TensorSource.Entry(type: $0.storage.type, shape: $0.shape) }
        }
    }

    /// The elements of a tensor of floats in row-major order.
    ///
    /// - Throws: `CheckpointError` where there is none of this name, or it holds no floats.
    func floats(_ name: String) throws(CheckpointError) -> [Float] {
        switch self {
        case .torch(let file): return try file.floats(name)
        case .safetensors(let file):
            do {
                return try file.floats(name)
            } catch {
                throw .file(error)
            }
        }
    }
}

/// A format that models and data come in and that is not read, told by its first bytes.
enum ForeignFormat {
    case onnx, hdf5, gguf, parquet, tar, gzip, zstandard, xz, bzip2, sevenZip, lmdb, flatbuffers, numpy, git,
        html, pickle
    case oldTorch, json, empty

    /// The format of a file; nil for none of these.
    ///
    /// - Parameters:
    ///   - start: The first 512 bytes, or all.
    ///   - path: The file's path, whose ending tells formats without a mark.
    init?(start: [UInt8], path: String) {
        func begins(_ bytes: [UInt8]) -> Bool { start.starts(with: bytes) }
        func begins(_ text: String) -> Bool { begins(Array(text.utf8)) }
        let path = path.lowercased()
        let isNamedTorch = (TensorFile.torchEndings + [".pkl"]).contains(where: path.hasSuffix)
        if start.isEmpty {
            self = .empty
        } else if begins([0x89, 0x48, 0x44, 0x46]) {
            self = .hdf5
        } else if begins("GGUF") {
            self = .gguf
        } else if begins("PAR1") {
            self = .parquet
        } else if start.count >= 262, Array(start[257..<262]) == Array("ustar".utf8) {
            self = .tar
        } else if begins([0x1F, 0x8B]) {
            self = .gzip
        } else if begins([0x28, 0xB5, 0x2F, 0xFD]) {
            self = .zstandard
        } else if begins([0xFD, 0x37, 0x7A, 0x58, 0x5A]) {
            self = .xz
        } else if begins("BZh") {
            self = .bzip2
        } else if begins([0x37, 0x7A, 0xBC, 0xAF]) {
            self = .sevenZip
        } else if start.count > 8, Array(start[4..<8]) == Array("TFL3".utf8) {
            self = .flatbuffers
        } else if start.count > 20, Array(start[16..<20]) == [0xDE, 0xC0, 0xEF, 0xBE] {
            self = .lmdb
        } else if begins([0x93]), Array(start.dropFirst().prefix(5)) == Array("NUMPY".utf8) {
            self = .numpy
        } else if begins("version https://git-lfs") {
            self = .git
        } else if begins("<!") || begins("<html") {
            self = .html
        } else if path.hasSuffix(".onnx")
            || start.count > 8 && start[8] != 0x7B && begins([0x08]) && start[1] < 0x20 && start[2] == 0x12
        {
            self = .onnx
        } else if isNamedTorch, begins("{") {
            self = .json
        } else if isNamedTorch, begins([0x80]) {
            self = .pickle
        } else if isNamedTorch {
            self = .oldTorch
        } else {
            return nil
        }
    }

    /// What it is and what to do, after the file's name.
    var sentence: String {
        let save = "save the weights with safetensors (save_file(model.state_dict(), …)) or torch.save"
        return switch self {
        case .onnx: "is an ONNX graph, which is not read; \(save) from the model that it was exported from"
        case .hdf5: "is an HDF5 file (Keras), which is not read; \(save) from PyTorch"
        case .gguf: "is a GGUF file, whose weights are quantized already; give the original checkpoint"
        case .parquet: "is a Parquet table, not a model; as --data, extract its images into a folder first"
        case .tar: "is a tar archive, not a model; extract it and give what is in it"
        case .gzip, .zstandard, .xz, .bzip2, .sevenZip: "is compressed; extract it and give what is in it"
        case .lmdb: "is an LMDB database, not a model; as --data, extract its images into a folder first"
        case .flatbuffers: "is a TensorFlow Lite model, which is not read; give the original checkpoint"
        case .numpy: "is a NumPy array, not a model; a file with weights was expected"
        case .git: "is a pointer of Git LFS, not the file itself; fetch it with git lfs pull"
        case .html: "is a web page, not a model; the download probably failed"
        case .pickle: "is a pickle that torch.save did not write; \(save)"
        case .oldTorch: "is neither a zip file nor a pickle, as torch.save writes; \(save)"
        case .json: "is a JSON text, not weights; give the file with the weights"
        case .empty: "is empty; the download or the copy probably failed"
        }
    }
}
