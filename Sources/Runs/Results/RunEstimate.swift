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

    /// The time before the first unit: full precision, calibration, baselines; in seconds.
    package var preparationSeconds: Double
    /// The time of each unit, in seconds.
    package var unitSeconds: [Double]
    /// The time after the last unit, in seconds.
    package var evaluationSeconds: Double
    /// The rate that times are computed with, in floating-point operations per second, as measured on this machine.
    package var operationsPerSecond: Double
    /// The greatest memory at one time, by purpose.
    package var memory: [Memory]

    /// Makes an estimate.
    package init(
        preparationSeconds: Double, unitSeconds: [Double], evaluationSeconds: Double,
        operationsPerSecond: Double, memory: [Memory]
    ) {
        self.preparationSeconds = preparationSeconds
        self.unitSeconds = unitSeconds
        self.evaluationSeconds = evaluationSeconds
        self.operationsPerSecond = operationsPerSecond
        self.memory = memory
    }

    /// The estimate as one JSON object, its sums `seconds` and `bytes` among the members.
    ///
    /// - Throws: `RunFailure(.internal)` where that cannot be done.
    package func jsonLine() throws(RunFailure) -> String {
        let sums = [JSONMember("seconds", .finite(seconds)), JSONMember("bytes", .integer(bytes))]
        return JSONValue.object(sums + (try members(self))).line
    }

    /// The time of the whole run, in seconds.
    package var seconds: Double { preparationSeconds + unitSeconds.reduce(0, +) + evaluationSeconds }

    /// The greatest memory at one time, in bytes.
    package var bytes: Int { memory.reduce(0) { $0 + $1.bytes } }
}
