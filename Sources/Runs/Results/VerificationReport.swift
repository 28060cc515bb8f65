/// The result of comparing an exported file with the run that it was made from.
package struct VerificationReport: Equatable, Codable, Sendable {
    /// One comparison, at the place where it is worst.
    package struct Check: Equatable, Codable, Sendable {
        /// What was compared.
        package var name: String
        /// The unit, the site or the tensor; nil for the whole model, and where nothing differs.
        package var place: String?
        /// How far they are apart, in the unit of `bound`; NaN where the file could not be compared.
        package var measured: Double
        /// What is accepted.
        package var bound: Double
        /// The number of values that were compared; nil where there are none.
        package var compared: Int?
        /// Whether the bound is kept everywhere.
        package var holds: Bool
        /// Why it could not be compared; nil where it was.
        package var detail: String?

        package init(
            name: String, place: String? = nil, measured: Double, bound: Double, compared: Int?, holds: Bool,
            detail: String? = nil
        ) {
            (self.name, self.place, self.measured, self.bound) = (name, place, measured, bound)
            (self.compared, self.holds, self.detail) = (compared, holds, detail)
        }
    }

    /// What ran the file.
    package struct Runtime: Equatable, Codable, Sendable {
        /// Its name.
        package var name: String
        /// Its version.
        package var version: String
        /// The version of Python.
        package var python: String
        /// The processor's name.
        package var processor: String
        /// Whether the processor multiplies bytes without overflow (VNNI, or Arm's dot products).
        package var hasVnni: Bool
        /// The number of integer products in the runtime's own graph; nil where it does not tell.
        package var integerProducts: Int?
        /// What it was told besides, such as `INFERENCE_PRECISION_HINT=f32`.
        package var settings: [String]

        package init(
            name: String, version: String, python: String, processor: String, hasVnni: Bool,
            integerProducts: Int?, settings: [String] = []
        ) {
            (self.name, self.version, self.python) = (name, version, python)
            (self.processor, self.hasVnni, self.integerProducts) = (processor, hasVnni, integerProducts)
            self.settings = settings
        }
    }

    /// A comparison that the runtime does not allow.
    package struct Omission: Equatable, Codable, Sendable {
        /// What was not compared.
        package var name: String
        /// Why, in a sentence without a full stop.
        package var reason: String

        package init(name: String, reason: String) { (self.name, self.reason) = (name, reason) }
    }

    /// The time of one image, against the same graph in full precision, measured by turns.
    package struct Latency: Equatable, Codable, Sendable {
        /// The number of threads.
        package var threads: Int
        /// The number of pairs.
        package var pairs: Int
        /// Whether the processor's time was taken, not that of the clock on the wall.
        package var isProcessorTime: Bool
        /// The median time in full precision.
        package var fullPrecisionMilliseconds: Double
        /// The median time of the file.
        package var milliseconds: Double
        /// The median of the pairs' ratios.
        package var speedup: Double

        package init(
            threads: Int, pairs: Int, isProcessorTime: Bool, fullPrecisionMilliseconds: Double,
            milliseconds: Double, speedup: Double
        ) {
            (self.threads, self.pairs, self.isProcessorTime) = (threads, pairs, isProcessorTime)
            (self.fullPrecisionMilliseconds, self.milliseconds) = (fullPrecisionMilliseconds, milliseconds)
            self.speedup = speedup
        }
    }

    /// A file that belongs to an exported one.
    package struct DataFile: Equatable, Codable, Sendable {
        /// Its name, in the folder of the exported file.
        package var name: String
        /// Its size in bytes.
        package var bytes: Int
        /// Its SHA-256.
        package var sha256: String

        package init(name: String, bytes: Int, sha256: String) {
            (self.name, self.bytes, self.sha256) = (name, bytes, sha256)
        }
    }

    /// The exported file.
    package var file: String
    /// Its SHA-256.
    package var sha256: String
    /// The files with its constants; none where they are in it.
    package var dataFiles: [DataFile] = []
    /// What it was compared with.
    package var reference: String
    /// The number of images whose logits were compared.
    package var images: Int
    /// The number of images whose codes were compared.
    package var tracedImages: Int
    /// The size of the file, and of those with its constants, in bytes.
    package var bytes: Int
    /// The size of the same graph in full precision in bytes; nil where none was written.
    package var fullPrecisionBytes: Int?
    /// The model's parameters: weights, biases, norms, positions.
    package var parameters: Int
    /// The sum over products of multiplications · bits · bits, for one image.
    package var bitOperations: Int
    /// The same with 16 bits everywhere but in the pixels.
    package var fullPrecisionBitOperations: Int
    /// What ran the file; nil where this program did.
    package var runtime: Runtime?
    /// The comparisons, in the order in which a fault is looked for.
    package var checks: [Check]
    /// The comparisons that were not made.
    package var omitted: [Omission]
    /// The runtime's noise floor on the images; nil where none was needed.
    package var floor: NoiseFloor?
    /// The time of an image; nil where it was not measured.
    package var latency: Latency?

    package init(
        file: String, sha256: String, reference: String, images: Int, tracedImages: Int, bytes: Int,
        fullPrecisionBytes: Int? = nil, parameters: Int, bitOperations: Int, fullPrecisionBitOperations: Int,
        runtime: Runtime? = nil, checks: [Check] = [], omitted: [Omission] = [], floor: NoiseFloor? = nil,
        latency: Latency? = nil
    ) {
        (self.file, self.sha256, self.reference) = (file, sha256, reference)
        (self.images, self.tracedImages) = (images, tracedImages)
        (self.bytes, self.fullPrecisionBytes, self.parameters) = (bytes, fullPrecisionBytes, parameters)
        (self.bitOperations, self.fullPrecisionBitOperations) = (bitOperations, fullPrecisionBitOperations)
        (self.runtime, self.checks, self.omitted) = (runtime, checks, omitted)
        (self.floor, self.latency) = (floor, latency)
    }

    /// The first comparison whose bound is not kept; nil if the file is what it was compared with.
    package var failure: Check? { checks.first { !$0.holds } }

    /// The bits of the file for each parameter.
    package var bitsPerParameter: Double { Double(8 * bytes) / Double(max(1, parameters)) }
}
