package import Checkpoints
package import Runs

/// Inspects a checkpoint without running it.
///
/// - Parameters:
///   - path: A file with weights or a folder with one.
///   - imageSize: The side of the images that it is to read, in pixels; nil takes the checkpoint's own.
///   - heads: The number of a ViT's attention heads; nil takes what config.json or its architecture says.
/// - Returns: The model and its problems.
/// - Throws: `RunFailure` with one sentence if the file cannot be read at all.
package func inspectModel(path: String, imageSize: Int? = nil, heads: Int? = nil) throws(RunFailure)
    -> ModelInspection
{
    try reportingFailures {
        try inspectCheckpoint(path: path, imageSize: imageSize.map { ($0, $0) }, heads: heads)
    }
}
