internal import Files
internal import Foundation
internal import Safetensors

/// Hugging Face's index of a checkpoint in several files: the file of each tensor.
struct ShardIndex {
    /// The largest index that is read, in bytes.
    static let maximumLength = 64 << 20

    /// The shards, open, in the order of their names.
    let shards: [TensorFile]
    /// The shard of each tensor, by name.
    let place: [String: Int]

    /// Reads an index and opens its shards; every tensor must be in the shard that the index names, and in no other.
    ///
    /// - Parameter path: The index; the shards lie beside it.
    /// - Throws: `CheckpointError` with the file, the shard and the tensor.
    init(path: String) throws(CheckpointError) {
        let root = try jsonObject(path: path, maximumLength: Self.maximumLength)
        guard let map = root["weight_map"] as? [String: String], !map.isEmpty else {
            throw .unusable("\(path): “weight_map” should be an object that names a shard for every tensor")
        }
        let files = Set(map.values).sorted()
        let folder = parent(of: path)
        var shards: [TensorFile] = []
        for file in files {
            guard !file.contains("/"), !file.contains("\\"),
                [".safetensors", ".bin"].contains(where: file.hasSuffix)
            else {
                throw .unusable(
                    "\(path): the shard \(quoted(file)) should be the name of a .safetensors or .bin file in the same "
                        + "folder")
            }
            shards.append(try TensorFile(path: joined(folder, file)))
        }
        var place: [String: Int] = [:]
        for (index, shard) in shards.enumerated() {
            for name in shard.names {
                guard map[name] == files[index] else {
                    throw .unusable(
                        "\(path): tensor \(quoted(name)) is in \(quoted(files[index])), but the index says "
                            + (map[name].map(quoted) ?? "nothing of it"))
                }
                place[name] = index
            }
        }
        if let missing = map.keys.sorted().first(where: { place[$0] == nil }) {
            throw .unusable(
                "\(path): tensor \(quoted(missing)) should be in \(quoted(map[missing] ?? "")), which has none of this name"
            )
        }
        self.shards = shards
        self.place = place
    }
}

/// A JSON file whose top is an object.
///
/// - Throws: `CheckpointError.unusable` for another text, or a file longer than `maximumLength` bytes.
func jsonObject(path: String, maximumLength: Int = 16 << 20) throws(CheckpointError) -> [String: Any] {
    let bytes = try CheckpointError.wrapping(try readFile(path, limit: maximumLength))
    let value: Any
    do {
        value = try JSONSerialization.jsonObject(with: Data(bytes))
    } catch {
        // Such as: Unexpected character around line 2, column 7.
        let detail = (error as NSError).userInfo[NSDebugDescriptionErrorKey] as? String
        throw .unusable("\(path) is not JSON\(detail.map { ": \($0)" } ?? "")")
    }
    guard let root = value as? [String: Any] else {
        throw .unusable("\(path) is not a JSON object; it begins with another value")
    }
    return root
}
