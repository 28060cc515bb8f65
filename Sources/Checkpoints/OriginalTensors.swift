package import VisionTransformers

/// A checkpoint's tensors by its own names, for files that its own program reads.
package struct OriginalTensors: Sendable {
    /// A tensor of the checkpoint, or zeros in the place of one that its layout leaves out.
    package enum Part: Equatable, Sendable {
        /// A tensor: its name, what versions of its program call it otherwise, and its shape.
        case tensor(name: String, others: OtherNames, shape: [Int])
        /// This many zeros.
        case zeros(Int)
    }

    /// What a tensor may be called in a program that does not keep the checkpoint's name.
    package struct OtherNames: Equatable, Codable, Sendable {
        /// Names of the whole tensor.
        package var whole: [String]
        /// Names of its parts, whose rows follow one another, where a program has them apart.
        package var parts: [[String]]
    }

    private let reading: CheckpointReading

    /// Reads the names of a checkpoint, and which of its tensors are parts of one in timm's layout.
    ///
    /// - Parameters:
    ///   - path: As in `loadCheckpoint`.
    ///   - configuration: The shape of the model that was made of it.
    /// - Throws: `CheckpointError`.
    package init(path: String, of configuration: ModelConfiguration) throws(CheckpointError) {
        reading = CheckpointReading(
            try CheckpointFiles(path: path), imageSize: (configuration.imageHeight, configuration.imageWidth),
            heads: configuration.heads)
        guard reading.problems.isEmpty else {
            throw .problems(file: reading.files.tensors.source.path, reading.problems)
        }
    }

    /// Whether the layout's program sets the biases of keys to zero.
    package var dropsKeyBias: Bool { reading.files.tensors.map.dropsKeyBias }

    /// The names in timm's layout of all tensors that the checkpoint's program reads.
    package var names: [String] { reading.files.tensors.entries.keys.sorted() }

    /// The parts of a tensor in timm's layout, whose rows follow one another; nil for one that is computed.
    package func parts(of name: String) -> [Part]? {
        let tensors = reading.files.tensors
        guard let entry = tensors.entries[name] else { return nil }
        return entry.parts.enumerated().map { index, part in
            switch part {
            case .zeros(let count): return .zeros(count)
            case .tensor(let own):
                let stripped = ModelPrefix.unwrapped(own)
                let bare = stripped.dropFirst(stripped.hasPrefix(tensors.prefix) ? tensors.prefix.count : 0)
                let place = entry.parts.count > 1 ? index : nil
                let known = tensors.map.names(of: name, part: place) + (place == nil ? [name] : [])
                var others = OtherNames(whole: [], parts: [])
                for other in [String(bare)] + known where other != own && !others.whole.contains(other) {
                    others.whole.append(other)
                }
                if place == nil {
                    others.parts = Array(
                        (0..<3).map { tensors.map.names(of: name, part: $0) }.prefix { !$0.isEmpty })
                }
                return .tensor(name: own, others: others, shape: tensors.source.entries[own]?.shape ?? [])
            }
        }
    }

    /// The checkpoint's names of tensors that its model does not read: a decoder's, or those of a half for text.
    package var unused: [String] { reading.files.tensors.needless }

    /// The numbers of a tensor of the checkpoint.
    ///
    /// - Throws: `CheckpointError` that names file, tensor and element.
    package func floats(_ name: String) throws(CheckpointError) -> [Float] {
        try reading.files.tensors.finiteFloats(name)
    }

    /// Position embeddings as the checkpoint has them: with a row of zeros for a position that was added to the class
    /// token.
    package func positions(_ elements: [Float], width: Int) -> [Float] {
        reading.positionIsForClassToken ? Array(repeating: 0, count: width) + elements : elements
    }
}
