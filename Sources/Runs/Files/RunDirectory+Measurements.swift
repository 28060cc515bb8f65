internal import Files

extension RunDirectory {
    /// What was measured of the model of a finished run after its end.
    package var measurementsPath: String { joined(path, "measurements.json") }

    /// Reads what was measured of the model after the run's end.
    ///
    /// - Parameter report: The run's report.
    /// - Returns: The measurements; nil without any, and where they are of other attempts than the report's.
    /// - Throws: `RunFailure(.badData)` where the file is damaged.
    package func measurements(of report: RunReport) throws(RunFailure) -> RunMeasurements? {
        guard isFile(measurementsPath) else { return nil }
        let found: (value: RunMeasurements, digest: String) = try read(
            measurementsPath, otherwise: "holds no measurements of a run")
        return found.value.isOf(report) ? found.value : nil
    }

    /// Keeps something that was measured of the model with the run.
    ///
    /// Measurements of other attempts than the chosen ones go.
    ///
    /// - Parameters:
    ///   - report: The report of the model that was measured.
    ///   - add: Adds it to what is kept.
    /// - Throws: `RunFailure`: `.cannotCreate` while another process works on the run or after it has changed, `.badData`
    ///   where the file is damaged, `.inputOutput` where it cannot be written.
    package func keep(
        measuredOf report: RunReport, _ add: (inout RunMeasurements) -> Void
    ) throws(RunFailure) {
        guard let lock = try RunFailure.wrapping(try FileLock(lockPath)) else {
            throw RunFailure(.cannotCreate, "another process works on the run in \(path)")
        }
        defer { withExtendedLifetime(lock) { try? removeFile(lockPath) } }
        var measurements = RunMeasurements(of: report)
        guard measurements.isOf(try self.report()) else {
            throw RunFailure(.cannotCreate, "the run in \(path) has changed meanwhile")
        }
        if let earlier = try self.measurements(of: report) { measurements = earlier }
        add(&measurements)
        let page = try JSONText(encoding: measurements).sealedPage
        try RunFailure.wrapping(try writeFile(Array(page.text.utf8), to: measurementsPath))
    }
}
