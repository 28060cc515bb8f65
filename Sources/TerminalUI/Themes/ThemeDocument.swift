/// A theme file as it is written: names instead of colours, and only what the file says.
///
/// Inheritance joins documents before names are resolved, so that a theme that inherits can change a
/// palette colour everywhere by one line.
package struct ThemeDocument: Hashable, Sendable {
    /// An entry with its place, for messages.
    struct Specification: Hashable, Sendable {
        let text: String
        let file: String
        let line: Int
    }

    /// The name it is chosen by.
    package let name: String
    /// Whether it is dark or light.
    package let variant: Theme.Variant
    /// The theme whose entries it takes where it has none; nil for the default of its variant.
    package let parent: String?
    /// What was passed over, each with its line.
    package private(set) var warnings: [SettingsProblem]
    private(set) var palette: [String: Specification] = [:]
    private(set) var roles: [Role: Specification] = [:]
    private(set) var paletteRoles: [Role: Specification] = [:]
    private(set) var heat: [Specification] = []

    private static let series: Set<Role> = [
        .block, .global, .local, .curve, .comparison, .front, .dominated,
    ]
    private static let heatRoles: Set<Role> = [.heat0, .heat1, .heat2, .heat3, .heat4]

    /// Reads a theme file.
    ///
    /// - Parameters:
    ///   - text: The whole file.
    ///   - file: Its name, for messages.
    /// - Throws: The first line that makes the file unusable. Unknown keys are ``warnings``.
    package init(parsing text: String, file: String) throws(SettingsProblem) {
        let settings = try SettingsText(parsing: text, file: file)
        func entry(_ key: String) throws(SettingsProblem) -> (String, Int)? {
            guard let entry = settings.entries.first(where: { $0.section.isEmpty && $0.key == key }) else {
                return nil
            }
            guard case .string(let value) = entry.value, !value.isEmpty else {
                throw SettingsProblem(
                    file: file, line: entry.line, message: "\"\(key)\" must be a string in double quotes")
            }
            return (value, entry.line)
        }
        guard let name = try entry("name") else {
            throw SettingsProblem(file: file, line: nil, message: "a theme needs a line `name = \"…\"`")
        }
        guard let variant = try entry("variant") else {
            throw SettingsProblem(
                file: file, line: nil, message: "a theme needs a line `variant = \"dark\"` or \"light\"")
        }
        guard let known = Theme.Variant(rawValue: variant.0) else {
            throw SettingsProblem(
                file: file, line: variant.1,
                message: "the variant \"\(variant.0)\" is unknown; use \"dark\" or \"light\"")
        }
        self.name = name.0
        self.variant = known
        let inherited = try entry("inherits")?.0
        parent = inherited == "default" ? nil : inherited
        warnings = []
        for entry in settings.entries { try take(entry, file: file) }
    }

    /// This document's entries, and the parent's where it has none.
    func inheriting(_ parent: ThemeDocument) -> ThemeDocument {
        var joined = self
        joined.palette.merge(parent.palette) { own, _ in own }
        joined.roles.merge(parent.roles) { own, _ in own }
        joined.paletteRoles.merge(parent.paletteRoles) { own, _ in own }
        if heat.isEmpty { joined.heat = parent.heat }
        return joined
    }

    private mutating func take(_ entry: SettingsText.Entry, file: String) throws(SettingsProblem) {
        func problem(_ message: String) -> SettingsProblem {
            SettingsProblem(file: file, line: entry.line, message: message)
        }
        switch (entry.section, entry.key) {
        case ("", "name"), ("", "variant"), ("", "inherits"):
            return
        case ("gradient", "heat"):
            guard case .strings(let stops) = entry.value, [2, 3, 5].contains(stops.count) else {
                throw problem("\"heat\" must be a list of two, three or five colours")
            }
            heat = stops.map { Specification(text: $0, file: file, line: entry.line) }
            return
        default:
            break
        }
        let role = Role(rawValue: entry.key)
        let isKnown =
            switch entry.section {
            case "palette": true
            case "ui": role.map { !Self.series.contains($0) && !Self.heatRoles.contains($0) } ?? false
            case "series": role.map(Self.series.contains) ?? false
            case "ansi": role != nil
            default: false
            }
        guard isKnown else {
            let place = entry.section.isEmpty ? "before the first section" : "in [\(entry.section)]"
            warnings.append(problem("\"\(entry.key)\" means nothing \(place) and is passed over"))
            return
        }
        let text: String
        switch entry.value {
        case .string(let value): text = value
        case .number(let value) where value >= 0 && value <= 255 && value == value.rounded():
            text = "\(Int(value))"
        default: throw problem("\"\(entry.key)\" must be a colour, as a string in double quotes")
        }
        let specification = Specification(text: text, file: file, line: entry.line)
        switch (entry.section, role) {
        case ("palette", _): palette[entry.key] = specification
        case ("ansi", .some(let role)): paletteRoles[role] = specification
        case (_, .some(let role)): roles[role] = specification
        case (_, .none): break
        }
    }
}
