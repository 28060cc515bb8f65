/// A theme's colours and attributes for one role.
package struct RoleStyle: Hashable, Sendable {
    /// The colour of glyphs.
    package var foreground: Color
    /// The colour behind them; nil for the theme's own background.
    package var background: Color?
    /// Attributes the role always has.
    package var attributes: TextAttributes

    /// Makes a role's style.
    package init(_ foreground: Color, on background: Color? = nil, _ attributes: TextAttributes = []) {
        (self.foreground, self.background, self.attributes) = (foreground, background, attributes)
    }
}

/// A style in colours that a terminal can show.
package struct TerminalStyle: Hashable, Sendable {
    /// The colour of glyphs.
    package let foreground: Color
    /// The colour behind them.
    package let background: Color
    /// The attributes.
    package let attributes: TextAttributes
}

/// Gives every role its colours.
package struct Theme: Hashable, Sendable {
    /// Whether the background is dark or light.
    package enum Variant: String, CaseIterable, Hashable, Sendable {
        /// Light text on a dark background.
        case dark
        /// Dark text on a light background.
        case light
    }

    /// Its name in settings and flags.
    package let name: String
    /// Whether it is dark or light.
    package let variant: Variant
    /// The style of each role; every role has an entry.
    package private(set) var roles: [Role: RoleStyle]
    /// Styles that replace those above on terminals of 8 and 16 colours.
    package private(set) var paletteRoles: [Role: RoleStyle]

    /// Makes a theme.
    ///
    /// - Parameters:
    ///   - name: Its name in settings and flags.
    ///   - variant: Whether it is dark or light.
    ///   - roles: The style of each role; a missing one looks like text.
    ///   - paletteRoles: Styles that replace those on terminals of 8 and 16 colours.
    package init(
        name: String, variant: Variant, roles: [Role: RoleStyle], paletteRoles: [Role: RoleStyle] = [:]
    ) {
        self.name = name
        self.variant = variant
        let text = roles[.text] ?? RoleStyle(.terminalDefault)
        var complete = roles
        for role in Role.allCases where complete[role] == nil {
            complete[role] = role == .background ? RoleStyle(.terminalDefault) : text
        }
        self.roles = complete
        self.paletteRoles = paletteRoles
    }

    /// The colours and attributes of a style on a terminal of the given depth.
    package func resolve(_ style: Style, depth: ColorDepth) -> TerminalStyle {
        if let picture = style.picture {
            return TerminalStyle(
                foreground: Color(hex: picture.foreground).reduced(to: depth),
                background: Color(hex: picture.background).reduced(to: depth), attributes: [])
        }
        let usesPalette = depth == .eight || depth == .sixteen
        func entry(_ role: Role) -> RoleStyle {
            (usesPalette ? paletteRoles[role] : nil) ?? roles[role] ?? RoleStyle(.terminalDefault)
        }
        let chosen = entry(style.role)
        // The entry of the background role has its colour as the foreground.
        let behind = entry(.background).foreground
        var attributes = chosen.attributes.union(style.attributes)
        let isBackground = style.role == .background
        var foreground = (isBackground ? entry(.text).foreground : chosen.foreground)
        var background = isBackground ? behind : chosen.background ?? behind
        if depth == .monochrome {
            if chosen.background != nil { attributes.insert(.reverse) }
            return TerminalStyle(
                foreground: .terminalDefault, background: .terminalDefault, attributes: attributes)
        }
        foreground = foreground.reduced(to: depth)
        background = background.reduced(to: depth)
        if usesPalette, foreground == background, foreground != .terminalDefault {
            // Colours that the palette cannot tell apart would hide the text.
            foreground = variant == .dark ? .ansi(7) : .ansi(0)
            if foreground == background { foreground = foreground == .ansi(0) ? .ansi(7) : .ansi(0) }
        }
        return TerminalStyle(foreground: foreground, background: background, attributes: attributes)
    }
}
