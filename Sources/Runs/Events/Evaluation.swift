/// How a quantized model compares with the full-precision model on one set of images.
package struct Evaluation: Equatable, Codable, Sendable {
    /// The number of images.
    package var images: Int
    /// The share of images whose label is the most likely class, in percent; nil without labels.
    package var top1: Double?
    /// The share of images whose label is among the five most likely classes, in percent; nil without labels.
    package var top5: Double?
    /// The share of images for which both models choose the same class, in percent.
    package var agreement: Double
    /// Kullback–Leibler divergence of the quantized from the full-precision class distribution, mean over images, in nats.
    package var kl: Double
    /// Signal to quantization noise of the logits, in dB; nil without noise.
    package var sqnrDb: Double?

    package init(images: Int, top1: Double?, top5: Double?, agreement: Double, kl: Double, sqnrDb: Double?) {
        self.images = images
        self.top1 = top1
        self.top5 = top5
        self.agreement = agreement
        self.kl = kl
        self.sqnrDb = sqnrDb
    }
}

/// The model that was evaluated.
package enum EvaluationSubject: Equatable, Sendable {
    /// The checkpoint.
    case fullPrecision
    /// The checkpoint with its MLPs refitted, in full precision.
    case refitted
    /// Every unit calibrated at the plan's bits, none reconstructed.
    case calibrated
    /// The units through this one quantized, the suffix in full precision.
    case prefix(unit: Int)
    /// Every unit with its chosen attempt.
    case final
}

extension EvaluationSubject: Codable {
    private enum CodingKeys: CodingKey { case subject, unit }

    private var name: String {
        switch self {
        case .fullPrecision: "full_precision"
        case .refitted: "refitted"
        case .calibrated: "calibrated"
        case .prefix: "prefix"
        case .final: "final"
        }
    }

    /// Reads `subject`, and `unit` for a prefix.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let name = try fields.decode(String.self, forKey: .subject)
        let unit = try fields.decodeIfPresent(Int.self, forKey: .unit)
        let whole = [Self.fullPrecision, .refitted, .calibrated, .final].first { $0.name == name }
        guard let subject = unit.map(Self.prefix) ?? whole, subject.name == name else {
            throw JSONError("“subject” is “\(name)”, which this version does not know")
        }
        self = subject
    }

    /// Writes `subject`, and `unit`, which is nil except for a prefix.
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(name, forKey: .subject)
        if case .prefix(let unit) = self {
            try fields.encode(unit, forKey: .unit)
        } else {
            try fields.encodeNil(forKey: .unit)
        }
    }
}
