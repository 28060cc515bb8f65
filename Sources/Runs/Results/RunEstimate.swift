/// What a run will probably take, said before it starts.
package struct RunEstimate: Equatable, Codable, Sendable {
    /// What one part of the memory is for.
    package struct Memory: Equatable, Codable, Sendable {
        /// Such as `caches of activations`.
        package var purpose: String
        /// The size in bytes, from shapes.
        package var bytes: Int

        /// Makes a part.
        package init(purpose: String, bytes: Int) {
            self.purpose = purpose
            self.bytes = bytes
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
    /// The rate that times are computed with, in floating-point operations per second, as measured on this machine.
    package let operationsPerSecond: Double
    /// The greatest memory at one time, by purpose.
    package let memory: [Memory]

    /// Makes an estimate.
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
