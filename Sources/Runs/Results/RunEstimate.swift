/// The expected time and memory of a run.
package struct RunEstimate: Equatable, Codable, Sendable {
    /// The memory of one purpose.
    package struct Memory: Equatable, Codable, Sendable {
        /// The purpose, such as `caches of activations`.
        package var purpose: String
        /// The size in bytes, computed from shapes.
        package var bytes: Int

        package init(purpose: String, bytes: Int) {
            (self.purpose, self.bytes) = (purpose, bytes)
        }
    }

    /// The time of the whole run, in seconds.
    package let seconds: Double
    /// The peak memory, in bytes.
    package let bytes: Int
    /// The time before the first unit: full precision, calibration, baselines; in seconds.
    package let preparationSeconds: Double
    /// The time of each unit, in seconds.
    package let unitSeconds: [Double]
    /// The time after the last unit, in seconds.
    package let evaluationSeconds: Double
    /// The speed of this machine, in floating-point operations per second, that times are computed from.
    package let operationsPerSecond: Double
    /// The peak memory by purpose.
    package let memory: [Memory]

    package init(
        preparationSeconds: Double, unitSeconds: [Double], evaluationSeconds: Double,
        operationsPerSecond: Double, memory: [Memory]
    ) {
        seconds = preparationSeconds + unitSeconds.reduce(0, +) + evaluationSeconds
        bytes = memory.reduce(0) { $0 + $1.bytes }
        self.preparationSeconds = preparationSeconds
        self.unitSeconds = unitSeconds
        self.evaluationSeconds = evaluationSeconds
        self.operationsPerSecond = operationsPerSecond
        self.memory = memory
    }
}
