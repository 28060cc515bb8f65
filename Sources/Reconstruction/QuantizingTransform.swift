internal import Kernels
package import Quantization
package import TensorCore
internal import VisionTransformers

/// Fake quantization at a unit's sites, with scales that can be learned between passes.
package struct QuantizingTransform: SiteTransform {
    /// One site's parameters; the vectors are shared by all copies.
    struct Site: Sendable {
        let quantizer: SiteQuantizer
        /// Scales of a uniform quantizer, δ of a logarithmic one; empty in full precision.
        let scales: Vector
        /// Zero points of a uniform quantizer, steps of a searched logarithmic one.
        let zeroPoints: Vector

        /// The parameters of a logarithmic quantizer of a searched base.
        func parameters(_ quantizer: SearchedLogQuantizer) -> SearchedLogParameters {
            SearchedLogParameters(
                deltas: scales, steps: zeroPoints, shift: quantizer.shift,
                maximumCode: quantizer.bits.maximumCode)
        }
    }

    let sites: [Site]
    /// Where the gradients of scales are added, per site; nil where nobody learns them.
    let scaleGradients: [Vector]?
    /// What is left unquantized in this pass; nil for nothing.
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
        sites = quantizers.map { quantizer in
            switch quantizer {
            case .fullPrecision:
                Site(quantizer: quantizer, scales: Vector(count: 0), zeroPoints: Vector(count: 0))
            case .uniform(let uniform):
                Site(
                    quantizer: quantizer, scales: Vector(uniform.scales),
                    zeroPoints: Vector(uniform.zeroPoints))
            case .logSqrt2(let logarithmic):
                Site(quantizer: quantizer, scales: Vector(logarithmic.deltas), zeroPoints: Vector(count: 0))
            case .searchedLog(let logarithmic):
                Site(
                    quantizer: quantizer, scales: Vector(logarithmic.deltas),
                    zeroPoints: Vector(logarithmic.steps))
            }
        }
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

    /// The same quantizers, which add the gradients of their scales to vectors of their own.
    func collectingScaleGradients() -> QuantizingTransform {
        QuantizingTransform(sites: sites, scaleGradients: sites.map { Vector(count: $0.scales.count) })
    }

    /// Whether a site's values go on as they are.
    package func isIdentity(_ site: Int) -> Bool {
        sites[site].quantizer == .fullPrecision
    }

    /// Writes the quantized values.
    package func apply(_ site: Int, _ values: Matrix, into out: Matrix) {
        let parameters = sites[site]
        switch parameters.quantizer {
        case .fullPrecision:
            copy(values, into: out)
        case .uniform(let uniform):
            fakeQuantize(
                values, scales: parameters.scales, zeroPoints: parameters.zeroPoints,
                maximumCode: uniform.bits.maximumCode, groups: uniform.groups, into: out)
        case .logSqrt2(let logarithmic):
            fakeQuantizeLogSqrt2(
                values, deltas: parameters.scales, maximumCode: logarithmic.bits.maximumCode,
                groups: logarithmic.groups, into: out)
        case .searchedLog(let logarithmic):
            fakeQuantizeSearchedLog(
                values, parameters.parameters(logarithmic), groups: logarithmic.groups, into: out)
        }
        if let drop {
            choose(values, out, drop.choice(site, values), into: out)
        }
    }

    /// Turns the gradient of quantized values into that of the values, in place.
    package func backward(_ site: Int, gradient: Matrix, values: Matrix, transformed: Matrix) {
        let parameters = sites[site]
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
        switch parameters.quantizer {
        case .fullPrecision:
            break
        case .uniform(let uniform):
            fakeQuantizeBackward(
                gradient, x: values, scales: parameters.scales, zeroPoints: parameters.zeroPoints,
                maximumCode: uniform.bits.maximumCode, groups: uniform.groups, into: gradient,
                scaleGradients: scaleGradients?[site])
        case .logSqrt2(let logarithmic):
            fakeQuantizeLogSqrt2Backward(
                gradient, x: values, out: transformed, deltas: parameters.scales,
                maximumCode: logarithmic.bits.maximumCode, groups: logarithmic.groups, into: gradient)
        case .searchedLog(let logarithmic):
            fakeQuantizeSearchedLogBackward(
                gradient, x: values, out: transformed, parameters.parameters(logarithmic),
                groups: logarithmic.groups, into: gradient)
        }
    }

    /// The quantizers with the scales as they are now.
    func quantizers() throws(QuantizationError) -> [SiteQuantizer] {
        var result: [SiteQuantizer] = []
        for site in sites {
            guard case .uniform(let uniform) = site.quantizer else {
                result.append(site.quantizer)
                continue
            }
            result.append(
                .uniform(
                    try UniformQuantizer(
                        bits: uniform.bits, scales: site.scales.elements, zeroPoints: uniform.zeroPoints,
                        groups: uniform.groups)))
        }
        return result
    }
}
