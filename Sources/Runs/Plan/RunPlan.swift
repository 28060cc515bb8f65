package import Vocabulary

/// Everything that determines a run: the same plan gives the same bits.
package struct RunPlan: Equatable, Sendable {
    /// The sides that images can have, in pixels.
    package static let imageSizes = 1...4096

    /// The only schema there is.
    package static let schema = 1

    /// The checkpoint: a path or `sample:NAME`.
    package var model: String
    /// The sides of the images that the model reads, in pixels; nil takes the checkpoint's.
    package var imageSize: Int?
    /// The calibration images: a path or `sample:NAME`; nil takes the model's own.
    package var calibration: String?
    /// The labelled or unlabelled evaluation images: a path or `sample:NAME`; nil takes the model's own, if any.
    package var evaluation: String?
    /// The preset that the hyperparameters started from.
    package var preset: Preset
    /// Decides the order of images and everything else that is random.
    package var seed: UInt64
    /// How many calibration images are used at most.
    package var calibrationImages: Int
    /// How image files are chosen and read.
    package var images: ImageOptions
    /// How every unit is treated unless overridden.
    package var hyperparameters: Hyperparameters
    /// Changes for some units; the last match wins.
    package var units: [UnitOverride]
    /// Bits for some sites; the last match wins.
    package var sites: [SiteOverride]

    /// Makes a plan.
    ///
    /// - Parameters:
    ///   - model: The checkpoint: a path or `sample:NAME`.
    ///   - preset: Where the hyperparameters come from.
    package init(model: String, preset: Preset = .mgrq) {
        self.model = model
        self.preset = preset
        imageSize = nil
        calibration = nil
        evaluation = nil
        seed = 1
        calibrationImages = 512
        images = ImageOptions()
        hyperparameters = preset.hyperparameters
        units = []
        sites = []
    }

    /// The hyperparameters of one unit, overrides applied.
    ///
    /// - Throws: `PlanError` for an override with an unknown key or a bad value, or one of what all units share.
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
        return result
    }

    /// The bits of one site, overrides applied.
    ///
    /// - Parameters:
    ///   - site: The site's name.
    ///   - bits: The bits it has without overrides.
    /// - Returns: The bits of the last override that matches, or `bits`.
    package func bits(of site: String, otherwise bits: Int) -> Int {
        sites.last { matches(pattern: $0.match, name: site) }?.bits ?? bits
    }
}

/// Changes of hyperparameters for the units whose name matches.
package struct UnitOverride: Equatable, Sendable {
    /// A unit's name, in which `*` stands for any run of characters.
    package var match: String
    /// What is different for these units.
    package var changes: [HyperparameterChange]

    /// Makes an override.
    package init(match: String, changes: [HyperparameterChange]) {
        self.match = match
        self.changes = changes
    }
}

/// Bits for the sites whose name matches.
package struct SiteOverride: Equatable, Codable, Sendable {
    /// A site's name, in which `*` stands for any run of characters.
    package var match: String
    /// 2 through 8, or 16 for full precision.
    package var bits: Int

    /// Makes an override.
    package init(match: String, bits: Int) {
        self.match = match
        self.bits = bits
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
