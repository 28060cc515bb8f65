internal import Files

/// A run on disk whose files were found to be those that the run wrote, and to belong together.
package struct CheckedRun: Sendable {
    /// Where it lies.
    package let directory: RunDirectory
    /// What the journal amounts to.
    package let history: RunHistory
    /// The plan with every decision folded in.
    package let plan: RunPlan
    /// The report; nil if the run has not finished.
    package let report: RunReport?
    /// The predictions of a finished run; nil without any.
    package let predictions: Predictions?

    /// Reads plan, report, predictions and journal, and checks every attempt's file.
    ///
    /// - Parameters:
    ///   - directory: The run directory.
    ///   - body: Gets every entry of the journal, in order.
    /// - Throws: `RunFailure`: `.missingInput` where a file is missing, `.badData` with file, line where it is known, and
    ///   what to do where one is damaged or belongs to another run.
    package init(
        _ directory: RunDirectory, _ body: (JournalEntry) throws(RunFailure) -> Void = { _ in }
    ) throws(RunFailure) {
        var history = RunHistory()
        let files = RunFiles(directory)
        let extent = try readJournal(directory.journalPath, seeking: files.journal) {
            entry throws(RunFailure) in
            try history.apply(entry, of: directory.path)
            try body(entry)
        }
        try files.check(history, holdsReport: extent.hasSought)
        try self.init(directory, files, history)
    }

    private init(_ directory: RunDirectory, _ files: RunFiles, _ history: RunHistory) throws(RunFailure) {
        (self.directory, self.history) = (directory, history)
        plan = if let ledger = history.ledger { ledger.plan } else { try files.plan.get() }
        report = try files.report.get()?.report
        predictions = try files.predictions.get()?.value
    }
}

/// The files of a run beside its journal.
///
/// They are read before the journal: of a run in work, the journal then has at least what they tell.
struct RunFiles {
    let directory: RunDirectory
    let plan: Result<RunPlan, RunFailure>
    let report: Result<SealedReport?, RunFailure>
    let predictions: Result<(value: Predictions, digest: String)?, RunFailure>

    init(_ directory: RunDirectory) {
        self.directory = directory
        plan = Result { () throws(RunFailure) in try directory.plan() }
        report = Result { () throws(RunFailure) in
            directory.hasReport ? try directory.sealedReport() : nil
        }
        predictions = Result { () throws(RunFailure) in try directory.sealedPredictions() }
    }

    /// The digest of the journal's line that the report follows; nil without a report.
    var journal: String? { (try? report.get())?.journal }

    /// Checks the files against the journal.
    ///
    /// - Parameters:
    ///   - history: The journal.
    ///   - holdsReport: Whether one of its lines has the digest that the report names.
    /// - Throws: `RunFailure(.badData)`.
    func check(_ history: RunHistory, holdsReport: Bool) throws(RunFailure) {
        guard history.allows(try plan.get()) else { throw otherPlan }
        for report in (history.ledger?.attempts ?? []).joined() { try check(report) }
        guard let report = try report.get() else { return }
        let (chosen, named) = (history.ledger?.chosenAttempts ?? [], report.report.units)
        guard holdsReport, chosen.map(\.sha256) == named.map(\.sha256),
            chosen.map(\.attempt) == named.map(\.attempt)
        else {
            throw damaged(directory.reportPath, "it does not belong to this journal")
        }
        guard try predictions.get()?.digest == report.predictions else {
            throw damaged(directory.predictionsPath, "it is not the file that report.json names")
        }
    }

    /// Checks an attempt's file.
    private func check(_ report: AttemptReport) throws(RunFailure) {
        let path = directory.attemptPath(unit: report.name, attempt: report.attempt)
        let digest = try RunFailure.wrapping(try sha256(ofFile: path))
        guard digest == report.sha256 else {
            throw damaged(path, "its SHA-256 is not the one in the journal")
        }
    }

    private func damaged(_ path: String, _ reason: String) -> RunFailure {
        RunFailure(
            .badData,
            "\(path) is not the file that the run wrote: \(reason); put the file back from a copy, or make the run again"
        )
    }

    /// The plan's file holds another plan than the journal.
    var otherPlan: RunFailure {
        RunFailure(
            .badData,
            "\(directory.planPath) is not the plan that the journal records; mgrq resume \(directory.path) "
                + "--accept-changed-inputs writes it again, and mgrq run with a copy of it carries out a changed plan"
        )
    }
}

/// The contents of `report.json`.
struct SealedReport: Sendable {
    var report: RunReport
    /// The digest of the journal's last line when it was written.
    var journal: String
    /// The digest of `predictions.json`; nil without predictions.
    var predictions: String?
}

extension SealedReport: Codable {
    private enum CodingKeys: CodingKey { case journal, predictions }

    init(from decoder: any Decoder) throws {
        report = try RunReport(from: decoder)
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        journal = try fields.decode(String.self, forKey: .journal)
        predictions = try fields.decodeIfPresent(String.self, forKey: .predictions)
    }

    /// The report's members, then those that tie it to the other files.
    func encode(to encoder: any Encoder) throws {
        try report.encode(to: encoder)
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(journal, forKey: .journal)
        try fields.encodeIfPresent(predictions, forKey: .predictions)
    }
}
