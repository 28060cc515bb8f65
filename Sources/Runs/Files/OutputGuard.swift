internal import Files

/// Refuses an output that would replace a file of a run, or one that the command reads.
///
/// A file that exists and is none of these is replaced by the commands that say so.
///
/// - Parameters:
///   - path: The output.
///   - inputs: The files and folders that the command reads; those that are not there are passed over. Of a folder, the
///     files of a checkpoint count: it may hold outputs as well.
/// - Throws: `RunFailure(.usage)` that names the file and what it is.
package func checkOutput(_ path: String, isNoneOf inputs: [String]) throws(RunFailure) {
    guard let output = try? FileStatus(path), output.kind == .file else { return }
    let folder = try? FileStatus(parent(of: path)).identity
    for input in inputs {
        guard let status = try? FileStatus(input) else { continue }
        let isRead =
            status.kind == .folder
            ? status.identity == folder && isCheckpointName(lastName(of: path))
            : status.identity == output.identity
        guard isRead else { continue }
        throw RunFailure(
            .usage,
            "\(path) is not replaced: "
                + (status.kind == .folder ? "it lies in \(input), which is read" : "it is what is read")
                + "; give --output another name")
    }
    let holder = [parent(of: path), parent(of: parent(of: path))].first { RunDirectory.isRun($0) }
    guard let holder, RunDirectory(path: holder).owns(output, in: folder) else { return }
    throw RunFailure(
        .usage, "\(path) is not replaced: it is a file of the run in \(holder); give --output another name")
}

/// Whether a file has a name under which a folder's checkpoint is looked for.
private func isCheckpointName(_ name: String) -> Bool {
    ["model.", "model-", "pytorch_model"].contains { name.hasPrefix($0) } || name.hasSuffix("config.json")
}

extension RunDirectory {
    /// Whether a file in a folder is one that the run wrote for itself.
    fileprivate func owns(_ file: FileStatus, in folder: FileStatus.Identity?) -> Bool {
        let own = [
            planPath, journalPath, imagesPath, reportPath, predictionsPath, measurementsPath, lockPath,
        ]
        return own.contains { (try? FileStatus($0))?.identity == file.identity }
            || (try? FileStatus(attemptsPath))?.identity == folder
    }
}
