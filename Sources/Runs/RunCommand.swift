/// A file that a run can be exported to.
public enum ExportFormat: String, CaseIterable, Codable, Sendable {
    /// Safetensors with codes at their width, scales, zero points and the plan.
    case packed
    /// The plan, decisions folded in, as YAML.
    case recipe
}

/// A grid of bit-widths to be measured with the `calibrate` preset.
public struct SweepRequest: Equatable, Codable, Sendable {
    /// The widths of weight codes.
    public var weightBits: [Int]
    /// The widths of activation codes.
    public var activationBits: [Int]

    /// Makes a request.
    public init(weightBits: [Int] = [2, 3, 4, 6, 8], activationBits: [Int] = [2, 3, 4, 6, 8]) {
        self.weightBits = weightBits
        self.activationBits = activationBits
    }

    /// The points in the order of measurement.
    public var points: [(weightBits: Int, activationBits: Int)] {
        weightBits.flatMap { weight in activationBits.map { (weight, $0) } }
    }
}

/// Something that a person, or a program in their place, asks of a running engine.
///
/// The only way in.
public enum RunCommand: Equatable, Codable, Sendable {
    /// Wait at the next gate.
    case pause
    /// Go on; withdraws a pause that has not happened.
    case resume
    /// Do one unit, then wait at the gate after it.
    case step
    /// Give the coming units other hyperparameters. Taken at a gate.
    case change([HyperparameterChange])
    /// End the optimisation of the unit in work now, with what it has learned.
    case finishUnit
    /// Measure a grid of bit-widths. Taken at a gate.
    case sweep(SweepRequest)
    /// End the sweep in work.
    case stopSweep
    /// Write a file. Taken when every unit is quantized (`packed`), or at any gate (`recipe`).
    case export(ExportFormat, path: String)
    /// End the run.
    case stop
}
