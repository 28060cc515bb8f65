internal import RunText
package import TerminalUI

/// The formats of a picture of the screen, by the extension of its file.
package enum PictureFormat: String, FileFormat {
    /// Vectors, frames and curves included.
    case svg
    /// Pixels.
    case png
    /// Glyphs without colours.
    case txt

    /// The file of a frame.
    package func bytes(of grid: CellGrid, theme: Theme) -> [UInt8] {
        switch self {
        case .svg: Array(svgPicture(of: grid, theme: theme, title: "The mgrq workbench").utf8)
        case .png: pngPicture(of: grid, theme: theme)
        case .txt: Array((grid.glyphRows.joined(separator: "\n") + "\n").utf8)
        }
    }
}
