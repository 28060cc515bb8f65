import Foundation
import Testing

@Suite("A run whose process was killed", .serialized)
struct ResumeTests {
    let place: Workplace

    init() throws {
        place = try Workplace()
    }

    private var job: [String] {
        [
            "run", "--model", "model", "--calibration", "calibration.safetensors", "--evaluation",
            "evaluation.safetensors", "--batch", "4", "--steps", "8000", "--json",
        ]
    }

    private func packed(_ run: String) throws -> Data {
        let ending = try place.run(["export", run, "--format", "packed", "--output", "\(run).packed"])
        try #require(ending.status == 0, "\(ending.errors)")
        return try place.data("\(run).packed")
    }

    @Test(
        "goes on with the unit that was in work, and ends with the bits of an undisturbed run",
        arguments: [
            #""event":"unit_finished","unit":1"#, #""event":"stepped","unit":2,"attempt":1,"step":1,"#,
            #""event":"started""#,
        ])
    func killed(place text: String) throws {
        let undisturbed = try place.run(job + ["--output", "plain"])
        try #require(undisturbed.status == 0, "\(undisturbed.errors)")
        let work = try place.start(job + ["--output", "killed"])
        // Without giving the thread away: others may keep it for longer than the run takes.
        while try !work.outputSoFar().contains(text) {
            try #require(work.process.isRunning, "it ended without saying \(text)")
            usleep(2000)
        }
        kill(work.process.processIdentifier, SIGKILL)
        #expect(try work.end().wasKilled)
        let ending = try place.run(["resume", "killed"])
        #expect(ending.status == 0, "\(ending.errors)")
        #expect(ending.errors.contains("continuing where the run ended"))
        #expect(ending.output.contains("final"))
        #expect(try packed("plain") == packed("killed"))
        let again = try place.run(["resume", "killed"])
        #expect(again.status == 65)
        #expect(again.errors.contains("is finished"))
    }

    @Test("is not taken over while its process works")
    func locked() async throws {
        let work = try place.start(job + ["--set", "steps=1000000", "--output", "busy"])
        try await work.waitForOutput(#""event":"stepped""#)
        let other = try place.run(["resume", "busy"])
        #expect(other.status == 73)
        #expect(other.errors.hasPrefix("mgrq: another process works on the run in busy"))
        kill(work.process.processIdentifier, SIGKILL)
        #expect(try work.end().wasKilled)
    }

    @Test("needs a run directory", arguments: [("nowhere", 66), ("model", 65)])
    func refused(path: String, status: Int32) throws {
        let before = try place.contents()
        let ending = try place.run(["resume", path])
        #expect(ending.status == status)
        #expect(ending.errors.hasPrefix("mgrq: \(path)"))
        #expect(try place.contents() == before)
    }

    @Test("an estimate is printed without a run")
    func dryRun() throws {
        let before = try place.contents()
        let ending = try place.run(job + ["--dry-run"])
        #expect(ending.status == 0, "\(ending.errors)")
        let found = try jsonObject(ending.output)
        #expect((found["units"] as? [[String: Any]])?.count == 4)
        #expect((found["seconds"] as? Double ?? 0) > 0)
        let lines = try place.run(job.filter { $0 != "--json" } + ["--dry-run"])
        #expect(lines.output.hasPrefix("time "))
        #expect(lines.output.contains("\nmemory "))
        #expect(try place.contents() == before)
    }
}
