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
        let zeroPoints: Vector
    }

    let sites: [Site]
    /// Where the gradients of scales are added, per site; nil where nobody learns them.
    let scaleGradients: [Vector]?

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
            }
        }
        scaleGradients = nil
    }

    private init(sites: [Site], scaleGradients: [Vector]) {
        self.sites = sites
        self.scaleGradients = scaleGradients
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
        }
    }

    /// Turns the gradient of quantized values into that of the values, in place.
    package func backward(_ site: Int, gradient: Matrix, values: Matrix, transformed: Matrix) {
        let parameters = sites[site]
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
