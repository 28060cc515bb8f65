internal import Kernels
package import Quantization
package import TensorCore
internal import VisionTransformers

/// Fake quantization at a unit's sites, with scales that can be learned between passes.
package struct QuantizingTransform: SiteTransform {
    /// One site's quantizer, with its parameters in vectors that all copies share.
    struct Site: Sendable {
        private let initial: SiteQuantizer
        /// The quantizer; nil in full precision.
        let quantizer: (any Quantizer)?
        /// One vector for each of the quantizer's `values`.
        let parameters: [Vector]
        /// The parameters that are learned: the scales of a uniform quantizer; nil for the others.
        let learnedScales: Vector?

        init(_ site: SiteQuantizer) {
            initial = site
            quantizer = site.quantizer
            parameters = site.quantizer?.vectors ?? []
            learnedScales = site.learnsScales ? parameters[0] : nil
        }

        /// The quantizer with its parameters as they are now.
        ///
        /// - Throws: A scale that is not positive and finite.
        func current() throws(QuantizationError) -> SiteQuantizer {
            guard let learnedScales else { return initial }
            return try initial.replacing(scales: learnedScales.elements)
        }
    }

    let sites: [Site]
    /// Where the gradients of learned scales are added, per site; nil if they are not needed.
    let scaleGradients: [Vector]?
    /// What is left unquantized in this pass; nil drops nothing.
    private var drop: Drop?

    /// Values that are left as they are at random, element by element (QDrop, arXiv 2203.05740).
    private struct Drop: Sendable {
        let share: Double
        let seed: UInt32
        /// The first image of these within the step.
        let firstImage: Int
        let images: Int
        /// Room for the gradient of what was dropped.
        let scratch: FloatStorage

        /// Which of a site's values are quantized.
        func choice(_ site: Int, _ values: Matrix) -> RandomChoice {
            RandomChoice(
                share: 1 - share, seed: seed &+ UInt32(site) &* 0x9E37_79B9,
                first: firstImage * (values.rows / images) * values.columns)
        }
    }

    /// Makes a transform.
    ///
    /// - Parameter quantizers: One per site of the unit.
    package init(_ quantizers: [SiteQuantizer]) {
        sites = quantizers.map(Site.init)
        scaleGradients = nil
        drop = nil
    }

    private init(sites: [Site], scaleGradients: [Vector]) {
        self.sites = sites
        self.scaleGradients = scaleGradients
        drop = nil
    }

    /// The same quantizers, some values left as they are.
    ///
    /// - Parameters:
    ///   - share: The probability with which a value is left.
    ///   - seed: Decides which.
    ///   - images: These images' places within the step, so that the parts of a step differ.
    ///   - scratch: As many floats as the largest site's values of these images.
    /// - Returns: The quantizers for one pass.
    func dropping(share: Double, seed: UInt32, images: Range<Int>, scratch: FloatStorage)
        -> QuantizingTransform
    {
        var result = self
        result.drop = Drop(
            share: share, seed: seed, firstImage: images.lowerBound, images: images.count, scratch: scratch)
        return result
    }

    /// The same quantizers, which add the gradients of their scales to their own vectors.
    func collectingScaleGradients() -> QuantizingTransform {
        QuantizingTransform(
            sites: sites, scaleGradients: sites.map { Vector(count: $0.learnedScales?.count ?? 0) })
    }

    /// Sets the gradients of scales to 0.
    func clearScaleGradients() {
        for gradient in scaleGradients ?? [] {
            for group in 0..<gradient.count {
                gradient[group] = 0
            }
        }
    }

    /// Whether a site's values go on as they are.
    package func isIdentity(_ site: Int) -> Bool {
        sites[site].quantizer == nil
    }

    /// Writes the quantized values.
    package func apply(_ site: Int, _ values: Matrix, into out: Matrix) {
        if let quantizer = sites[site].quantizer {
            quantizer.fakeQuantize(values, with: sites[site].parameters, into: out)
        } else {
            copy(values, into: out)
        }
        if let drop {
            choose(values, out, drop.choice(site, values), into: out)
        }
    }

    /// Turns the gradient of quantized values into that of the values, in place.
    package func backward(_ site: Int, gradient: Matrix, values: Matrix, transformed: Matrix) {
        let dropped = drop.map { drop in
            let rest = Matrix(
                storage: drop.scratch, offset: 0, rows: gradient.rows, columns: gradient.columns)
            divide(gradient, drop.choice(site, values), rest: rest)
            return rest
        }
        defer {
            if let dropped {
                add(gradient, dropped, into: gradient)
            }
        }
        sites[site].quantizer?.backward(
            gradient, x: values, out: transformed, with: sites[site].parameters,
            scaleGradients: scaleGradients?[site])
    }

    /// The quantizers with the scales as they are now.
    ///
    /// - Throws: A scale that is not positive and finite.
    func quantizers() throws(QuantizationError) -> [SiteQuantizer] {
        try sites.map { site throws(QuantizationError) in try site.current() }
    }
}
