internal import Runs
internal import VisionTransformers

extension ModelUnit {
    /// The unit's products, with their operands' sites by name.
    var productShapes: [ProductShape] {
        products.map { product in
            ProductShape(
                sites: [product.left, product.right].compactMap(name),
                multiplications: product.multiplications)
        }
    }

    private func name(of operand: ProductDescriptor.Operand) -> String? {
        switch operand {
        case .weight(let index): "\(linears[index].name).weight"
        case .site(let index): sites[index].name
        case .pixels: nil
        }
    }
}
