internal import Runs
internal import TerminalUI

extension WorkbenchSettings {
    /// Every key with its name, place and meaning, a line each.
    package var keyListing: [String] { keys.listing }

    /// The settings as YAML, with a comment for every setting and key that has its default.
    package var yaml: String {
        var lines = [
            "# Settings of the mgrq workbench. A comment shows a default.", "screen:",
            "  # A theme of `mgrq workbench --list-themes`. Default: the theme used last.",
            theme.map { "  theme: \(yamlQuoted($0))" } ?? "  # theme: ink",
            "  # braille, block or ascii. Default: what the terminal can show.",
            glyphs.map { "  glyphs: \($0.rawValue)" } ?? "  # glyphs: braille",
            "  # auto, never, 16, 256 or true.", "  color: \(color.rawValue)",
            "  # Whether the workbench takes the mouse.", "  mouse: \(capturesMouse)",
            "  # Whether to use the alternate screen; without it the last frame stays in the shell.",
            "  alt_screen: \(usesAlternateScreen)",
            "  # Frames a second for new data; keys are answered at once.", "  fps: \(framesPerSecond)",
            "  # How long to wait for the rest of an escape sequence, in milliseconds.",
            "  esc_ms: \(escapeMilliseconds)", "keys:",
        ]
        for (binding, standard) in zip(keys.bindings, KeyTable.standard.bindings)
        where !binding.contexts.contains(.always) {
            let list = binding.keys.map { yamlQuoted($0.name) }.joined(separator: ", ")
            let entry = "\(binding.name): [\(list)]"
            lines.append(binding.keys == standard.keys ? "  # \(entry)  # \(binding.help)" : "  \(entry)")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
