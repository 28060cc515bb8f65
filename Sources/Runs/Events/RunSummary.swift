/// A unit of the model.
package struct UnitSummary: Equatable, Codable, Sendable {
    /// `stem`, `blocks.0`, …, `head`.
    package var name: String
    /// The number of weights and biases.
    package var parameters: Int
    /// The names of its sites.
    package var sites: [String]

    package init(name: String, parameters: Int, sites: [String]) {
        (self.name, self.parameters, self.sites) = (name, parameters, sites)
    }
}

/// A run at its start.
package struct RunSummary: Equatable, Codable, Sendable {
    /// The model's display name, such as `sample:fashion-vit`.
    package var model: String
    /// The architecture in words, such as `ViT, 6 blocks of width 128, 4 heads, 7 × 7 patches`.
    package var architecture: String
    /// The preset's name.
    package var preset: Preset
    /// The units in order.
    package var units: [UnitSummary]
    /// The weight bits of each unit at the start.
    package var weightBits: [Int]
    /// The activation bits of each unit at the start.
    package var activationBits: [Int]
    /// The size of the full-precision weights in bytes.
    package var fullPrecisionBytes: Int
    /// The number of calibration images.
    package var calibrationImages: Int
    /// The number of evaluation images; 0 without any.
    package var evaluationImages: Int
    /// The number of threads.
    package var threads: Int
    /// The run directory.
    package var directory: String?
    /// The names of the classes; nil if unknown.
    package var classNames: [String]?
    /// The plan at the start, as YAML; later decisions change it.
    package var plan: String

    package init(
        model: String, architecture: String, preset: Preset, units: [UnitSummary], weightBits: [Int],
        activationBits: [Int], fullPrecisionBytes: Int, calibrationImages: Int, evaluationImages: Int,
        threads: Int, directory: String?, classNames: [String]? = nil, plan: String = ""
    ) {
        self.model = model
        self.architecture = architecture
        self.preset = preset
        self.units = units
        self.weightBits = weightBits
        self.activationBits = activationBits
        self.fullPrecisionBytes = fullPrecisionBytes
        self.calibrationImages = calibrationImages
        self.evaluationImages = evaluationImages
        self.threads = threads
        self.directory = directory
        self.classNames = classNames
        self.plan = plan
    }
}
