internal import Files

extension Unicode.Scalar {
    /// Whether a terminal or an editor acts on the scalar instead of showing it: controls, separators of lines, and
    /// marks that change the direction of the text around them.
    package var isControl: Bool {
        switch value {
        case 0x00...0x1F, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    /// The scalar as an escape of JSON, such as `\u001b`; it must be below 0x10000.
    package var escape: String { hexadecimalEscape(of: self) }
}
