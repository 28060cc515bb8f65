internal import Vocabulary
internal import Yams

extension RunPlan {
    /// The plan as YAML, every value written out, so that no later default can change what it means.
    ///
    /// The same plan gives the same text, and reading it gives the same plan.
    package var yaml: String { yaml(stale: []) }

    /// The plan as YAML, with a comment that names the units for which it does not hold.
    ///
    /// - Parameter stale: The names of the run's stale units.
    /// - Returns: The text.
    package func yaml(stale: [String]) -> String {
        var text =
            "# A plan of mgrq: it determines every bit of a run. Carry it out with: mgrq run FILE --output FOLDER\n"
        if !stale.isEmpty { text += "# Careful: \(staleWarning(stale)).\n" }
        text += "schema: \(Self.schema)\n" + line("model", model.represented())
        if let imageSize { text += "image_size: \(imageSize)\n" }
        if let heads { text += "heads: \(heads)\n" }
        if let calibration { text += line("calibration", calibration.represented()) }
        if let evaluation { text += line("evaluation", evaluation.represented()) }
        text += """
            preset: \(preset.rawValue)
            target: \(target.rawValue)
            seed: \(seed)
            calibration_images: \(calibrationImages)
            calibration_selection: \(images.selection.rawValue)
            on_bad_image: \(images.onBadImage.rawValue)
            exif_orientation: \(images.appliesExifOrientation)

            """
        func list(_ numbers: [Float]) -> String { numbers.map { "\($0)" }.joined(separator: ",") }
        if let mean = images.mean { text += "mean: \(list(mean))\n" }
        if let deviation = images.standardDeviation { text += "std: \(list(deviation))\n" }
        if let filter = images.interpolation { text += "interpolation: \(filter.rawValue)\n" }
        if let fraction = images.cropFraction { text += "crop_pct: \(fraction)\n" }
        if images.floatsAreNormalised { text += "normalised: true\n" }
        for field in HyperparameterField.all { text += "\(field.key): \(field.value(in: hyperparameters))\n" }
        if !units.isEmpty { text += "units:\n" }
        for override in units {
            text +=
                "  - \(line("match", override.match.represented()))    set:\(override.changes.isEmpty ? " {}" : "")\n"
            for change in override.changes { text += "      \(line(change.key, Node.Scalar(change.value)))" }
        }
        if !sites.isEmpty { text += "sites:\n" }
        for override in sites {
            text += "  - \(line("match", override.match.represented()))    bits: \(override.bits)\n"
        }
        if let inputs {
            text += "# SHA-256 of the inputs that this plan was carried out with\n" + inputs.yaml
        }
        return text
    }
}

/// A key and its value as a line of YAML.
private func line(_ key: String, _ value: Node.Scalar) -> String {
    do {
        return try Yams.serialize(
            node: .mapping(Node.Mapping([(Node(key), .scalar(value))], Tag(.map))), width: -1,
            allowUnicode: true,
            newLineScalarStyle: .doubleQuoted)
    } catch {
        preconditionFailure("a string can always be written as YAML: \(error)")
    }
}

/// A sentence that says what the plan of a run with stale units cannot reproduce.
///
/// - Parameter units: The units' names, at least one.
/// - Returns: The sentence.
package func staleWarning(_ units: [String]) -> String {
    let (be, them) = units.count == 1 ? ("is", "it") : ("are", "them")
    return
        "\(units.joined(separator: ", ")) \(be) stale: reconstructed after attempts that are no longer chosen; "
        + "the plan does not reproduce these integers unless you redo \(them)"
}
