internal import RunText

/// The formats of a picture of the screen, by the extension of its file.
package enum PictureFormat: String, FileFormat {
    /// Vectors, frames and curves included.
    case svg
    /// Pixels.
    case png
    /// Glyphs without colours.
    case txt
}
