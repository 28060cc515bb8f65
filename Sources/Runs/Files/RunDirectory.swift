/// The folder of one run: its plan, its journal, its attempts, its report.
public struct RunDirectory: Equatable, Sendable {
    /// The greatest length of a plan, a report or predictions, in bytes.
    static let greatestLength = 64 << 20

    /// The folder.
    public let path: String

    /// Names a folder, which need not be there.
    public init(path: String) {
        self.path = path
    }

    /// The plan, decisions made at gates folded in.
    public var planPath: String { joined(path, "plan.yaml") }
    /// The journal.
    public var journalPath: String { joined(path, "journal.jsonl") }
    /// The manifest of the images that the run used.
    public var imagesPath: String { joined(path, "images.json") }
    /// The report of a finished run.
    public var reportPath: String { joined(path, "report.json") }
    /// What the models of a finished run take each evaluation image for.
    public var predictionsPath: String { joined(path, "predictions.json") }
    /// The folder of attempts.
    public var attemptsPath: String { joined(path, "attempts") }
    /// The file that the process which works on the run holds locked.
    var lockPath: String { joined(path, ".lock") }

    /// The file of one attempt at a unit.
    ///
    /// - Parameters:
    ///   - unit: The unit's name.
    ///   - attempt: The attempt's number, from 1.
    /// - Returns: The path; the file need not be there.
    public func attemptPath(unit: String, attempt: Int) -> String {
        joined(attemptsPath, "\(unit)-\(attempt).safetensors")
    }

    /// Whether a path leads to a folder that holds a run.
    public static func isRun(_ path: String) -> Bool {
        let directory = RunDirectory(path: path)
        return isFile(directory.planPath) && isFile(directory.journalPath)
    }

    /// Reads the plan.
    ///
    /// - Throws: `RunFailure`: `.missingInput` where there is none, `.badData` with file and line where it is wrong.
    public func plan() throws(RunFailure) -> RunPlan { try RunPlan(path: planPath) }

    /// Reads the journal.
    ///
    /// - Throws: What `JournalContents(path:)` throws.
    public func journal() throws(RunFailure) -> JournalContents { try JournalContents(path: journalPath) }

    /// Reads the report.
    ///
    /// - Throws: `RunFailure`: `.missingInput` where the run has not finished, `.badData` where the file is damaged.
    public func report() throws(RunFailure) -> RunReport {
        guard isFile(reportPath) else {
            throw RunFailure(.missingInput, "\(reportPath) is not there; the run has not finished")
        }
        let bytes = try readFile(reportPath, limit: Self.greatestLength)
        do throws(JSONError) {
            return try RunReport(json: bytes)
        } catch {
            throw RunFailure(.badData, "\(reportPath) is no report of a run: \(error)")
        }
    }

    /// Reads the predictions; nil where there are none, as in a run without evaluation images.
    ///
    /// - Throws: `RunFailure(.badData)` where the file is damaged.
    public func predictions() throws(RunFailure) -> Predictions? {
        guard isFile(predictionsPath) else { return nil }
        let bytes = try readFile(predictionsPath, limit: Self.greatestLength)
        do throws(JSONError) {
            return try Predictions(json: bytes)
        } catch {
            throw RunFailure(.badData, "\(predictionsPath) holds no predictions of a run: \(error)")
        }
    }
}

extension RunReport {
    /// The report as JSON, for programs and people.
    ///
    /// - Throws: `RunFailure(.internal)` where that cannot be done.
    package var json: String {
        get throws(RunFailure) {
            do {
                return try JSONValue(encoding: self).page
            } catch {
                throw RunFailure(.internal, "the report cannot be written as JSON: \(error)")
            }
        }
    }

    /// Reads what `json` wrote.
    ///
    /// - Throws: `JSONError` that says what is wrong.
    package init(json: [UInt8]) throws(JSONError) {
        self = try JSONValue(parsing: json).decoded(as: RunReport.self)
    }
}
