/// The cosines of the angles between weighted terms' gradients, −1 through 1; nil where a term is switched off.
package struct GradientCosines: Equatable, Codable, Sendable {
    /// Between the block and the global term.
    package var blockGlobal: Double?
    /// Between the block and the local terms.
    package var blockLocal: Double?
    /// Between the global and the local terms.
    package var globalLocal: Double?

    /// Makes values.
    package init(blockGlobal: Double? = nil, blockLocal: Double? = nil, globalLocal: Double? = nil) {
        self.blockGlobal = blockGlobal
        self.blockLocal = blockLocal
        self.globalLocal = globalLocal
    }
}

/// How far one operator's output is from full precision.
package struct OperatorLoss: Equatable, Codable, Sendable {
    /// The operator's name, such as `qkv`.
    package var name: String
    /// Its part of the local terms, before their mean.
    package var loss: Double

    /// Makes a loss.
    package init(name: String, loss: Double) {
        self.name = name
        self.loss = loss
    }
}
