internal import Datasets
internal import Files
internal import RunText
internal import Runs
internal import TerminalUI
internal import Workbench

/// Writes a frame as a picture, in the format of the file's extension.
///
/// - Parameters:
///   - grid: The frame.
///   - theme: Its colours.
///   - path: The file, which is replaced if it exists.
/// - Returns: What was written.
/// - Throws: `RunFailure(.usage)` for another name, `.cannotCreate` or `.inputOutput` where it cannot be written.
func writePicture(of grid: CellGrid, theme: Theme, to path: String) throws(RunFailure) -> WorkbenchOutcome {
    guard let format = PictureFormat(path: path) else {
        throw RunFailure(.usage, "\(path) must end with \(PictureFormat.extensions)")
    }
    let bytes =
        switch format {
        case .svg: Array(svgPicture(of: grid, theme: theme, title: "The mgrq workbench").utf8)
        case .png: png(PixelPicture(of: grid, theme: theme))
        case .txt: Array((grid.glyphRows.joined(separator: "\n") + "\n").utf8)
        }
    try RunFailure.wrapping(try writeFile(bytes, to: path))
    return .wrote(path: path, bytes: bytes.count, summary: "\(grid.width) × \(grid.height) cells")
}

private func png(_ picture: PixelPicture) -> [UInt8] {
    encodedPNG(picture.bytes, width: picture.width, height: picture.height)
}
