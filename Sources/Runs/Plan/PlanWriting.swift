internal import Vocabulary

extension RunPlan {
    /// The plan as YAML, every value written out, so that no later default can change what it means.
    ///
    /// The same plan gives the same text, and reading it gives the same plan.
    package var yaml: String { yaml(stale: []) }

    /// The plan as YAML, with a comment that says for which units it does not hold.
    ///
    /// - Parameter stale: The units of the run that are stale, by name.
    /// - Returns: The text.
    package func yaml(stale: [String]) -> String {
        var lines = [
            "# A plan of mgrq: it determines every bit of a run. Carry it out with: mgrq run FILE --output FOLDER"
        ]
        if !stale.isEmpty { lines.append("# Careful: \(staleWarning(stale)).") }
        lines += ["schema: \(Self.schema)", "model: \(scalar(model))"]
        if let imageSize { lines.append("image_size: \(imageSize)") }
        if let calibration { lines.append("calibration: \(scalar(calibration))") }
        if let evaluation { lines.append("evaluation: \(scalar(evaluation))") }
        lines += ["preset: \(preset.rawValue)", "seed: \(seed)", "calibration_images: \(calibrationImages)"]
        lines += [
            "calibration_selection: \(images.selection.rawValue)",
            "on_bad_image: \(images.onBadImage.rawValue)",
            "exif_orientation: \(images.appliesExifOrientation)",
        ]
        lines += HyperparameterField.all.map { "\($0.key): \(scalar($0.value(in: hyperparameters)))" }
        if !units.isEmpty {
            lines.append("units:")
            for override in units {
                let changes = override.changes.map { "\($0.key): \(scalar($0.value))" }
                lines += [
                    "  - match: \(quoted(override.match))",
                    changes.isEmpty ? "    set: {}" : "    set:",
                ]
                lines += changes.map { "      \($0)" }
            }
        }
        if !sites.isEmpty {
            lines.append("sites:")
            for override in sites {
                lines += ["  - match: \(quoted(override.match))", "    bits: \(override.bits)"]
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// What a plan of a run with stale units cannot promise, in a sentence.
///
/// - Parameter units: The units' names, at least one.
/// - Returns: The sentence.
package func staleWarning(_ units: [String]) -> String {
    let (be, them) = units.count == 1 ? ("is", "it") : ("are", "them")
    return
        "\(units.joined(separator: ", ")) \(be) stale: reconstructed behind attempts that are not chosen any more; "
        + "the plan does not lead to these integers again unless you redo \(them)"
}

/// A text as a YAML scalar: plain where nothing in it means anything in YAML, quoted otherwise.
private func scalar(_ text: String) -> String {
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
    let isPlain =
        text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "/"),
                UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "+"):
                true
            default: false
            }
        } && !text.isEmpty && !text.hasSuffix(":") && !text.hasPrefix(":") && !text.hasPrefix("---")
    // `true` and `false` are what flags are written as; only null would be read as something else.
    guard isPlain, text == "true" || text == "false" || !words.contains(text.lowercased()) else {
        return quoted(text)
    }
    return text == "-" ? quoted(text) : text
}

/// A text as a double-quoted YAML scalar.
private func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar.value {
        case 0x22: result += "\\\""
        case 0x5C: result += "\\\\"
        case 0x0A: result += "\\n"
        case 0x09: result += "\\t"
        case 0x20...0x7E, 0xA1...0x1FFF, 0x3000...0xD7FF, 0x10000...0x10FFFF:
            result.unicodeScalars.append(scalar)
        default:
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
    }
    return result + "\""
}
