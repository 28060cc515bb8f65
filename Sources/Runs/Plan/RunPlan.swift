package import Vocabulary

/// Everything that determines a run: the same plan gives the same bits.
package struct RunPlan: Equatable, Sendable {
    /// The accepted sides of images, in pixels.
    package static let imageSizes = 1...4096
    /// The accepted numbers of attention heads.
    package static let headCounts = 1...4096

    /// The only schema there is.
    package static let schema = 1

    /// The checkpoint: a path or `sample:NAME`.
    package var model: String
    /// The side of the model's input images, in pixels; nil takes the checkpoint's.
    package var imageSize: Int?
    /// The number of a ViT's attention heads; nil takes what its config.json or its architecture says.
    package var heads: Int?
    /// The calibration images: a path or `sample:NAME`; nil takes those of a sample model.
    package var calibration: String?
    /// The evaluation images, with or without labels: a path or `sample:NAME`; nil takes those of a sample model.
    package var evaluation: String?
    /// The preset that the hyperparameters started from.
    package var preset: Preset
    /// Where the quantized model is to run; every unit's hyperparameters are checked for it.
    package var target: Target
    /// The seed of the order of images and of everything else that is random.
    package var seed: UInt64
    /// The maximum number of calibration images.
    package var calibrationImages: Int
    /// How image files are chosen and read.
    package var images: ImageOptions
    /// The hyperparameters of every unit, unless overridden.
    package var hyperparameters: Hyperparameters
    /// Overrides of units; the last match wins.
    package var units: [UnitOverride]
    /// Overrides of sites; the last match wins.
    package var sites: [SiteOverride]
    /// The inputs that the plan was carried out with; nil before.
    package var inputs: PlanInputs?

    /// Makes a plan.
    ///
    /// - Parameters:
    ///   - model: The checkpoint: a path or `sample:NAME`.
    ///   - preset: The preset of the hyperparameters.
    ///   - target: Where the quantized model is to run.
    package init(model: String, preset: Preset = .mgrq, target: Target = .research) {
        self.model = model
        self.preset = preset
        self.target = target
        imageSize = nil
        heads = nil
        calibration = nil
        evaluation = nil
        seed = 1
        calibrationImages = Hyperparameters.enoughImages
        images = ImageOptions()
        hyperparameters = preset.hyperparameters(for: target)
        units = []
        sites = []
        inputs = nil
    }

    /// The hyperparameters of one unit, overrides applied.
    ///
    /// - Throws: `PlanError` for an override with an unknown key, a bad value, a field that all units share, or a value that
    ///   the target does not run.
    package func hyperparameters(of unit: String) throws(PlanError) -> Hyperparameters {
        var result = hyperparameters
        for override in units where matches(pattern: override.match, name: unit) {
            try result.apply(override.changes)
        }
        for field in HyperparameterField.shared {
            let (own, common) = (field.value(in: result), field.value(in: hyperparameters))
            guard own != common else { continue }
            throw .badValue(
                key: field.key, value: own, accepted: "\(common), what the whole model has, in single units")
        }
        try target.check(result)
        return result
    }

    /// The bits of one site, overrides applied.
    ///
    /// - Parameters:
    ///   - site: The site's name.
    ///   - bits: The site's bits without overrides.
    /// - Returns: The bits of the last override that matches, or `bits`.
    package func bits(of site: String, otherwise bits: Int) -> Int {
        sites.last { matches(pattern: $0.match, name: site) }?.bits ?? bits
    }
}

/// Changes of hyperparameters for the units whose name matches.
package struct UnitOverride: Equatable, Sendable {
    /// A unit's name, in which `*` stands for any run of characters.
    package var match: String
    /// The changes for these units.
    package var changes: [HyperparameterChange]

    package init(match: String, changes: [HyperparameterChange]) {
        (self.match, self.changes) = (match, changes)
    }
}

/// Bits for the sites whose name matches.
package struct SiteOverride: Equatable, Codable, Sendable {
    /// A site's name, in which `*` stands for any run of characters.
    package var match: String
    /// 2 through 8, or 16 for full precision.
    package var bits: Int

    package init(match: String, bits: Int) {
        (self.match, self.bits) = (match, bits)
    }
}

extension RunPlan {
    /// Checks that every override matches something of a model.
    ///
    /// - Parameter model: The model's units.
    /// - Throws: `RunFailure(.usage)` that names what is near.
    package func checkMatches(of model: [UnitSummary]) throws(RunFailure) {
        try Self.check(units.map(\.match), among: model.map(\.name), what: "unit")
        try Self.check(sites.map(\.match), among: model.flatMap(\.sites), what: "site")
    }

    private static func check(
        _ patterns: [String], among names: [String], what: String
    ) throws(RunFailure) {
        for pattern in patterns where !names.contains(where: { matches(pattern: pattern, name: $0) }) {
            let near = closest(to: pattern, among: names).map { "did you mean “\($0)”?" }
            let first = names.prefix(3).map { "“\($0)”" }.joined(separator: ", ")
            throw RunFailure(
                .usage,
                "no \(what) is called “\(pattern)”; \(near ?? "there are \(first) and \(names.count - 3) more")"
            )
        }
    }
}

/// Whether a name fits a pattern in which `*` stands for any run of characters.
package func matches(pattern: String, name: String) -> Bool {
    let pattern = Array(pattern.unicodeScalars)
    let name = Array(name.unicodeScalars)
    var (p, n) = (0, 0)
    var (star, resume) = (-1, 0)
    while n < name.count {
        if p < pattern.count, pattern[p] == "*" {
            (star, resume) = (p, n)
            p += 1
        } else if p < pattern.count, pattern[p] == name[n] {
            p += 1
            n += 1
        } else if star >= 0 {
            resume += 1
            (p, n) = (star + 1, resume)
        } else {
            return false
        }
    }
    return pattern[p...].allSatisfy { $0 == "*" }
}
