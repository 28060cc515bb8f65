internal import Foundation
internal import Vocabulary

/// The preparation of images in a file beside a checkpoint; nil where the file is silent.
struct ImagePreparationFile: Sendable {
    var resize: ImagePreparation.Resize?
    /// The height and width of the centre crop after the resize; nil for no crop.
    var crop: (height: Int, width: Int)?
    var interpolation: Interpolation?
    var mean: [Float]?
    var standardDeviation: [Float]?

    /// An empty file.
    init() {}

    /// Reads timm's keys.
    ///
    /// - Parameters:
    ///   - value: Gives the first of some keys that there is.
    ///   - path: The file, for errors.
    /// - Throws: `CheckpointError.unusable` for a value of a wrong type.
    init(timm value: ([String]) -> Any?, path: String) throws(CheckpointError) {
        try readChannels(value, mean: "mean", deviation: "std", path: path)
        if let found = value(["interpolation"]), found as? String != "random" {
            guard let text = found as? String, let filter = Interpolation(rawValue: text)
            else {
                throw Self.wrong(path, "interpolation", "one of \(Self.filters)")
            }
            interpolation = filter
        }
        let mode = value(["crop_mode"])
        guard mode == nil || (mode as? String).flatMap(CropMode.init) != nil else {
            throw Self.wrong(path, "crop_mode", "one of center, squash, border")
        }
        if let found = value(["crop_pct"]) {
            guard let fraction = found as? Double, fraction > 0.01, fraction <= 16 else {
                throw Self.wrong(path, "crop_pct", "a positive number such as 0.9")
            }
            resize = .timm(
                cropFraction: fraction,
                cropMode: (mode as? String).flatMap(CropMode.init) ?? .center)
        }
    }

    /// Reads Hugging Face's `preprocessor_config.json`.
    ///
    /// - Parameter path: The file.
    /// - Throws: `CheckpointError` for text that is not a JSON object, or a value of a wrong type.
    init(huggingFace path: String) throws(CheckpointError) {
        let root = try jsonObject(path: path)
        func value(_ keys: [String]) -> Any? {
            keys.lazy.compactMap { root[$0] }.first { !($0 is NSNull) }
        }
        try readChannels(value, mean: "image_mean", deviation: "image_std", path: path)
        if let found = value(["resample"]) {
            // Pillow's numbers.
            let filters: [Interpolation] = [
                .nearest, .lanczos, .bilinear, .bicubic, .box, .hamming,
            ]
            guard let number = found as? Int, filters.indices.contains(number) else {
                throw Self.wrong(path, "resample", "one of Pillow's filters, 0 to 5")
            }
            interpolation = filters[number]
        }
        if let factor = value(["rescale_factor"]) as? Double, abs(factor * 255 - 1) > 1e-6 {
            throw Self.wrong(path, "rescale_factor", "1 / 255, the only one that is supported")
        }
        if value(["do_normalize"]) as? Bool == false {
            (mean, standardDeviation) = ([0], [1])
        }
        if value(["do_center_crop"]) as? Bool == true, let found = value(["crop_size"]) {
            let sides = found as? [String: Any] ?? [:]
            guard let high = sides["height"] as? Int ?? (found as? Int),
                let wide = sides["width"] as? Int ?? (found as? Int), (1...4096).contains(high),
                (1...4096).contains(wide)
            else { throw Self.wrong(path, "crop_size", "a side, or an object with height and width") }
            crop = (high, wide)
        }
        if value(["do_resize"]) as? Bool == false {
            resize = ImagePreparation.Resize.none
            return
        }
        guard let found = value(["size"]) else { return }
        let sides = found as? [String: Any] ?? [:]
        if let side = sides["shortest_edge"] as? Int, (1...65_536).contains(side) {
            resize = .shortSide(side)
        } else if let high = sides["height"] as? Int, let wide = sides["width"] as? Int,
            (1...65_536).contains(high), (1...65_536).contains(wide)
        {
            resize = .exact(height: high, width: wide)
        } else if let side = found as? Int, (1...65_536).contains(side) {
            resize =
                value(["do_center_crop"]) as? Bool == true
                ? .shortSide(side) : .exact(height: side, width: side)
        } else {
            throw Self.wrong(
                path, "size", "a side, or an object with shortest_edge, or with height and width")
        }
    }

    private mutating func readChannels(
        _ value: ([String]) -> Any?, mean: String, deviation: String, path: String
    ) throws(CheckpointError) {
        if let found = value([mean]) {
            guard let numbers = found as? [Double], !numbers.isEmpty, numbers.allSatisfy(\.isFinite) else {
                throw Self.wrong(path, mean, "a list of finite numbers")
            }
            self.mean = numbers.map { Float($0) }
        }
        if let found = value([deviation]) {
            guard let numbers = found as? [Double], !numbers.isEmpty,
                numbers.allSatisfy({ $0.isFinite && Float($0) > 0 })
            else { throw Self.wrong(path, deviation, "a list of positive numbers") }
            standardDeviation = numbers.map { Float($0) }
        }
    }

    private static var filters: String {
        Interpolation.allCases.map(\.rawValue).joined(separator: ", ")
    }

    private static func wrong(_ path: String, _ key: String, _ accepted: String) -> CheckpointError {
        .unusable("\(path): “\(key)” is not \(accepted)")
    }
}
