internal import Vocabulary

/// What the sensitivity of a site is measured by.
package enum SensitivityMeasure: String, CaseIterable, Codable, Sendable {
    /// KL(full ‖ quantized) of the model's logits in nats, mean over images.
    case divergence
    /// The squared error of the unit's output, relative to its mean square: quicker, but blind to what follows.
    case unitOutput = "unit_output"
}

/// How much harm the widths of one site do when nothing else is quantized.
package struct SiteSensitivity: Equatable, Codable, Sendable {
    /// What one width does.
    package struct Width: Equatable, Codable, Sendable {
        /// The bits of a code: 2 through 8.
        package var bits: Int
        /// What the measure gives.
        package var harm: Double

        /// Puts the fields together.
        package init(bits: Int, harm: Double) {
            self.bits = bits
            self.harm = harm
        }
    }

    /// The site's name.
    package var site: String
    /// The name of its unit.
    package var unit: String
    /// The values of a weight; nil for an activation, which is not stored.
    package var weights: Int?
    /// The bytes of a weight's scales and zero points when stored.
    package var parameterBytes: Int
    /// The widths that were measured, narrowest first.
    package var widths: [Width]

    /// Puts the fields together.
    package init(site: String, unit: String, weights: Int?, parameterBytes: Int, widths: [Width]) {
        self.site = site
        self.unit = unit
        self.weights = weights
        self.parameterBytes = parameterBytes
        self.widths = widths
    }

    /// The harm of some bits; 0 in full precision, nil where they were not measured.
    package func harm(at bits: Int) -> Double? {
        bits == 16 ? 0 : widths.first { $0.bits == bits }?.harm
    }

    /// The bytes that the site takes in a packed checkpoint at some bits.
    package func bytes(at bits: Int) -> Int {
        guard bits < 16 else { return 4 * (weights ?? 0) }
        return ((weights ?? 0) * bits + 7) / 8 + parameterBytes
    }
}

/// A product of matrices and the sites of its operands.
package struct ProductShape: Equatable, Codable, Sendable {
    /// The operands' sites; one where the other is the pixels, which have 8 bits.
    package var sites: [String]
    /// The scalar products of one image.
    package var multiplications: Int

    /// Puts the fields together.
    package init(sites: [String], multiplications: Int) {
        self.sites = sites
        self.multiplications = multiplications
    }

    /// What the product costs.
    ///
    /// - Parameter bits: Those of each site.
    /// - Returns: Multiplications · bits · bits, of one image.
    package func bitOperations(at bits: [Int]) -> Int {
        bits.reduce(multiplications * (sites.count == 1 ? 8 : 1), *)
    }
}

/// How sensitive a model's sites are to their widths: what bits are allocated by.
package struct SensitivityTable: Equatable, Codable, Sendable {
    /// The only schema there is.
    package static let schema = 1

    /// The file's schema.
    package var schema = SensitivityTable.schema
    /// The plan that it was measured for, without bits, as YAML.
    package var plan: String
    /// What was measured.
    package var measure: SensitivityMeasure
    /// The number of images it was measured on.
    package var images: Int
    /// The sites in the model's order.
    package var sites: [SiteSensitivity]
    /// The products in the model's order.
    package var products: [ProductShape]
    /// The bytes that stay the same: biases, norms, positions, the scales of activations.
    package var fixedBytes: Int

    /// Puts the fields together.
    package init(
        plan: String, measure: SensitivityMeasure, images: Int, sites: [SiteSensitivity],
        products: [ProductShape], fixedBytes: Int
    ) {
        self.plan = plan
        self.measure = measure
        self.images = images
        self.sites = sites
        self.products = products
        self.fixedBytes = fixedBytes
    }

    /// The number of the model's weights.
    package var weights: Int { sites.reduce(0) { $0 + ($1.weights ?? 0) } }

    /// What of a plan a table depends on, as YAML.
    package static func key(of plan: RunPlan) -> String {
        var plan = plan
        plan.sites = []
        plan.evaluation = nil
        plan.hyperparameters.weightBits = 16
        plan.hyperparameters.activationBits = 16
        return plan.yaml
    }
}

/// What an allocation of bits must not exceed.
package enum AllocationBudget: Equatable, Sendable {
    /// The bytes of the packed checkpoint's tensors.
    case bytes(Int)
    /// The mean bits of a weight.
    case meanBits(Double)
    /// The sum over products of multiplications · bits · bits, for one image.
    case bitOperations(Int)
}

/// Bits for every site, and what they come to.
package struct Allocation: Equatable, Codable, Sendable {
    /// The bits of every site that has any, in the model's order, those that a plan fixed among them.
    package var sites: [SiteOverride]
    /// The sum of the sites' harms, which holds as far as they do not act together.
    package var harm: Double
    /// The bytes of the packed checkpoint's tensors.
    package var bytes: Int
    /// The mean bits of a weight.
    package var meanBits: Double
    /// The sum over products of multiplications · bits · bits, for one image.
    package var bitOperations: Int

    /// Puts the fields together.
    package init(sites: [SiteOverride], harm: Double, bytes: Int, meanBits: Double, bitOperations: Int) {
        self.sites = sites
        self.harm = harm
        self.bytes = bytes
        self.meanBits = meanBits
        self.bitOperations = bitOperations
    }
}
