/// What was measured of a finished run's model after its end: the file `measurements.json` of a run directory.
package struct RunMeasurements: Equatable, Codable, Sendable {
    /// A noise floor on the run's evaluation images.
    package struct Floor: Equatable, Codable, Sendable {
        /// When it was measured, such as `2026-03-01T12:30:05Z`.
        package var time: String
        /// The floor.
        package var floor: NoiseFloor

        package init(time: String, floor: NoiseFloor) { (self.time, self.floor) = (time, floor) }
    }

    /// A comparison of an exported file with the run.
    package struct Verification: Equatable, Codable, Sendable {
        /// When it was made, such as `2026-03-01T12:30:05Z`.
        package var time: String
        /// What was found, and of which file.
        package var report: VerificationReport

        package init(time: String, report: VerificationReport) { (self.time, self.report) = (time, report) }

        /// Whether another one is of the same file in the same runtime.
        func isRepeated(by other: Verification) -> Bool {
            report.file == other.report.file && report.runtime?.name == other.report.runtime?.name
        }
    }

    /// The SHA-256 of the attempts that the model consists of, unit by unit; nil for one without a file.
    package private(set) var attempts: [String?]
    /// The noise floor; nil where it was not measured.
    package var noiseFloor: Floor?
    /// The comparisons, of each file in each runtime the last, in the order in which they were made.
    package private(set) var verifications: [Verification] = []

    /// Nothing is measured of a model yet.
    package init(of report: RunReport) { attempts = Self.attempts(of: report) }

    /// Whether this is of the model that a report tells of.
    package func isOf(_ report: RunReport) -> Bool { attempts == Self.attempts(of: report) }

    /// Adds a comparison; an earlier one of the same file in the same runtime goes.
    package mutating func append(_ verification: Verification) {
        verifications.removeAll { $0.isRepeated(by: verification) }
        verifications.append(verification)
    }

    private static func attempts(of report: RunReport) -> [String?] { report.units.map(\.sha256) }
}
