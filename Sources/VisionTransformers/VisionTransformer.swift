package import TensorCore

/// A model: its shape, its units in order, and their numbers.
package struct VisionTransformer: Sendable {
    /// The shape.
    package let configuration: ModelConfiguration
    /// The units, from the stem to the head.
    package let units: [any ModelUnit]
    /// The numbers of every unit, in the same order.
    package var weights: [UnitWeights]

    /// Makes a model.
    ///
    /// - Parameters:
    ///   - configuration: The shape.
    ///   - parameter: Gives the tensor of a name and a shape; called once per parameter.
    /// - Throws: What `parameter` throws.
    package init<Failure: Error>(
        configuration: ModelConfiguration, parameter: (String, [Int]) throws(Failure) -> Tensor
    ) throws(Failure) {
        self.configuration = configuration
        units = configuration.units
        weights = []
        for unit in units {
            var linears: [LinearWeights] = []
            for linear in unit.linears {
                let weight = try parameter("\(linear.name).weight", linear.weightShape)
                let bias = linear.hasBias ? try parameter("\(linear.name).bias", [linear.outputs]) : nil
                linears.append(LinearWeights(weight: weight, bias: bias))
            }
            var vectors: [Tensor] = []
            for vector in unit.vectors {
                vectors.append(try parameter(vector.name, vector.shape))
            }
            weights.append(UnitWeights(linears: linears, vectors: vectors))
        }
    }

    /// The number of floats in all parameters.
    package var parameterCount: Int { weights.reduce(0) { $0 + $1.count } }
}
