internal import Kernels
package import Quantization
package import TensorCore
internal import VisionTransformers

/// Fake quantization at a unit's sites, with scales that can be learned between passes.
package struct QuantizingTransform: SiteTransform {
    /// One site's quantizer, with its parameters in vectors that all copies share.
    enum Site: Sendable {
        case fullPrecision
        case uniform(UniformQuantizer, scales: Vector, zeroPoints: Vector)
        case logSqrt2(LogSqrt2Quantizer, deltas: Vector)
        case searchedLog(SearchedLogQuantizer, SearchedLogParameters)

        init(_ quantizer: SiteQuantizer) {
            switch quantizer {
            case .fullPrecision: self = .fullPrecision
            case .uniform(let uniform):
                self = .uniform(
                    uniform, scales: Vector(uniform.scales), zeroPoints: Vector(uniform.zeroPoints))
            case .logSqrt2(let logarithmic):
                self = .logSqrt2(logarithmic, deltas: Vector(logarithmic.deltas))
            case .searchedLog(let logarithmic):
                self = .searchedLog(
                    logarithmic,
                    SearchedLogParameters(
                        deltas: Vector(logarithmic.deltas), steps: Vector(logarithmic.steps),
                        shift: logarithmic.shift, maximumCode: logarithmic.bits.maximumCode))
            }
        }

        /// The parameters that are learned: the scales of a uniform quantizer; nil for the others.
        var learnedScales: Vector? {
            if case .uniform(_, let scales, _) = self { scales } else { nil }
        }

        /// The quantizer with its parameters as they are now.
        ///
        /// - Throws: A scale that is not positive and finite.
        func quantizer() throws(QuantizationError) -> SiteQuantizer {
            switch self {
            case .fullPrecision: .fullPrecision
            case .uniform(let uniform, let scales, _):
                .uniform(
                    try UniformQuantizer(
                        bits: uniform.bits, scales: scales.elements, zeroPoints: uniform.zeroPoints,
                        groups: uniform.groups))
            case .logSqrt2(let logarithmic, _): .logSqrt2(logarithmic)
            case .searchedLog(let logarithmic, _): .searchedLog(logarithmic)
            }
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

    /// The same quantizers, which add the gradients of their scales to vectors of their own.
    func collectingScaleGradients() -> QuantizingTransform {
        QuantizingTransform(
            sites: sites, scaleGradients: sites.map { Vector(count: $0.learnedScales?.count ?? 0) })
    }

    /// Whether a site's values go on as they are.
    package func isIdentity(_ site: Int) -> Bool {
        if case .fullPrecision = sites[site] { true } else { false }
    }

    /// Writes the quantized values.
    package func apply(_ site: Int, _ values: Matrix, into out: Matrix) {
        switch sites[site] {
        case .fullPrecision:
            copy(values, into: out)
        case .uniform(let uniform, let scales, let zeroPoints):
            fakeQuantize(
                values, scales: scales, zeroPoints: zeroPoints, maximumCode: uniform.bits.maximumCode,
                groups: uniform.groups, into: out)
        case .logSqrt2(let logarithmic, let deltas):
            fakeQuantizeLogSqrt2(
                values, deltas: deltas, maximumCode: logarithmic.bits.maximumCode,
                groups: logarithmic.groups, into: out)
        case .searchedLog(let logarithmic, let parameters):
            fakeQuantizeSearchedLog(values, parameters, groups: logarithmic.groups, into: out)
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
        switch sites[site] {
        case .fullPrecision:
            break
        case .uniform(let uniform, let scales, let zeroPoints):
            fakeQuantizeBackward(
                gradient, x: values, scales: scales, zeroPoints: zeroPoints,
                maximumCode: uniform.bits.maximumCode, groups: uniform.groups, into: gradient,
                scaleGradients: scaleGradients?[site])
        case .logSqrt2(let logarithmic, let deltas):
            fakeQuantizeLogSqrt2Backward(
                gradient, x: values, out: transformed, deltas: deltas,
                maximumCode: logarithmic.bits.maximumCode, groups: logarithmic.groups, into: gradient)
        case .searchedLog(let logarithmic, let parameters):
            fakeQuantizeSearchedLogBackward(
                gradient, x: values, out: transformed, parameters, groups: logarithmic.groups,
                into: gradient)
        }
    }

    /// The quantizers with the scales as they are now.
    ///
    /// - Throws: A scale that is not positive and finite.
    func quantizers() throws(QuantizationError) -> [SiteQuantizer] {
        try sites.map { site throws(QuantizationError) in try site.quantizer() }
    }
}
