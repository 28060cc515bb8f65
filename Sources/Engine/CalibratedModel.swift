internal import Reconstruction
internal import Runs
internal import TensorCore
internal import VisionTransformers

/// A model of which every unit is calibrated on the outputs of the ones before, on the calibration images themselves.
///
/// Their views would take several times as long and would help only units with few rows an image.
struct CalibratedModel {
    /// Gives the bits.
    let plan: RunPlan
    /// The units so far.
    fileprivate(set) var units: [CalibratedUnit] = []
    /// The evaluation on held-out images of each prefix so far, with the suffix in full precision.
    fileprivate(set) var evaluations: [Evaluation] = []
    /// The inputs of the next unit, and the outputs of the prefix for the held-out images.
    fileprivate var input, fullPrecisionInput: Matrix
    fileprivate var heldOutInput: Matrix?
}

extension QuantizationLab {
    /// A calibrated model without any unit so far.
    ///
    /// - Parameters:
    ///   - plan: Gives the bits.
    ///   - isMeasured: Whether each prefix is evaluated on the held-out images.
    /// - Returns: The model.
    func startCalibratedModel(plan: RunPlan, isMeasured: Bool) -> CalibratedModel {
        CalibratedModel(
            plan: plan, input: inputs.calibration, fullPrecisionInput: inputs.calibration,
            heldOutInput: isMeasured ? inputs.heldOut?.images : nil)
    }

    /// Calibrates the next unit of a model; an error leaves the model as it was.
    ///
    /// - Parameters:
    ///   - model: The units so far.
    ///   - known: Units of the same model that were calibrated before, as far as they are.
    ///   - progress: Called after every site and every layer.
    /// - Throws: What `calibrated` and `progress` throw.
    func calibrateNext(
        of model: inout CalibratedModel, known: [CalibratedUnit] = [],
        progress: ((_ done: Int, _ total: Int) throws -> Void)? = nil
    ) throws {
        let index = model.units.count
        let settings = try settings(of: index, plan: model.plan)
        var next = model
        let calibrated =
            try self.known(index, after: model.units.map(\.unit), settings: settings, in: known)
            ?? self.calibrated(
                index, input: model.input, fullPrecisionInput: model.fullPrecisionInput, settings: settings,
                progress: progress)
        next.units.append(calibrated)
        let prepared = [calibrated.unit.prepared(for: units[index])]
        if index < units.count - 1 {
            next.input = outputs(of: prepared, on: model.input, pool: pool)
            next.fullPrecisionInput = outputs(of: [teacher[index]], on: model.fullPrecisionInput, pool: pool)
        }
        if let input = model.heldOutInput, let heldOut = try heldOutImages() {
            let output = outputs(of: prepared, on: input, pool: pool)
            let suffix = Array(teacher[(index + 1)...])
            next.heldOutInput = output
            next.evaluations.append(
                heldOut.evaluation(of: suffix.isEmpty ? output : outputs(of: suffix, on: output, pool: pool)))
        }
        model = next
    }

    /// Calibrates every unit in order.
    ///
    /// - Parameters:
    ///   - plan: Gives the bits.
    ///   - progress: Called before each unit with its index and the number of units.
    /// - Returns: The calibrated units.
    /// - Throws: What `calibrateNext` and `progress` throw.
    func calibratedModel(plan: RunPlan, progress: (Int, Int) throws -> Void) throws -> [CalibratedUnit] {
        var model = startCalibratedModel(plan: plan, isMeasured: false)
        for index in units.indices {
            try progress(index, units.count)
            try calibrateNext(of: &model)
        }
        return model.units
    }
}
