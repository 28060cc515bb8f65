internal import Kernels

/// A product of two matrices, with a quantizer for each.
package struct ProductDescriptor: Equatable, Sendable {
    /// An operand.
    package enum Operand: Equatable, Sendable {
        /// The weight of a linear layer, by its place in the unit.
        case weight(Int)
        /// An activation site, by its place in the unit.
        case site(Int)
        /// An operand that is not quantized: the pixels.
        case pixels
    }

    /// The operands.
    package let left, right: Operand
    /// The scalar products of one image, each counted as one multiplication and one addition.
    package let multiplications: Int
}

extension ModelUnit {
    /// The unit's products: its linear layers, then queries · keys and map · values.
    package var products: [ProductDescriptor] {
        let shapes = tapeShapes
        let linear = linears.enumerated().map { index, layer in
            ProductDescriptor(
                left: .weight(index),
                right: layer.inputSite.map(ProductDescriptor.Operand.site) ?? .pixels,
                multiplications: shapes[layer.inputSlot].rows * layer.inputs * layer.outputs)
        }
        let sites = sites
        let operands = sites.indices.filter { sites[$0].kind == .operand }
        let attention = sites.indices.filter { sites[$0].kind == .attention }.flatMap { map in
            // An attention map's operands are the queries, the keys and the values, in this order.
            guard operands.count == 3, case .columns(let headWidth) = sites[operands[0]].groups else {
                preconditionFailure("\(sites[map].name) has \(operands.count) operands, not three")
            }
            let shape = shapes[sites[map].slot]
            let multiplications = shape.rows * shape.columns * headWidth
            return [
                ProductDescriptor(
                    left: .site(operands[0]), right: .site(operands[1]), multiplications: multiplications),
                ProductDescriptor(
                    left: .site(map), right: .site(operands[2]), multiplications: multiplications),
            ]
        }
        return linear + attention
    }
}
