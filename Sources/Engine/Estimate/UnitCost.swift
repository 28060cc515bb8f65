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
    /// The operations that solving for the layers' weights in closed form takes for each image: of the passes up to each
    /// layer, in full precision and quantized, and of the sums over rows; and the floats of the layer that takes most.
    let fittingOperations: Double
    let fittingFloats: Int
    /// The values that ranges are searched on.
    let siteValues: Int
    /// The unit's parameters, and those that are learned.
    let parameters, weights: Int

    init(_ unit: any ModelUnit, weights numbers: UnitWeights) {
        self.unit = unit
        let shapes = unit.tapeShapes
        let products = unit.products.map { 2 * Double($0.multiplications) }
        operations = products.reduce(0, +)
        let layers = unit.linears.count
        // Attention comes after the first layer.
        let passes = (0..<layers).reduce(0.0) { sum, layer in
            sum + 2 * (layer > 0 ? (products[..<layer] + products[layers...]).reduce(0, +) : 0)
        }
        // Half of the symmetric squares, and all products with the references.
        fittingOperations = unit.linears.reduce(passes) { sum, linear in
            sum + 3 * Double(shapes[linear.inputSlot].rows * linear.inputs * linear.inputs)
        }
        fittingFloats =
            unit.linears.map { linear in
                // Inputs and references, as they are and centred; two sums for each of two parts, centred, ordered and
                // factored.
                4 * summedRows(at: shapes[linear.inputSlot].rows) * linear.inputs
                    + 12 * linear.inputs * linear.inputs
            }.max() ?? 0
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
