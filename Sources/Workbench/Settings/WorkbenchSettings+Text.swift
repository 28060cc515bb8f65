internal import TerminalUI

extension WorkbenchSettings {
    /// Every key with its name, place and meaning, a line each.
    package var keyListing: [String] { keys.listing }

    /// The settings as a file that says the same, with every key as a comment or, where it differs, as an entry.
    package var text: String {
        var lines = [
            "# Settings of the mgrq workbench. What is commented out is as it comes.", "", "[screen]",
            "# The name of a theme; mgrq workbench --list-themes lists them. Without it, the last one.",
            theme.map { "theme = \"\(Self.escaped($0))\"" } ?? "# theme = \"ink\"",
            "# braille, block or ascii. Without it, what the terminal can show.",
            glyphs.map { "glyphs = \"\($0.rawValue)\"" } ?? "# glyphs = \"braille\"",
            "# auto, never, 16, 256 or true.", "color = \"\(color.rawValue)\"",
            "# Whether the workbench takes the mouse.", "mouse = \(capturesMouse)",
            "# Whether the screen is one of its own, behind which the shell's comes back; else the last frame stays.",
            "alt_screen = \(usesAlternateScreen)",
            "# Frames a second for new data; keys are answered at once.", "fps = \(framesPerSecond)",
            "# How long to wait for the rest of an escape sequence, in milliseconds.",
            "esc_ms = \(escapeMilliseconds)", "", "[keys]",
        ]
        for (binding, standard) in zip(keys.bindings, KeyTable.standard.bindings)
        where !binding.contexts.contains(.always) {
            let list = binding.keys.map { "\"\(Self.escaped($0.name))\"" }.joined(separator: ", ")
            let entry = "\(binding.name) = [\(list)]"
            lines.append(binding.keys == standard.keys ? "# \(entry)  # \(binding.help)" : entry)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A text for double quotes.
    static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            .replacing("\t", with: "\\t")
    }
}
