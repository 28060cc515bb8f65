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
    /// The parts of the time of a unit, in seconds.
    package struct UnitParts: Equatable, Codable, Sendable {
        /// Its inputs and its calibration.
        package var calibration: Double
        /// Its steps.
        package var steps: Double
        /// The comparison of its states after the last step.
        package var judgement: Double

        package init(calibration: Double, steps: Double, judgement: Double) {
            (self.calibration, self.steps, self.judgement) = (calibration, steps, judgement)
        }

        /// All of it.
        package var seconds: Double { calibration + steps + judgement }
    }

    /// The time before the first unit: full precision and changes to the model; in seconds.
    package let preparationSeconds: Double
    /// The parts of the time of each unit.
    package let units: [UnitParts]
    /// The time of what is measured for comparison only, between units: the checkpoint, the calibrated model, the model
    /// with weights rounded to the nearest codes; in seconds.
    package let baselineSeconds: Double
    /// The time after the last unit, in seconds.
    package let evaluationSeconds: Double
    /// The speed of this machine, in floating-point operations per second, that times are computed from.
    package let operationsPerSecond: Double
    /// The peak memory by purpose.
    package let memory: [Memory]

    package init(
        preparationSeconds: Double, units: [UnitParts], baselineSeconds: Double, evaluationSeconds: Double,
        operationsPerSecond: Double, memory: [Memory]
    ) {
        seconds =
            preparationSeconds + units.reduce(0) { $0 + $1.seconds } + baselineSeconds + evaluationSeconds
        bytes = memory.reduce(0) { $0 + $1.bytes }
        self.preparationSeconds = preparationSeconds
        self.units = units
        self.baselineSeconds = baselineSeconds
        self.evaluationSeconds = evaluationSeconds
        self.operationsPerSecond = operationsPerSecond
        self.memory = memory
    }

    /// Makes the estimate of a run whose units consist of steps alone, with no baselines.
    package init(
        preparationSeconds: Double, unitSeconds: [Double], evaluationSeconds: Double,
        operationsPerSecond: Double, memory: [Memory]
    ) {
        self.init(
            preparationSeconds: preparationSeconds,
            units: unitSeconds.map { UnitParts(calibration: 0, steps: $0, judgement: 0) }, baselineSeconds: 0,
            evaluationSeconds: evaluationSeconds, operationsPerSecond: operationsPerSecond, memory: memory)
    }

    /// The time of each unit, in seconds.
    package var unitSeconds: [Double] { units.map(\.seconds) }
}
