internal import Vocabulary

/// The measure of a site's sensitivity.
package enum SensitivityMeasure: String, CaseIterable, Codable, Sendable {
    /// KL(full ‖ quantized) of the model's logits in nats, mean over images.
    case divergence
    /// The squared error of the unit's output relative to its mean square: faster, but ignores the suffix.
    case unitOutput = "unit_output"
}

/// The sensitivity of one site: the harm of each width with everything else in full precision.
package struct SiteSensitivity: Equatable, Codable, Sendable {
    /// The harm of one width.
    package struct Width: Equatable, Codable, Sendable {
        /// The bits of a code, 2 through 8.
        package var bits: Int
        /// The value of the measure.
        package var harm: Double

        package init(bits: Int, harm: Double) {
            (self.bits, self.harm) = (bits, harm)
        }
    }

    /// The site's name.
    package var site: String
    /// The name of its unit.
    package var unit: String
    /// The number of weights; nil for an activation, which is not stored.
    package var weights: Int?
    /// The stored size of a weight's scales and zero points, in bytes.
    package var parameterBytes: Int
    /// The measured widths, narrowest first.
    package var widths: [Width]

    package init(site: String, unit: String, weights: Int?, parameterBytes: Int, widths: [Width]) {
        self.site = site
        self.unit = unit
        self.weights = weights
        self.parameterBytes = parameterBytes
        self.widths = widths
    }

    /// The harm of a width; 0 in full precision, nil if it was not measured.
    package func harm(at bits: Int) -> Double? {
        bits == 16 ? 0 : widths.first { $0.bits == bits }?.harm
    }

    /// The bytes of the site in a packed checkpoint at a width.
    package func bytes(at bits: Int) -> Int {
        guard bits < 16 else { return 4 * (weights ?? 0) }
        return ((weights ?? 0) * bits + 7) / 8 + parameterBytes
    }
}

/// A matrix product and the sites of its operands.
package struct ProductShape: Equatable, Codable, Sendable {
    /// The operands' sites; only one if the other operand is the pixels, which have 8 bits.
    package var sites: [String]
    /// The number of scalar multiplications for one image.
    package var multiplications: Int

    package init(sites: [String], multiplications: Int) {
        (self.sites, self.multiplications) = (sites, multiplications)
    }

    /// The bit operations of the product.
    ///
    /// - Parameter bits: The bits of each site.
    /// - Returns: Multiplications · bits · bits for one image.
    package func bitOperations(at bits: [Int]) -> Int {
        bits.reduce(multiplications * (sites.count == 1 ? 8 : 1), *)
    }
}

/// The sensitivities of a model's sites, by which bits are allocated.
package struct SensitivityTable: Equatable, Codable, Sendable {
    /// The only schema there is.
    package static let schema = 2

    /// The file's schema.
    package var schema = SensitivityTable.schema
    /// The plan of the measurement without its bits, as YAML.
    package var plan: String
    /// What the measurement was made with.
    package var inputs: PlanInputs
    /// The measure.
    package var measure: SensitivityMeasure
    /// The number of images.
    package var images: Int
    /// The sites in model order.
    package var sites: [SiteSensitivity]
    /// The products in model order.
    package var products: [ProductShape]
    /// The bytes that do not depend on bits: biases, norms, positions, activation scales.
    package var fixedBytes: Int

    package init(
        plan: String, inputs: PlanInputs, measure: SensitivityMeasure, images: Int, sites: [SiteSensitivity],
        products: [ProductShape], fixedBytes: Int
    ) {
        self.plan = plan
        self.inputs = inputs
        self.measure = measure
        self.images = images
        self.sites = sites
        self.products = products
        self.fixedBytes = fixedBytes
    }

    /// The number of the model's weights.
    package var weights: Int { sites.reduce(0) { $0 + ($1.weights ?? 0) } }

    /// The part of a plan that a table depends on, as YAML.
    package static func key(of plan: RunPlan) -> String {
        var plan = plan
        plan.sites = []
        plan.evaluation = nil
        plan.hyperparameters.weightBits = 16
        plan.hyperparameters.activationBits = 16
        return plan.yaml
    }
}

/// The limit of an allocation of bits.
package enum AllocationBudget: Equatable, Sendable {
    /// The bytes of the packed checkpoint's tensors.
    case bytes(Int)
    /// The mean bits of a weight.
    case meanBits(Double)
    /// The sum over products of multiplications · bits · bits, for one image.
    case bitOperations(Int)
}

/// Bits for every site, and their totals.
package struct Allocation: Equatable, Codable, Sendable {
    /// The bits of every site in model order, including those that the plan fixes.
    package var sites: [SiteOverride]
    /// The sum of the sites' harms; exact only if they do not interact.
    package var harm: Double
    /// The bytes of the packed checkpoint's tensors.
    package var bytes: Int
    /// The mean bits of a weight.
    package var meanBits: Double
    /// The sum over products of multiplications · bits · bits, for one image.
    package var bitOperations: Int

    package init(sites: [SiteOverride], harm: Double, bytes: Int, meanBits: Double, bitOperations: Int) {
        self.sites = sites
        self.harm = harm
        self.bytes = bytes
        self.meanBits = meanBits
        self.bitOperations = bitOperations
    }
}
