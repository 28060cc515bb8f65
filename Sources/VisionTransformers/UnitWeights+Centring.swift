internal import TensorCore

extension ModelUnit {
    /// The site of keys that can lose a constant, which softmax does not see.
    ///
    /// nil in a unit without attention, and where keys are rotated by their places or scaled to a length, so that a
    /// constant is none any more.
    package var shiftableKeys: SiteDescriptor? {
        pooling != nil || block.map { $0.rotations == nil && !$0.usesCosines } == true
            ? attentionOperands.dropFirst().first : nil
    }

    /// The site of values that can lose a constant, which the projection's bias gives back.
    ///
    /// nil in a unit without attention, and where there is a norm before the projection.
    package var shiftableValues: SiteDescriptor? {
        pooling != nil || block.map { !$0.normalizesAttention } == true
            ? attentionOperands.dropFirst(2).first : nil
    }

    /// Queries, keys and values.
    private var attentionOperands: [SiteDescriptor] {
        sites.contains { $0.kind == .attention } ? sites.filter { $0.kind == .operand } : []
    }
}

// These shift activations without changing the unit's function.
extension UnitWeights {
    /// Subtracts a constant from every key: all scores of a query change by the same amount, which softmax does not
    /// see.
    ///
    /// - Parameters:
    ///   - unit: The unit of the weights, with attention.
    ///   - constant: `[width]`, a number for each channel of the keys.
    package mutating func subtractFromKeys(of unit: any ModelUnit, _ constant: [Float]) {
        subtract(constant, from: unit.shiftableKeys, of: unit)
    }

    /// Subtracts a constant from every value: the rows of an attention map sum to 1, so that it comes out of the
    /// product with them as it is, and the projection's bias gives it back.
    ///
    /// - Parameters:
    ///   - unit: The unit of the weights, with attention.
    ///   - constant: `[width]`, a number for each channel of the values.
    package mutating func subtractFromValues(of unit: any ModelUnit, _ constant: [Float]) {
        subtract(constant, from: unit.shiftableValues, of: unit)
        // The projection is the layer after the attention.
        linears[1].addToBias(of: constant)
    }

    /// Subtracts a constant from the feature that a head's classifiers read, in the norm; their biases give it back.
    ///
    /// A feature that is two tokens side by side has the norm's channels twice, and loses the constant twice.
    ///
    /// - Parameter constant: `[width]`, a number for each channel of the norm.
    package mutating func subtractFromFeature(_ constant: [Float]) {
        precondition(vectors[1].count == constant.count, "a norm has no \(constant.count) channels")
        for (channel, value) in constant.enumerated() {
            vectors[1].elements[channel] -= value
        }
        for layer in linears.indices {
            linears[layer].addToBias(of: constant)
        }
    }

    private mutating func subtract(_ constant: [Float], from site: SiteDescriptor?, of unit: any ModelUnit) {
        guard let columns = site?.columns, columns.count == constant.count else {
            preconditionFailure("\(unit.name) has no \(constant.count) channels that can lose a constant")
        }
        // The layer that gives keys and values, and queries unless they are a parameter, is the first.
        let outputs = unit.linears[0].outputs
        var bias = linears[0].bias?.elements ?? Array(repeating: 0, count: outputs)
        for (column, value) in zip(columns, constant) {
            bias[column] -= value
        }
        linears[0].bias = Tensor(shape: [outputs], elements: bias)
    }
}

extension LinearWeights {
    /// Adds what the layer makes of a constant input to its bias; of one that is narrower than its inputs, of a row of
    /// them.
    fileprivate mutating func addToBias(of constant: [Float]) {
        let outputs = weight.shape[0]
        let inputs = weight.count / outputs
        precondition(
            inputs.isMultiple(of: constant.count),
            "a layer of \(inputs) inputs does not read \(constant.count) channels")
        let bias = bias?.elements ?? Array(repeating: 0, count: outputs)
        let sums = (0..<outputs).map { output in
            (0..<inputs).reduce(Double(bias[output])) { sum, input in
                let value = constant[input % constant.count]
                return sum + Double(weight.elements[output * inputs + input]) * Double(value)
            }
        }
        self.bias = Tensor(shape: [outputs], elements: sums.map(Float.init))
    }
}
