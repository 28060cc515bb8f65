/// The kind of a unit, for code that treats kinds differently: rotation, refits, estimates, and exporters of graphs.
///
/// A switch over it names every kind, so that the compiler finds the places that a new one concerns:
///
///     switch unit.structure {
///     case .block(let block): attentionNodes(heads: block.heads, width: block.width)
///     case .stem, .merging, .pooling, .head: []
///     }
package enum UnitStructure: Sendable {
    /// The patch embedding.
    case stem(PatchEmbedding)
    /// Attention and an MLP.
    case block(TransformerBlock)
    /// Swin's step between stages.
    case merging(PatchMerging)
    /// Pooling by attention, with the last norm before it.
    case pooling(AttentionPooling)
    /// The last norm and pooling, unless a unit before has them, and the classifiers.
    case head(ClassifierHead)
}

extension PatchEmbedding {
    package var structure: UnitStructure { .stem(self) }
}

extension TransformerBlock {
    package var structure: UnitStructure { .block(self) }
}

extension PatchMerging {
    package var structure: UnitStructure { .merging(self) }
}

extension AttentionPooling {
    package var structure: UnitStructure { .pooling(self) }
}

extension ClassifierHead {
    package var structure: UnitStructure { .head(self) }
}

extension ModelUnit {
    /// The unit, if it is a transformer block.
    package var block: TransformerBlock? {
        if case .block(let block) = structure { block } else { nil }
    }

    /// The unit, if it pools by attention.
    package var pooling: AttentionPooling? {
        if case .pooling(let pooling) = structure { pooling } else { nil }
    }
}
