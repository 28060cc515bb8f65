internal import Runs
internal import TerminalUI

/// A theme file as written: names instead of colours, and only the keys that the file has.
///
/// Inheritance merges documents before names are resolved, so that one line can change a palette colour everywhere.
struct ThemeDocument: Hashable, Sendable {
    /// A value with its place, for errors.
    struct Entry: Hashable, Sendable {
        let text: String
        let file: String
        let line: Int?
    }

    /// The name it is chosen by.
    let name: String
    /// Whether it is dark or light.
    let variant: Theme.Variant
    /// The theme that supplies missing entries; nil for the default of the variant.
    let parent: String?
    /// Colours by name.
    private(set) var palette: [String: Entry]
    /// What each role looks like, the heat roles excepted.
    private(set) var roles: [Role: Entry]
    /// What each role looks like on terminals of 8 and 16 colours.
    private(set) var paletteRoles: [Role: Entry]
    /// Two, three or five colours from the lowest heat to the highest; none where the parent's are used.
    private(set) var heat: [Entry]

    /// Reads a theme file.
    ///
    /// - Parameters:
    ///   - yaml: The whole file.
    ///   - file: Its name, for errors.
    /// - Throws: The first line that cannot be used.
    init(yaml: String, file: String) throws(SettingsProblem) {
        do throws(PlanError) {
            let document = try YAMLMapping(yaml, what: "the theme")
            try document.check(known: ["name", "variant", "inherits", "palette", "roles", "heat", "ansi"])
            name = try document.required("name")
            guard let variant: Theme.Variant = try document.option("variant") else {
                throw PlanError.missingKey("variant")
            }
            self.variant = variant
            let inherited = try document.text("inherits")
            parent = inherited == "default" ? nil : inherited
            palette = try Self.entries(of: document.mapping("palette"), file: file)
            roles = try Self.roles(
                of: document.mapping("roles"), known: Role.allCases.filter { !Role.heatSteps.contains($0) },
                file: file)
            paletteRoles = try Self.roles(of: document.mapping("ansi"), known: Role.allCases, file: file)
            let line = document.line(of: "heat")
            heat = try document.texts("heat")?.map { Entry(text: $0, file: file, line: line) } ?? []
            guard [0, 2, 3, 5].contains(heat.count) else {
                throw PlanError.wrongForm(
                    what: "“heat”", found: "a list of \(heat.count)",
                    accepted: "a list of two, three or five colours"
                ).located(at: line)
            }
        } catch {
            throw SettingsProblem(error, file: file)
        }
    }

    private static func entries(
        of mapping: YAMLMapping?, file: String
    ) throws(PlanError) -> [String: Entry] {
        var entries: [String: Entry] = [:]
        for key in mapping?.keys ?? [] {
            let text = try mapping?.text(key) ?? ""
            entries[key] = Entry(text: text, file: file, line: mapping?.line(of: key))
        }
        return entries
    }

    private static func roles(
        of mapping: YAMLMapping?, known: [Role], file: String
    ) throws(PlanError) -> [Role: Entry] {
        try mapping?.check(known: known.map(\.rawValue))
        let entries = try entries(of: mapping, file: file)
        return Dictionary(
            uniqueKeysWithValues: known.compactMap { role in entries[role.rawValue].map { (role, $0) } })
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
}
