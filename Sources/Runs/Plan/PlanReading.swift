internal import Files
internal import Vocabulary

extension RunPlan {
    /// The greatest length of a plan's text, in bytes.
    static let greatestLength = 1 << 20

    /// Reads a plan: YAML with `schema: 1`, a `model`, and what differs from the preset.
    ///
    /// Keys that a plan does not have, keys that come twice and values of another kind are refused.
    ///
    /// - Parameter yaml: The text.
    /// - Throws: `PlanError` with the line where it is known.
    package init(yaml: String) throws(PlanError) {
        let document = try YAMLMapping(yaml, what: "the plan")
        let preset =
            try document.value("preset") { text in
                Preset(rawValue: text)
            } accepted: {
                Preset.allCases.map(\.rawValue).joined(separator: ", ")
            } ?? .mgrq
        let target =
            try document.value("target") { text in
                Target(rawValue: text)
            } accepted: {
                Target.names.joined(separator: ", ")
            } ?? .research
        let fields = HyperparameterField.all.map(\.key)
        try document.check(known: PlanKey.allCases.map(\.rawValue) + fields)
        try Self.checkSchema(document)
        self.init(model: try document.required("model"), preset: preset, target: target)
        imageSize = try document.integer("image_size", in: Self.imageSizes, of: " of pixels")
        heads = try document.integer("heads", in: Self.headCounts)
        calibration = try document.text("calibration")
        evaluation = try document.text("evaluation")
        seed =
            try document.value("seed") {
                UInt64($0)
            } accepted: {
                "a whole number from 0"
            } ?? seed
        calibrationImages =
            try document.integer("calibration_images", in: 1...1_000_000) ?? calibrationImages
        self.images.selection = try document.option("calibration_selection") ?? self.images.selection
        self.images.onBadImage = try document.option("on_bad_image") ?? self.images.onBadImage
        self.images.appliesExifOrientation =
            try document.flag("exif_orientation") ?? self.images.appliesExifOrientation
        try images.readPreparation(document)
        for change in try document.changes(except: PlanKey.allCases.map(\.rawValue)) {
            try hyperparameters.apply([change])
        }
        try target.check(hyperparameters)
        units = try document.mappings("units", what: "an override of units")
            .map { (mapping) throws(PlanError) in try UnitOverride(mapping) }
        sites = try document.mappings("sites", what: "an override of sites")
            .map { (mapping) throws(PlanError) in try SiteOverride(mapping) }
        inputs = try document.mapping("inputs").map { (mapping) throws(PlanError) in try PlanInputs(mapping) }
    }

    /// Reads a plan from a file.
    ///
    /// - Throws: `RunFailure`: `.missingInput` where there is no file, `.badData` with file and line where it is not a
    ///   plan, `.inputOutput` where it cannot be read.
    package init(path: String) throws(RunFailure) {
        let bytes = try RunFailure.wrapping(try readFile(path, limit: Self.greatestLength))
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw RunFailure(.badData, "\(path) is not UTF-8 text, so it is not a plan")
        }
        do throws(PlanError) {
            try self.init(yaml: text)
        } catch {
            throw RunFailure(.badData, error.description(in: path))
        }
    }

    private static func checkSchema(_ document: YAMLMapping) throws(PlanError) {
        guard let found = try document.text("schema") else { throw .missingKey("schema") }
        guard found == "\(schema)" else {
            throw PlanError.unsupportedSchema(found).located(at: document.line(of: "schema"))
        }
    }
}

/// The keys of a plan that are not hyperparameters.
enum PlanKey: String, CaseIterable {
    case schema, model, heads, calibration, evaluation, preset, target, seed
    case imageSize = "image_size"
    case calibrationImages = "calibration_images"
    case calibrationSelection = "calibration_selection"
    case onBadImage = "on_bad_image"
    case exifOrientation = "exif_orientation"
    case mean, std, interpolation, normalised
    case cropFraction = "crop_pct"
    case units, sites, inputs
}

extension ImageOptions {
    /// Reads what replaces the checkpoint's preparation of images.
    fileprivate mutating func readPreparation(_ document: YAMLMapping) throws(PlanError) {
        func numbers(_ key: String, positive: Bool) throws(PlanError) -> [Float]? {
            try document.value(key) {
                ImageOptions.numbers($0, positive: positive)
            } accepted: {
                ImageOptions.accepted(positive: positive)
            }
        }
        mean = try numbers("mean", positive: false)
        standardDeviation = try numbers("std", positive: true)
        interpolation = try document.option("interpolation")
        cropFraction = try document.value("crop_pct") { text in
            Double(text).flatMap { ImageOptions.cropFractions.contains($0) ? $0 : nil }
        } accepted: {
            "0.01 through 16"
        }
        floatsAreNormalised = try document.flag("normalised") ?? false
    }
}

extension UnitOverride {
    fileprivate init(_ mapping: YAMLMapping) throws(PlanError) {
        try mapping.check(known: ["match", "set"])
        let pattern = try mapping.required("match")
        guard let set = try mapping.mapping("set") else {
            throw PlanError.missingKey("set").located(at: mapping.line)
        }
        self.init(match: pattern, changes: try set.changes(except: []))
    }
}

extension SiteOverride {
    fileprivate init(_ mapping: YAMLMapping) throws(PlanError) {
        try mapping.check(known: ["match", "bits"])
        let pattern = try mapping.required("match")
        let bits = try mapping.value("bits") { text in
            Int(text).flatMap { Hyperparameters.bitWidths.contains($0) ? $0 : nil }
        } accepted: {
            "2 through 8, or 16 for full precision"
        }
        guard let bits else { throw PlanError.missingKey("bits").located(at: mapping.line) }
        self.init(match: pattern, bits: bits)
    }
}

extension YAMLMapping {
    /// Every pair as a change of a hyperparameter, checked.
    fileprivate func changes(except others: [String]) throws(PlanError) -> [HyperparameterChange] {
        try check(known: HyperparameterField.all.map(\.key) + others)
        var result: [HyperparameterChange] = []
        var scratch = Hyperparameters()
        for key in keys where !others.contains(key) {
            guard let text = try text(key) else {
                let accepted = HyperparameterField.named(key)?.accepted ?? "a value"
                throw PlanError.badValue(key: key, value: "null", accepted: accepted).located(
                    at: line(of: key))
            }
            let change = HyperparameterChange(key: key, value: text)
            do throws(PlanError) {
                try scratch.apply([change])
            } catch {
                throw error.located(at: line(of: key))
            }
            result.append(change)
        }
        return result
    }
}
