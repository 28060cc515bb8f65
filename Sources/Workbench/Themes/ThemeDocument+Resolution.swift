internal import TerminalUI

extension ThemeDocument {
    /// The theme with every name resolved.
    ///
    /// A palette name hides the terminal's colour of the same name. In `ansi` the palette does not apply: its values
    /// name the colours that the terminal's user has chosen.
    ///
    /// - Returns: The theme; roles without an entry look like text.
    /// - Throws: The first entry that names no colour.
    func resolved() throws(SettingsProblem) -> Theme {
        var roles: [Role: RoleStyle] = [:]
        for (role, entry) in self.roles.sorted(by: { ($0.value.line ?? 0) < ($1.value.line ?? 0) }) {
            roles[role] = try style(entry, palette: palette)
        }
        if !heat.isEmpty { try addGradient(to: &roles) }
        var paletteRoles: [Role: RoleStyle] = [:]
        for (role, entry) in self.paletteRoles.sorted(by: { ($0.value.line ?? 0) < ($1.value.line ?? 0) }) {
            paletteRoles[role] = try style(entry, palette: [:])
        }
        return Theme(name: name, variant: variant, roles: roles, paletteRoles: paletteRoles)
    }

    /// The roles that have no entry.
    var missingRoles: [Role] {
        Role.allCases.filter { role in
            Role.heatSteps.contains(role) ? heat.isEmpty : roles[role] == nil
        }
    }

    /// Reads `colour [on colour] {bold | dim | underline | reverse}`.
    private func style(
        _ entry: Entry, palette: [String: Entry]
    ) throws(SettingsProblem) -> RoleStyle {
        var words = entry.text.split(separator: " ")[...]
        guard let first = words.popFirst() else { throw problem(entry, "a colour is missing") }
        var style = RoleStyle(try color(String(first), entry, palette))
        if words.first == "on" {
            words.removeFirst()
            guard let name = words.popFirst() else {
                throw problem(entry, "a colour is missing after “on”")
            }
            style.background = try color(String(name), entry, palette)
        }
        for word in words {
            switch word {
            case "bold": style.attributes.insert(.bold)
            case "dim": style.attributes.insert(.dim)
            case "underline": style.attributes.insert(.underline)
            case "reverse": style.attributes.insert(.reverse)
            default:
                throw problem(
                    entry, "“\(word)” is not an attribute; use bold, dim, underline or reverse")
            }
        }
        return style
    }

    private func color(
        _ name: String, _ entry: Entry, _ palette: [String: Entry]
    ) throws(SettingsProblem) -> Color {
        if let named = palette[name] { return try color(named.text, named, [:]) }
        if name == "default" { return .terminalDefault }
        if let index = Color.ansiNames.firstIndex(of: name) { return .ansi(UInt8(index)) }
        if let index = UInt8(name) { return index < 16 ? .ansi(index) : .indexed(index) }
        if name.hasPrefix("#"), let color = Self.hexadecimal(name.dropFirst()) { return color }
        throw problem(
            entry,
            "“\(name)” is not a colour; use #rgb, #rrggbb, 0 to 255, a palette name of this theme, default, "
                + "or one of " + Color.ansiNames.joined(separator: ", "))
    }

    private static func hexadecimal(_ digits: Substring) -> Color? {
        guard digits.allSatisfy({ $0.isASCII && $0.isHexDigit }), let value = UInt32(digits, radix: 16) else {
            return nil
        }
        switch digits.count {
        case 6: return Color(hex: value)
        case 3:
            return .rgb(
                UInt8(value >> 8 & 15) * 17, UInt8(value >> 4 & 15) * 17, UInt8(value & 15) * 17)
        default: return nil
        }
    }

    /// Spreads two or three stops over the five heat roles; five stops are taken as they are.
    private func addGradient(to roles: inout [Role: RoleStyle]) throws(SettingsProblem) {
        guard heat.count < Role.heatSteps.count else {
            for (role, stop) in zip(Role.heatSteps, heat) { roles[role] = try style(stop, palette: palette) }
            return
        }
        var stops: [(red: Int, green: Int, blue: Int)] = []
        for entry in heat {
            guard let stop = try color(entry.text, entry, palette).components else {
                throw problem(entry, "heat cannot use “default”, whose colour is not known")
            }
            stops.append(stop)
        }
        for (step, role) in Role.heatSteps.enumerated() {
            let position = Double(step) / 4 * Double(stops.count - 1)
            let index = min(stops.count - 2, Int(position))
            let part = position - Double(index)
            func mix(_ a: Int, _ b: Int) -> UInt8 {
                UInt8((Double(a) * (1 - part) + Double(b) * part).rounded())
            }
            let (a, b) = (stops[index], stops[index + 1])
            roles[role] = RoleStyle(.rgb(mix(a.red, b.red), mix(a.green, b.green), mix(a.blue, b.blue)))
        }
    }

    private func problem(_ entry: Entry, _ message: String) -> SettingsProblem {
        SettingsProblem(file: entry.file, line: entry.line, message: message)
    }
}
