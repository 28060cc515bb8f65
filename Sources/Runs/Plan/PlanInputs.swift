internal import Files

/// What a plan was carried out with, by SHA-256; a run writes it into its plan.
///
/// It tells whether the files are the same ones again. It says nothing of a plan whose references, seed or choice of images
/// were edited since; `RunPlan.namedInputs` is then nil.
package struct PlanInputs: Equatable, Codable, Sendable {
    /// How products and sums are computed, on which the last bits depend.
    package enum Arithmetic: String, Codable, Sendable {
        /// By fused multiply-add, with one rounding.
        case fused
        /// With a rounding after each.
        case separate
    }

    /// The lines of the plan that name inputs and choose images.
    package var request: String
    /// The checkpoint's tensors as the model reads them: names, shapes, values.
    package var weights: String
    /// The model's shape, its image preparation and the names of its classes.
    package var model: String
    /// The calibration images that were used: their places, files and labels.
    package var calibration: String
    /// The evaluation images; nil without any.
    package var evaluation: String?
    /// The number of evaluation images that attempts were compared on, which no reported result contains.
    package var heldOut: Int
    /// The arithmetic of the machine.
    package var arithmetic: Arithmetic

    package init(
        request: String, weights: String, model: String, calibration: String, evaluation: String?,
        heldOut: Int,
        arithmetic: Arithmetic
    ) {
        self.request = request
        self.weights = weights
        self.model = model
        self.calibration = calibration
        self.evaluation = evaluation
        self.heldOut = heldOut
        self.arithmetic = arithmetic
    }
}

extension RunPlan {
    /// The digest of what names inputs and chooses images in this plan.
    package var request: String {
        let parts: [String?] = [
            model, imageSize.map { "\($0)" }, calibration, evaluation, "\(seed)", "\(calibrationImages)",
            "\(images)",
        ]
        return sha256(Array(parts.map { $0 ?? "" }.joined(separator: "\u{0}").utf8))
    }

    /// The inputs that the plan was carried out with; nil if it never was, or was edited to name others.
    package var namedInputs: PlanInputs? { inputs?.request == request ? inputs : nil }

    /// The plan before it was carried out.
    package var withoutInputs: RunPlan {
        var plan = self
        plan.inputs = nil
        return plan
    }
}

extension PlanInputs {
    private enum Key: String, CaseIterable {
        case request, weights, model, calibration, evaluation, arithmetic
        case heldOut = "held_out"
    }

    init(_ mapping: YAMLMapping) throws(PlanError) {
        try mapping.check(known: Key.allCases.map(\.rawValue))
        func digest(_ key: Key) throws(PlanError) -> String? {
            try mapping.value(key.rawValue) { text in
                let isDigest = text.utf8.count == SHA256.digits && text.allSatisfy(\.isHexDigit)
                return isDigest ? text : nil
            } accepted: {
                "a SHA-256 in 64 hexadecimal digits"
            }
        }
        func required<Value>(_ value: Value?, _ key: Key) throws(PlanError) -> Value {
            guard let value else { throw PlanError.missingKey(key.rawValue).located(at: mapping.line) }
            return value
        }
        request = try required(try digest(.request), .request)
        weights = try required(try digest(.weights), .weights)
        model = try required(try digest(.model), .model)
        calibration = try required(try digest(.calibration), .calibration)
        evaluation = try digest(.evaluation)
        heldOut = try required(
            try mapping.integer(Key.heldOut.rawValue, in: 0...1_000_000, of: " of images"), .heldOut)
        let arithmetic = try mapping.value(Key.arithmetic.rawValue) {
            Arithmetic(rawValue: $0)
        } accepted: {
            "fused or separate"
        }
        self.arithmetic = try required(arithmetic, .arithmetic)
    }

    /// The lines of a plan.
    var yaml: String {
        let digests: [(Key, String?)] = [
            (.request, request), (.weights, weights), (.model, model), (.calibration, calibration),
            (.evaluation, evaluation),
        ]
        let lines = digests.compactMap { key, digest in
            digest.map { "  \(key.rawValue): \"\($0)\"\n" }
        }
        return "inputs:\n" + lines.joined() + "  \(Key.heldOut.rawValue): \(heldOut)\n"
            + "  \(Key.arithmetic.rawValue): \(arithmetic.rawValue)\n"
    }
}
