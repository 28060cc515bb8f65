extension ThemeDocument {
    /// The theme with every name resolved.
    ///
    /// A palette name hides the palette colour of the same name; in `[ansi]` there is no palette, since its
    /// purpose is to name what the terminal's user has chosen.
    ///
    /// - Returns: The theme; roles that the document does not mention look like text.
    /// - Throws: The first entry that names no colour.
    package func resolved() throws(SettingsProblem) -> Theme {
        var roles: [Role: RoleStyle] = [:]
        for (role, specification) in self.roles.sorted(by: { $0.value.line < $1.value.line }) {
            roles[role] = try style(specification, palette: palette)
        }
        if !heat.isEmpty { try addGradient(to: &roles) }
        var paletteRoles: [Role: RoleStyle] = [:]
        for (role, specification) in self.paletteRoles.sorted(by: { $0.value.line < $1.value.line }) {
            paletteRoles[role] = try style(specification, palette: [:])
        }
        return Theme(name: name, variant: variant, roles: roles, paletteRoles: paletteRoles)
    }

    /// The roles that neither this document nor one it inherits from mentions.
    package var missingRoles: [Role] {
        Role.allCases.filter { role in
            let isHeat = role.rawValue.hasPrefix("heat")
            return isHeat ? heat.isEmpty : roles[role] == nil
        }
    }

    /// Reads `colour [on colour] {bold | dim | underline | reverse}`.
    private func style(
        _ specification: Specification, palette: [String: Specification]
    ) throws(SettingsProblem) -> RoleStyle {
        var words = specification.text.split(separator: " ")[...]
        guard let first = words.popFirst() else { throw problem(specification, "a colour is missing") }
        var style = RoleStyle(try color(String(first), specification, palette))
        if words.first == "on" {
            words.removeFirst()
            guard let name = words.popFirst() else {
                throw problem(specification, "a colour is missing after \"on\"")
            }
            style.background = try color(String(name), specification, palette)
        }
        for word in words {
            switch word {
            case "bold": style.attributes.insert(.bold)
            case "dim": style.attributes.insert(.dim)
            case "underline": style.attributes.insert(.underline)
            case "reverse": style.attributes.insert(.reverse)
            default:
                throw problem(
                    specification, "\"\(word)\" is no attribute; use bold, dim, underline or reverse")
            }
        }
        return style
    }

    private func color(
        _ name: String, _ specification: Specification, _ palette: [String: Specification]
    ) throws(SettingsProblem) -> Color {
        if let entry = palette[name] { return try color(entry.text, entry, [:]) }
        if name == "default" { return .terminalDefault }
        if let index = Color.ansiNames.firstIndex(of: name) { return .ansi(UInt8(index)) }
        if let index = UInt8(name) { return index < 16 ? .ansi(index) : .indexed(index) }
        if name.hasPrefix("#"), let color = Self.hexadecimal(name.dropFirst()) { return color }
        throw problem(
            specification,
            "\"\(name)\" is no colour; use #rgb, #rrggbb, 0 to 255, a palette name of this theme, default, "
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

    private static let heatRoles: [Role] = [.heat0, .heat1, .heat2, .heat3, .heat4]

    /// Spreads two or three stops over the five heat roles; five stops are taken as they are.
    private func addGradient(to roles: inout [Role: RoleStyle]) throws(SettingsProblem) {
        guard heat.count < Self.heatRoles.count else {
            for (role, stop) in zip(Self.heatRoles, heat) { roles[role] = try style(stop, palette: palette) }
            return
        }
        var stops: [(red: Int, green: Int, blue: Int)] = []
        for specification in heat {
            guard let stop = try color(specification.text, specification, palette).components else {
                throw problem(specification, "a gradient cannot use \"default\", whose colour is not known")
            }
            stops.append(stop)
        }
        for (step, role) in Self.heatRoles.enumerated() {
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

    private func problem(_ specification: Specification, _ message: String) -> SettingsProblem {
        SettingsProblem(file: specification.file, line: specification.line, message: message)
    }
}
