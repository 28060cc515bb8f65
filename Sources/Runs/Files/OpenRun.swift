internal import Files

/// A run directory in work: made, locked against other processes, written to.
///
/// Used by one thread.
package final class OpenRun {
    /// Where everything lies.
    package let directory: RunDirectory
    /// The journal.
    package let journal: Journal
    private let lock: FileLock
    private let madeFolders: [String]
    /// The digest of the predictions that were written last.
    private var predictions: String?

    /// Makes a run directory with a plan and an empty journal.
    ///
    /// - Parameters:
    ///   - path: A folder that is empty or not there; folders above it are made.
    ///   - plan: The plan, which is written.
    /// - Throws: `RunFailure`: `.cannotCreate` where the folder holds something or cannot be made, `.inputOutput`
    ///   where writing fails; then nothing is left of it.
    package init(creating path: String, plan: RunPlan) throws(RunFailure) {
        directory = RunDirectory(path: path)
        madeFolders = try Self.makeEmptyFolder(directory)
        do throws(RunFailure) {
            lock = try Self.lock(directory)
        } catch {
            removeFolders(madeFolders)
            throw error
        }
        do throws(RunFailure) {
            _ = try RunFailure.wrapping(try makeFolders(directory.attemptsPath))
            try RunFailure.wrapping(try writeFile(Array(plan.yaml.utf8), to: directory.planPath))
            journal = try Journal(creating: directory.journalPath)
            try RunFailure.wrapping(try synchronizeFolder(path))
        } catch {
            Self.remove(directory, madeFolders: madeFolders)
            throw error
        }
    }

    /// Opens a run directory to continue its run; a torn last line of the journal is cut off.
    ///
    /// - Parameters:
    ///   - path: A run directory that no other process works on.
    ///   - restoresPlan: Whether a plan's file that is damaged or changed is written again from the journal.
    ///   - body: Gets every entry of the journal, in order.
    /// - Throws: `RunFailure`: `.missingInput` or `.badData` where it holds no run or files that are not the run's,
    ///   `.cannotCreate` where another process works on it, what `Journal(continuing:)` throws.
    package init(
        continuing path: String, restoresPlan: Bool = false,
        _ body: (JournalEntry) throws(RunFailure) -> Void = { _ in }
    ) throws(RunFailure) {
        directory = try RunDirectory(run: path)
        madeFolders = []
        lock = try Self.lock(directory)
        _ = try RunFailure.wrapping(try makeFolders(directory.attemptsPath))
        let files = RunFiles(directory)
        var history = RunHistory()
        let (journal, hasReport) = try Journal.continuing(directory.journalPath, seeking: files.journal) {
            entry throws(RunFailure) in
            try history.apply(entry, of: path)
            try body(entry)
        }
        self.journal = journal
        if let ledger = history.ledger, (try? files.plan.get()) != ledger.plan {
            // The process ended before it could write the plan, or someone has changed it.
            if !restoresPlan {
                guard history.allows(try files.plan.get()) else { throw files.otherPlan }
            }
            try write(ledger.plan, stale: ledger.staleNames)
        }
        try RunFiles(directory).check(history, holdsReport: hasReport)
    }

    /// Replaces the plan.
    ///
    /// - Parameters:
    ///   - plan: The plan.
    ///   - stale: The units that it does not lead to, by name.
    /// - Throws: `RunFailure`; then the plan is what it was.
    package func write(_ plan: RunPlan, stale: [String] = []) throws(RunFailure) {
        try write(plan.yaml(stale: stale), to: directory.planPath)
    }

    /// Writes the manifest of the images that the run uses.
    ///
    /// - Parameter manifest: The manifest.
    /// - Throws: `RunFailure`; then there is none, or the one that was there.
    package func write(imageManifest manifest: some Encodable) throws(RunFailure) {
        try write(json: manifest, to: directory.imagesPath)
    }

    /// Writes the report, which names the journal's last line and the predictions that were written before.
    ///
    /// - Throws: `RunFailure`; then there is no report, or the one that was there.
    package func write(_ report: RunReport) throws(RunFailure) {
        try write(
            json: SealedReport(report: report, journal: journal.digest, predictions: predictions),
            to: directory.reportPath)
    }

    /// Writes the predictions.
    ///
    /// - Throws: `RunFailure`; then there are none, or those that were there.
    package func write(_ predictions: Predictions) throws(RunFailure) {
        self.predictions = try write(json: predictions, to: directory.predictionsPath)
    }

    @discardableResult
    private func write(json value: some Encodable, to path: String) throws(RunFailure) -> String {
        let page = try JSONText(encoding: value).sealedPage
        try write(page.text, to: path)
        return page.digest
    }

    private func write(_ text: String, to path: String) throws(RunFailure) {
        try RunFailure.wrapping(try writeFile(Array(text.utf8), to: path))
    }

    /// Removes the report and the predictions, because the run is not what it was when they were written.
    ///
    /// - Throws: `RunFailure(.inputOutput)`; then not both are gone, and the predictions not before the report.
    package func removeReport() throws(RunFailure) {
        for path in [directory.reportPath, directory.predictionsPath] {
            try RunFailure.wrapping(try removeFile(path))
        }
        predictions = nil
    }

    /// Ends the work: other processes can have the run.
    package func finish() {
        try? removeFile(directory.lockPath)
    }

    /// Removes everything that was written, because it is of no use.
    ///
    /// The run's own files go, then the folders that were made for it; what others have put there stays.
    package func discard() {
        Self.remove(directory, madeFolders: madeFolders)
    }

    /// Removes a run that did not finish; what others have put into its folder stays.
    ///
    /// - Throws: `RunFailure(.cannotCreate)` while a process works on it.
    package static func discard(_ directory: RunDirectory) throws(RunFailure) {
        let lock = try lock(directory)
        withExtendedLifetime(lock) { remove(directory, madeFolders: [directory.path]) }
    }

    private static func makeEmptyFolder(_ directory: RunDirectory) throws(RunFailure) -> [String] {
        let path = directory.path
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw RunFailure(.cannotCreate, "the run directory has no name; give --output a folder")
        }
        guard isFolder(path) else {
            return try RunFailure.wrapping(try makeFolders(path))
        }
        if isFile(directory.planPath) || isFile(directory.journalPath) {
            throw RunFailure(.cannotCreate, "\(path) already holds a run; give --output a new folder")
        }
        guard let names = try? names(in: path) else {
            throw RunFailure(.cannotCreate, "\(path) cannot be listed; give --output a new folder")
        }
        guard names.allSatisfy({ $0 == ".lock" }) else {
            throw RunFailure(.cannotCreate, "\(path) is not empty; give --output a new or an empty folder")
        }
        return []
    }

    private static func lock(_ directory: RunDirectory) throws(RunFailure) -> FileLock {
        guard let lock = try RunFailure.wrapping(try FileLock(directory.lockPath))
        else {
            throw RunFailure(
                .cannotCreate, "another process works on the run in \(directory.path); wait until it ends")
        }
        return lock
    }

    private static func remove(_ directory: RunDirectory, madeFolders: [String]) {
        let attempts = ((try? names(in: directory.attemptsPath)) ?? []).filter {
            $0.hasSuffix(".safetensors") || AtomicFile.isTemporary($0)
        }
        for name in attempts {
            try? removeFile(joined(directory.attemptsPath, name))
        }
        removeFolders([directory.attemptsPath])
        for path in [
            directory.reportPath, directory.predictionsPath, directory.imagesPath, directory.journalPath,
            directory.planPath, directory.lockPath,
        ] {
            try? removeFile(path)
        }
        removeFolders(madeFolders)
    }
}

@available(*, unavailable)
extension OpenRun: Sendable {}
