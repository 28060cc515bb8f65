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

    private let files: [TensorFile]
    /// The file of each tensor, by name.
    private let place: [String: Int]
    /// The file, or the index of the shards.
    let path: String
    /// The names of all tensors, in the files' order.
    let names: [String]
    /// All tensors, by name.
    let entries: [String: Entry]
    /// Which of several things in the file the tensors are; nil where it holds nothing else.
    let choice: String?

    /// Opens a checkpoint's files.
    ///
    /// - Parameter path: A safetensors file, an index of shards (`….index.json`), or a file of `torch.save`.
    /// - Throws: `CheckpointError` with the file and what is wrong.
    init(path: String) throws(CheckpointError) {
        self.path = path
        if path.hasSuffix(".index.json") {
            let index = try ShardIndex(path: path)
            (files, place) = (index.shards, index.place)
        } else {
            files = [try TensorFile(path: path)]
            place = [:]
        }
        names = files.flatMap(\.names)
        entries = files.reduce(into: [:]) { $0.merge($1.entries) { first, _ in first } }
        choice = if case .torch(let file)? = files.first { file.choice } else { nil }
    }

    /// The elements of a tensor of floats in row-major order.
    ///
    /// - Throws: `CheckpointError` where there is none of this name, or it holds no floats.
    func floats(_ name: String) throws(CheckpointError) -> [Float] {
        try files[place[name] ?? 0].floats(name)
    }
}
