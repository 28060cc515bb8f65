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
    /// The files that were written, which `discard` removes.
    private var written: Set<String> = []
    private var isFinished = false

    /// Makes a run directory with a plan and a journal.
    ///
    /// The plan comes last: a folder with plan and journal is a run that can go on, and one that a killed process left
    /// before is taken as if it were empty.
    ///
    /// - Parameters:
    ///   - path: A folder that is empty or not there; folders above it are made.
    ///   - plan: The plan, which is written.
    ///   - commands: The journal's first lines.
    /// - Throws: `RunFailure`: `.cannotCreate` where the folder holds something or cannot be made, `.inputOutput`
    ///   where writing fails; then nothing is left of it.
    package init(creating path: String, plan: RunPlan, commands: [RunCommand] = []) throws(RunFailure) {
        directory = RunDirectory(path: path)
        let folders = try Self.makeEmptyFolder(directory)
        do throws(RunFailure) {
            lock = try Self.lock(directory)
        } catch {
            removeFolders(folders)
            throw error
        }
        var made: [String] = []
        do throws(RunFailure) {
            // Only now nobody else makes a run here.
            try Self.checkEmpty(directory)
            try RunFailure.wrapping(try removeFile(directory.journalPath))
            journal = try Journal(creating: directory.journalPath)
            made.append(directory.journalPath)
            for command in commands { try journal.append(command, at: 0) }
            try RunFailure.wrapping(try synchronizeFolder(path))
            try RunFailure.wrapping(try writeFile(Array(plan.yaml.utf8), to: directory.planPath))
            made.append(directory.planPath)
            madeFolders = folders + (try RunFailure.wrapping(try makeFolders(directory.attemptsPath)))
            try RunFailure.wrapping(try synchronizeFolder(path))
        } catch {
            Self.remove(made + [directory.lockPath], folders: folders)
            throw error
        }
        written = Set(made)
    }

    /// Opens a run directory to continue its run; a torn last line of the journal is cut off, and what killed
    /// processes left is removed.
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
        let files = RunFiles(directory)
        var history = RunHistory()
        let hasReport: Bool
        do throws(RunFailure) {
            _ = try RunFailure.wrapping(try makeFolders(directory.attemptsPath))
            (journal, hasReport) = try Journal.continuing(
                directory.journalPath, seeking: files.journal
            ) { entry throws(RunFailure) in
                try history.apply(entry, of: path)
                try body(entry)
            }
        } catch {
            try? removeFile(directory.lockPath)
            throw error
        }
        if let ledger = history.ledger, (try? files.plan.get()) != ledger.plan {
            // The process ended before it could write the plan, or someone has changed it.
            if !restoresPlan {
                guard history.allows(try files.plan.get()) else { throw files.otherPlan }
            }
            try write(ledger.plan, stale: ledger.staleNames)
        }
        if history.ledger == nil { try directory.checkUnbegun() }
        try RunFiles(directory).check(history, holdsReport: hasReport)
        AtomicFile.removeLeftovers(in: path)
        if isOwnFolder(directory.attemptsPath) { AtomicFile.removeLeftovers(in: directory.attemptsPath) }
    }

    /// Removes what a process left that was killed between the report and its end.
    ///
    /// - Parameter directory: A run directory; one that a process works on stays as it is.
    static func removeLeftovers(of directory: RunDirectory) {
        guard exists(directory.lockPath), let lock = try? lock(directory) else { return }
        withExtendedLifetime(lock) {
            AtomicFile.removeLeftovers(in: directory.path)
            try? removeFile(directory.lockPath)
        }
    }

    deinit {
        // The lock is held until now, so the name is that of our file.
        finish()
    }

    /// Where an attempt that is made now is written.
    ///
    /// - Parameters:
    ///   - unit: The unit's name.
    ///   - attempt: The attempt's number, from 1.
    /// - Returns: The path; `discard` removes the file.
    package func newAttemptPath(unit: String, attempt: Int) -> String {
        let path = directory.attemptPath(unit: unit, attempt: attempt)
        written.insert(path)
        return path
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
        written.insert(path)
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
        guard !isFinished else { return }
        isFinished = true
        try? removeFile(directory.lockPath)
    }

    /// Removes everything that was written, because it is of no use.
    ///
    /// The files that this process wrote go, then the folders that it made; what others have put there stays.
    package func discard() {
        let attempts = directory.attemptsPath
        let isOurs = isOwnFolder(attempts)
        Self.remove(
            written.filter { isOurs || parent(of: $0) != attempts }.sorted() + [directory.lockPath],
            folders: madeFolders)
        isFinished = true
    }

    private static func makeEmptyFolder(_ directory: RunDirectory) throws(RunFailure) -> [String] {
        let path = directory.path
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw RunFailure(.cannotCreate, "the run directory has no name; give --output a folder")
        }
        guard isFolder(path) else {
            return try RunFailure.wrapping(try makeFolders(path))
        }
        try checkEmpty(directory)
        return []
    }

    /// Checks that a folder holds nothing, or what a process left that was killed while it made a run there.
    private static func checkEmpty(_ directory: RunDirectory) throws(RunFailure) {
        let path = directory.path
        if RunDirectory.isRun(path) {
            throw RunFailure(
                .cannotCreate,
                "\(path) already holds a run; give --output a new folder, or continue it with mgrq resume")
        }
        guard let names = try? names(in: path) else {
            throw RunFailure(.cannotCreate, "\(path) cannot be listed; give --output a new folder")
        }
        guard names.isEmpty || directory.isUnbegun else {
            throw RunFailure(.cannotCreate, "\(path) is not empty; give --output a new or an empty folder")
        }
    }

    private static func lock(_ directory: RunDirectory) throws(RunFailure) -> FileLock {
        guard let lock = try RunFailure.wrapping(try FileLock(directory.lockPath))
        else {
            throw RunFailure(
                .cannotCreate, "another process works on the run in \(directory.path); wait until it ends")
        }
        return lock
    }

    private static func remove(_ files: [String], folders: [String]) {
        for path in files {
            try? removeFile(path)
        }
        removeFolders(folders)
    }
}

@available(*, unavailable)
extension OpenRun: Sendable {}
