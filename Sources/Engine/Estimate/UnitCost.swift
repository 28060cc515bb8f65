internal import Kernels
internal import Reconstruction
internal import TensorCore
internal import VisionTransformers

/// What work on one image takes in a unit, from its shapes.
struct UnitCost {
    let unit: any ModelUnit
    /// The floating-point operations of the products of a forward pass.
    let operations: Double
    /// The floats of the unit's input, output, tape and backward scratch.
    let input, output, tape, scratch: Int
    /// The number of layers, the operations of the products that solving for their weights in closed form takes for
    /// each image, and the floats of the layer that takes most.
    let layers: Int
    let fittingOperations: Double
    let fittingFloats: Int
    /// The values that ranges are searched on.
    let siteValues: Int
    /// The unit's parameters, and those that are learned.
    let parameters, weights: Int

    init(_ unit: any ModelUnit, weights numbers: UnitWeights) {
        self.unit = unit
        let shapes = unit.tapeShapes
        operations = unit.products.reduce(0.0) { $0 + 2 * Double($1.multiplications) }
        layers = unit.linears.count
        fittingOperations = unit.linears.reduce(0) { sum, linear in
            let inputs = Double(linear.inputs)
            return sum + 2 * Double(shapes[linear.inputSlot].rows) * inputs
                * (inputs + Double(linear.outputs))
        }
        fittingFloats =
            unit.linears.map { shapes[$0.inputSlot].rows * (2 * $0.inputs + 2 * $0.outputs) }.max() ?? 0
        input = unit.input.count
        output = unit.output.count
        tape = shapes.reduce(0) { $0 + $1.count }
        scratch = unit.scratchShapes.reduce(0) { $0 + $1.count }
        siteValues = unit.sites.reduce(0) { sum, site in
            sum + shapes[site.slot].rows * (site.columns?.count ?? shapes[site.slot].columns)
        }
        parameters = numbers.count
        weights = numbers.linears.reduce(0) { $0 + $1.weight.count }
    }
}
