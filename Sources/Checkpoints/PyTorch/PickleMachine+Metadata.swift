internal import Safetensors

extension PickleMachine {
    /// Refuses metadata by which a tensor's values are not those of its storage.
    func checkMetadata(_ value: PickleValue) throws(CheckpointError) {
        if case .none = value { return }
        guard case .dictionary(let index) = value else { throw unsupported("this tensor's metadata") }
        for (key, value) in dictionaries[index] {
            if case .bool(false) = value { continue }
            let name = if case .text(let text) = key { quoted(text) } else { "metadata" }
            throw unsupported("a tensor with \(name), whose values are not as they are stored,")
        }
    }
}
