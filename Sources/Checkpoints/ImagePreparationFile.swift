internal import Vocabulary

/// The preparation of images in a file beside a checkpoint; nil where the file is silent.
struct ImagePreparationFile: Sendable {
    var resize: ImagePreparation.Resize?
    /// timm's `crop_mode`, which counts without a `crop_pct` too.
    var cropMode: CropMode?
    /// The height and width that images have after the crop; nil where the file does not determine them.
    var output: (height: Int, width: Int)?
    var interpolation: Interpolation?
    var mean: [Float]?
    var standardDeviation: [Float]?
    /// The processor of Transformers that the file is for; nil in timm's files.
    var processor: String?

    /// An empty file.
    init() {}

    /// Reads timm's keys.
    ///
    /// - Parameters:
    ///   - value: Gives the first of some keys that there is.
    ///   - path: The file, for errors.
    /// - Throws: `CheckpointError.unusable` for a value of a wrong type.
    init(timm value: ([String]) -> Any?, path: String) throws(CheckpointError) {
        mean = try Self.means(value(["mean"]), "mean", path)
        standardDeviation = try Self.deviations(value(["std"]), "std", path)
        if let found = value(["interpolation"]), found as? String != "random" {
            guard let text = found as? String, let filter = Interpolation(rawValue: text)
            else {
                throw Self.wrong(path, "interpolation", "one of \(Self.filters)")
            }
            interpolation = filter
        }
        if let found = value(["crop_mode"]) {
            guard let mode = (found as? String).flatMap(CropMode.init) else {
                throw Self.wrong(path, "crop_mode", "one of center, squash, border")
            }
            cropMode = mode
        }
        if let found = value(["crop_pct"]) {
            guard let fraction = found as? Double, ImageOptions.cropFractions.contains(fraction) else {
                throw Self.wrong(path, "crop_pct", "a positive number such as 0.9")
            }
            resize = .timm(cropFraction: fraction, cropMode: cropMode ?? .center)
        }
    }

    /// Whether images become the same by both files.
    func preparesAlike(_ other: ImagePreparationFile) -> Bool {
        resize == other.resize && cropMode == other.cropMode && interpolation == other.interpolation
            && mean == other.mean && standardDeviation == other.standardDeviation
            && output?.height == other.output?.height && output?.width == other.output?.width
    }

    static func means(_ found: Any?, _ key: String, _ path: String) throws(CheckpointError) -> [Float]? {
        guard let found else { return nil }
        guard let numbers = list(found), !numbers.isEmpty, numbers.allSatisfy(\.isFinite) else {
            throw wrong(path, key, "a list of finite numbers")
        }
        return numbers
    }

    static func deviations(_ found: Any?, _ key: String, _ path: String) throws(CheckpointError) -> [Float]? {
        guard let found else { return nil }
        guard let numbers = list(found), !numbers.isEmpty, numbers.allSatisfy({ $0.isFinite && $0 > 0 })
        else { throw wrong(path, key, "a list of positive numbers") }
        return numbers
    }

    /// The numbers of a list; a single one stands for a list of one.
    private static func list(_ found: Any) -> [Float]? {
        ((found as? [Double]) ?? (found as? Double).map { [$0] })?.map { Float($0) }
    }

    private static var filters: String {
        Interpolation.allCases.map(\.rawValue).joined(separator: ", ")
    }

    static func wrong(_ path: String, _ key: String, _ accepted: String) -> CheckpointError {
        .unusable("\(path): “\(key)” is not \(accepted)")
    }
}
