/// What a run will probably take, said before it starts.
public struct RunEstimate: Equatable, Codable, Sendable {
    /// What one part of the memory is for.
    public struct Memory: Equatable, Codable, Sendable {
        /// Such as `caches of activations`.
        public var purpose: String
        /// The size in bytes, from shapes.
        public var bytes: Int

        /// Makes a part.
        public init(purpose: String, bytes: Int) {
            self.purpose = purpose
            self.bytes = bytes
        }
    }

    /// The time before the first unit: full precision, calibration, baselines; in seconds.
    public var preparationSeconds: Double
    /// The time of each unit, in seconds.
    public var unitSeconds: [Double]
    /// The time after the last unit, in seconds.
    public var evaluationSeconds: Double
    /// The rate that times are computed with, in floating-point operations per second, as measured on this machine.
    public var operationsPerSecond: Double
    /// The greatest memory at one time, by purpose.
    public var memory: [Memory]

    /// Makes an estimate.
    public init(
        preparationSeconds: Double, unitSeconds: [Double], evaluationSeconds: Double,
        operationsPerSecond: Double, memory: [Memory]
    ) {
        self.preparationSeconds = preparationSeconds
        self.unitSeconds = unitSeconds
        self.evaluationSeconds = evaluationSeconds
        self.operationsPerSecond = operationsPerSecond
        self.memory = memory
    }

    /// The time of the whole run, in seconds.
    public var seconds: Double { preparationSeconds + unitSeconds.reduce(0, +) + evaluationSeconds }

    /// The greatest memory at one time, in bytes.
    public var bytes: Int { memory.reduce(0) { $0 + $1.bytes } }
}
