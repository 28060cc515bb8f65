/// The cosines of the angles between weighted terms' gradients, −1 through 1; nil where a term is switched off.
public struct GradientCosines: Equatable, Codable, Sendable {
    /// Between the block and the global term.
    public var blockGlobal: Double?
    /// Between the block and the local terms.
    public var blockLocal: Double?
    /// Between the global and the local terms.
    public var globalLocal: Double?

    /// Makes values.
    public init(blockGlobal: Double? = nil, blockLocal: Double? = nil, globalLocal: Double? = nil) {
        self.blockGlobal = blockGlobal
        self.blockLocal = blockLocal
        self.globalLocal = globalLocal
    }
}

/// How far one operator's output is from full precision.
public struct OperatorLoss: Equatable, Codable, Sendable {
    /// The operator's name, such as `qkv`.
    public var name: String
    /// Its part of the local terms, before their mean.
    public var loss: Double

    /// Makes a loss.
    public init(name: String, loss: Double) {
        self.name = name
        self.loss = loss
    }
}
