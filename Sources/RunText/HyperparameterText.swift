package import Runs

/// What hyperparameters do, for `mgrq explain`, the parameters panel and docs/hyperparameters.md.
package enum HyperparameterText {
    /// The default, and the presets that begin with another value.
    package static func defaults(of field: HyperparameterField) -> (value: String, others: [String]) {
        let value = field.value(of: .mgrq)
        var others: [(value: String, presets: [String])] = []
        for preset in Preset.allCases where field.value(of: preset) != value {
            let own = field.value(of: preset)
            if let index = others.firstIndex(where: { $0.value == own }) {
                others[index].presets.append(preset.rawValue)
            } else {
                others.append((own, [preset.rawValue]))
            }
        }
        return (value, others.map { "\($0.value) (\($0.presets.joined(separator: ", ")))" })
    }

    /// One hyperparameter, as lines.
    package static func lines(of field: HyperparameterField) -> [String] {
        let (value, others) = defaults(of: field)
        let rows = [
            ("does", field.guide.effect), ("affects", field.affects), ("unit", field.guide.unit),
            ("accepts", field.accepted), ("default", value), ("presets", others.joined(separator: ", ")),
            ("change it", field.guide.advice), ("source", field.guide.source),
            ("set", field.isShared ? "before a run, for the whole model" : "before a run, or at a gate"),
        ]
        return [field.key]
            + rows.filter { !$0.1.isEmpty }.map { name, text in
                "  \(name)\(String(repeating: " ", count: 11 - name.count))\(text)"
            }
    }

    /// Every hyperparameter with its meaning in a few words, under headings.
    package static var overview: [String] {
        let width = HyperparameterField.all.map(\.key.count).max() ?? 0
        return HyperparameterField.Group.allCases.flatMap { group in
            [group.rawValue]
                + group.fields.map { field in
                    let gap = String(repeating: " ", count: width + 2 - field.key.count)
                    return
                        "  \(field.key)\(gap)\(field.summary); \(field.range), default \(field.value(of: .mgrq))"
                }
        }
    }

    /// The page docs/hyperparameters.md.
    package static var page: String {
        var text = """
            # Hyperparameters

            `mgrq explain KEY` prints a row of these tables, `mgrq explain --markdown` this page. Set a value with
            `--set KEY=VALUE`, in a plan, in panel 5 of the workbench or with `:set KEY VALUE`. Defaults are those of the
            preset `mgrq`; [presets](presets.md) says what the others are for. Decisions are in [decisions](decisions).

            """
        for group in HyperparameterField.Group.allCases {
            text += """

                ## \(group.rawValue)

                | key | what it does | unit | values | default | other presets | when to change it | source |
                | --- | --- | --- | --- | --- | --- | --- | --- |

                """
            for field in group.fields {
                let (value, others) = defaults(of: field)
                let cells = [
                    "`\(field.key)`", field.guide.effect, field.guide.unit, field.range, value,
                    others.joined(separator: ", "), field.guide.advice, field.guide.source,
                ]
                text += "| \(cells.joined(separator: " | ")) |\n"
            }
        }
        return text
    }
}

extension HyperparameterField.Group {
    /// Its fields, in order.
    package var fields: [HyperparameterField] { HyperparameterField.all.filter { $0.group == self } }
}
