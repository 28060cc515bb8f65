internal import Files

/// The folder of one run: its plan, its journal, its attempts, its report.
package struct RunDirectory: Equatable, Sendable {
    /// The greatest length of a plan, a report or predictions, in bytes.
    static let greatestLength = 64 << 20

    /// The folder.
    package let path: String

    /// Names a folder, which need not be there.
    package init(path: String) {
        self.path = path
    }

    /// Opens a folder that holds a run.
    ///
    /// - Throws: `RunFailure`: `.missingInput` for a path that is not a folder, `.badData` for a folder without a run.
    package init(run path: String) throws(RunFailure) {
        self.init(path: path)
        guard Self.isRun(path) else { throw noRun }
    }

    /// The plan, decisions made at gates folded in.
    package var planPath: String { joined(path, "plan.yaml") }
    /// The journal.
    package var journalPath: String { joined(path, "journal.jsonl") }
    /// The manifest of the images that the run used.
    package var imagesPath: String { joined(path, "images.json") }
    /// The report of a finished run.
    package var reportPath: String { joined(path, "report.json") }
    /// What the models of a finished run take each evaluation image for.
    package var predictionsPath: String { joined(path, "predictions.json") }
    /// The folder of attempts.
    package var attemptsPath: String { joined(path, "attempts") }
    /// The file that the process which works on the run holds locked.
    var lockPath: String { joined(path, ".lock") }

    /// The file of one attempt at a unit.
    ///
    /// - Parameters:
    ///   - unit: The unit's name.
    ///   - attempt: The attempt's number, from 1.
    /// - Returns: The path; the file need not be there.
    package func attemptPath(unit: String, attempt: Int) -> String {
        joined(attemptsPath, "\(unit)-\(attempt).safetensors")
    }

    /// Whether a path leads to a folder that holds a run.
    package static func isRun(_ path: String) -> Bool {
        let directory = RunDirectory(path: path)
        return isFile(directory.planPath) && isFile(directory.journalPath)
    }

    /// The reason why nothing can be done with a folder that holds no run.
    package var noRun: RunFailure {
        guard isFolder(path) else {
            return RunFailure(.missingInput, "\(path) is not a folder; give the directory of a run")
        }
        return RunFailure(
            .badData,
            isUnbegun
                ? "\(path) holds a run that was interrupted before it began; start it again with mgrq run"
                : "\(path) holds no run; a folder with plan.yaml and journal.jsonl was expected")
    }

    /// Whether the folder holds what a process left that was killed while it made a run, before the plan was there, and
    /// nothing else.
    var isUnbegun: Bool {
        let own = [lastName(of: lockPath), lastName(of: journalPath)]
        guard let names = try? names(in: path), !names.isEmpty,
            names.allSatisfy({ own.contains($0) || AtomicFile.isTemporary($0) })
        else { return false }
        guard let status = try? FileStatus(journalPath, followsLinks: false) else { return true }
        guard status.kind == .file, status.size < 1 << 20 else { return false }
        guard !hasBegun, let extent = try? readJournal(journalPath, { _ in }),
            let bytes = try? readFile(journalPath, limit: 1 << 20)
        else { return false }
        // What follows the last whole line is the beginning of one of ours.
        let opening = Array(
            (extent.chain.lines == 0 ? "{\"schema\":\(JournalChain.schema)," : "{\"seq\":").utf8)
        return zip(bytes[extent.length...], opening).allSatisfy { $0 == $1 }
    }

    /// Whether there is a report, as a finished run has one.
    package var hasReport: Bool { isFile(reportPath) }

    /// Whether the journal holds an event; a run without any begins anew when it goes on.
    package var hasBegun: Bool {
        var hasBegun = false
        // Any failure is that of reading the rest, or comes again when the run goes on.
        _ = try? readJournal(journalPath) { entry throws(RunFailure) in
            guard case .event = entry.content else { return }
            hasBegun = true
            throw RunFailure(.internal, "the rest is not read")
        }
        return hasBegun
    }

    /// Checks that nothing is there which only a run has that has begun, for one whose journal holds no event.
    ///
    /// - Throws: `RunFailure(.badData)` that names it.
    package func checkUnbegun() throws(RunFailure) {
        let attempts = ((try? names(in: attemptsPath)) ?? []).filter { $0.hasSuffix(".safetensors") }
        let found = [reportPath, predictionsPath].first(where: exists)
        guard let found = found ?? attempts.first.map({ joined(attemptsPath, $0) }) else { return }
        throw RunFailure(
            .badData,
            "\(journalPath) has lost its lines, as \(found) shows; put the journal back, or start a new run")
    }

    /// Reads the plan.
    ///
    /// - Throws: `RunFailure`: `.missingInput` where there is none, `.badData` with file and line where it is wrong.
    package func plan() throws(RunFailure) -> RunPlan { try RunPlan(path: planPath) }

    /// Reads the report.
    ///
    /// - Throws: `RunFailure`: `.missingInput` where the run has not finished, `.badData` where the file is damaged.
    package func report() throws(RunFailure) -> RunReport { try sealedReport().report }

    var notFinished: RunFailure {
        RunFailure(.missingInput, "\(reportPath) is not there; the run has not finished")
    }

    func sealedReport() throws(RunFailure) -> SealedReport {
        guard hasReport else { throw notFinished }
        return try read(reportPath, otherwise: "is not a report of a run").value
    }

    /// Reads the predictions; nil where there are none, as in a run without evaluation images.
    ///
    /// - Throws: `RunFailure(.badData)` where the file is damaged.
    package func predictions() throws(RunFailure) -> Predictions? { try sealedPredictions()?.value }

    func sealedPredictions() throws(RunFailure) -> (value: Predictions, digest: String)? {
        guard isFile(predictionsPath) else { return nil }
        let complaint = "holds no predictions of a run"
        let predictions: (value: Predictions, digest: String) = try read(
            predictionsPath, otherwise: complaint)
        guard predictions.value.isWhole else {
            throw RunFailure(
                .badData,
                "\(predictionsPath) \(complaint): its lists are not of the same length")
        }
        return predictions
    }

    /// Reads the manifest of the images that the run used.
    ///
    /// - Throws: `RunFailure`: `.missingInput` where there is none, `.badData` where the file is damaged.
    package func imageManifest<Manifest: Decodable>() throws(RunFailure) -> Manifest {
        try read(imagesPath, otherwise: "is not the manifest of a run's images").value
    }

    /// Reads a file of JSON, and the SHA-256 that it carries.
    func read<Value: Decodable>(
        _ path: String, otherwise complaint: String
    ) throws(RunFailure) -> (value: Value, digest: String) {
        let bytes = try RunFailure.wrapping(try readFile(path, limit: Self.greatestLength))
        guard let digest = JSONSeal.digest(of: bytes) else {
            throw RunFailure(
                .badData,
                "\(path) \(complaint): it does not match the SHA-256 at its end; put the file back from a copy, or make the "
                    + "run again")
        }
        do throws(JSONError) {
            return (try decodeJSON(bytes), digest)
        } catch {
            throw RunFailure(.badData, "\(path) \(complaint): \(error)")
        }
    }
}

extension RunDirectory {
    /// Whether another process works on the run.
    ///
    /// The kernel's list of locks is read; taking the lock could get in the way of a process that begins.
    package var isInUse: Bool {
        guard let holders = try? lockHolders(of: lockPath) else { return false }
        return holders.contains { $0 != processIdentifier }
    }
}
