import Foundation
import Testing

@Suite("What killed and moved runs leave", .serialized)
struct KilledTests {
    let place: Workplace

    init() throws {
        place = try Workplace()
    }

    private let job = ["run"] + Workplace.job

    private let sweep = [
        "sweep", "--model", "model", "--calibration", "calibration.safetensors", "--evaluation",
        "evaluation.safetensors", "--weight-bits", "2,8", "--activation-bits", "3,8",
    ]

    @Test("a run takes the folder of one that was killed before it had begun")
    func unbegun() throws {
        try place.write("", to: "out/.lock")
        try place.write("", to: "out/journal.jsonl")
        try place.write("schema", to: "out/.mgrq-unfinished-1-1")
        let refused = try place.run(["resume", "out"])
        #expect(refused.status == 65 && refused.errors.contains("start it again with mgrq run"))
        let ending = try place.run(job + ["--output", "out"])
        #expect(ending.status == 0, "\(ending.errors)")
        #expect(try !place.contents().contains { $0.hasPrefix("out/.") })
    }

    @Test("a run without lines in its journal begins when it goes on, and tells so")
    func emptyJournal() throws {
        _ = try place.succeed(job + ["--output", "plain"])
        for name in ["report.json", "predictions.json", "images.json", "attempts"] {
            try FileManager.default.removeItem(atPath: place.file("plain/\(name)"))
        }
        try place.write("", to: "plain/journal.jsonl")
        let ending = try place.run(["resume", "plain"])
        #expect(ending.status == 0, "\(ending.errors)")
        #expect(ending.errors.contains("unit 4/4 head done"))
        try place.write("", to: "plain/journal.jsonl")
        let lost = try place.run(["resume", "plain"])
        #expect(lost.status == 65)
        #expect(lost.errors.contains("plain/journal.jsonl has lost its lines, as plain/report.json shows"))
    }

    @Test("a finished run that cannot go on is left as it is")
    func finished() throws {
        _ = try place.succeed(job + ["--output", "out"])
        let before = try place.contents()
        #expect(try place.run(["resume", "out"]).status == 65)
        #expect(try place.contents() == before)
    }

    @Test("a comparison goes on with an unfinished run and deletes nothing through a link")
    func compare() throws {
        let flags = [
            "compare", "--model", "model", "--calibration", "calibration.safetensors", "--evaluation",
            "evaluation.safetensors", "--presets", "calibrate,mgrq", "--seeds", "1", "--set", "steps=2",
            "--set",
            "batch=4", "--output", "c",
        ]
        try place.write("", to: "c/w4a4-calibrate-seed1/.lock")
        _ = try place.succeed(flags)
        let table = try jsonObject(place.text("c/compare.json"))
        let run = "c/w4a4-mgrq-seed1"
        let attempts = try place.contents().filter { $0.hasPrefix("\(run)/attempts/") }
        try place.cut(run, after: #""event":"unit_finished","unit":1"#)
        try place.write("mine", to: "mine/theirs.safetensors")
        for path in attempts {
            try FileManager.default.moveItem(
                atPath: place.file(path), toPath: place.file("mine/" + (path as NSString).lastPathComponent))
        }
        try FileManager.default.removeItem(atPath: place.file("\(run)/attempts"))
        try FileManager.default.createSymbolicLink(
            atPath: place.file("\(run)/attempts"), withDestinationPath: "../../mine")
        let again = try place.run(flags)
        #expect(again.status == 0, "\(again.errors)")
        #expect(again.errors.contains("compare: \(run), which continues"))
        #expect(try place.text("mine/theirs.safetensors") == "mine")
        func measured(_ table: [String: Any]) throws -> [NSDictionary] {
            try #require(table["rows"] as? [[String: Any]]).map { row in
                NSDictionary(dictionary: row.filter { !["seconds", "processor_seconds"].contains($0.key) })
            }
        }
        #expect(try measured(jsonObject(place.text("c/compare.json"))) == measured(table))
    }

    @Test(
        "a sweep goes on with the points that are missing",
        arguments: [
            #""event":"sweep_measured","weight_bits":2,"activation_bits":8"#, #""event":"evaluated""#,
            #""command""#,
        ])
    func sweep(place text: String) throws {
        func points() throws -> [NSDictionary] {
            try place.journal("s").filter { $0["event"] as? String == "sweep_measured" }.map { point in
                NSDictionary(dictionary: point.filter { !["seq", "time", "chain"].contains($0.key) })
            }
        }
        let plain = try place.succeed(sweep + ["--output", "s"])
        #expect(
            plain.errors.split(separator: "\n").last?.hasSuffix("done in less than a second") == true
                || !plain.errors.contains("smaller"))
        let expected = try points()
        try place.cut("s", after: text)
        let ending = try place.run(["resume", "s"])
        #expect(ending.status == 0, "\(ending.errors)")
        #expect(ending.output == plain.output)
        #expect(try points() == expected && expected.count == 4)
        #expect(try place.journal("s").count { $0["event"] as? String == "sweep_started" } == 1)
        let again = try place.run(["resume", "s"])
        #expect(again.status == 65 && again.errors.contains("the sweep in s is finished"))
        #expect(try !place.contents().contains("s/.lock"))
    }

    @Test("a run goes on from another folder, and is told where its files are now")
    func moved() throws {
        _ = try place.succeed(job + ["--output", "plain"])
        let packed = ["export", "plain", "--format", "packed", "--output", "packed"]
        _ = try place.succeed(packed)
        let expected = try place.data("packed")
        try place.cut("plain", after: #""event":"unit_finished","unit":1"#)
        // The folder moves, and the working directory is another one.
        try FileManager.default.createDirectory(
            atPath: place.file("other/place"), withIntermediateDirectories: true)
        try FileManager.default.moveItem(atPath: place.file("plain"), toPath: place.file("other/moved"))
        let elsewhere = try place.shell(#"cd other/place && exec "$0" resume ../moved"#).end()
        #expect(elsewhere.status == 0, "\(elsewhere.errors)")
        _ = try place.succeed(["export", "other/moved", "--format", "packed", "--output", "packed"])
        #expect(try place.data("packed") == expected)
        // Every file moves too.
        try place.cut("other/moved", after: #""event":"unit_finished","unit":1"#)
        for name in ["model", "calibration.safetensors", "evaluation.safetensors"] {
            try FileManager.default.moveItem(atPath: place.file(name), toPath: place.file("other/\(name)"))
        }
        var flags = ["resume", "other/moved"]
        for (flag, path) in [
            ("--model", "model"), ("--calibration", "calibration.safetensors"),
            ("--evaluation", "evaluation.safetensors"),
        ] {
            let refused = try place.run(flags)
            #expect(refused.status == 66)
            #expect(refused.errors.contains("is not there; give \(flag) "), "\(refused.errors)")
            flags += [flag, "other/\(path)"]
        }
        let ending = try place.run(flags)
        #expect(ending.status == 0, "\(ending.errors)")
        _ = try place.succeed(["export", "other/moved", "--format", "packed", "--output", "packed"])
        #expect(try place.data("packed") == expected)
    }

    @Test("a plan's paths start from its own folder, or from the working directory")
    func plans() throws {
        try place.write(
            "schema: 1\nmodel: ../model\ncalibration: ../calibration.safetensors\nsteps: 2\nbatch: 4\n",
            to: "plans/beside.yaml")
        try place.write(
            "schema: 1\nmodel: model\ncalibration: calibration.safetensors\nsteps: 2\nbatch: 4\n",
            to: "plans/working.yaml")
        for name in ["beside", "working"] {
            let ending = try place.run(["run", "plans/\(name).yaml", "--output", name])
            #expect(ending.status == 0, "\(ending.errors)")
        }
    }

    @Test("an export replaces files only, and takes no name that is not its own")
    func exports() throws {
        _ = try place.succeed(job + ["--output", "out"])
        let files = FileManager.default
        try place.write("mine", to: "x.unverified")
        try #require(try place.holds("mkfifo pipe"))
        try files.createSymbolicLink(atPath: place.file("device"), withDestinationPath: "/dev/null")
        try files.createSymbolicLink(atPath: place.file("link"), withDestinationPath: "real")
        try place.write("old", to: "real")
        func export(_ target: String) throws -> Work {
            try place.start(["export", "out", "--format", "packed", "--output", target])
        }
        for target in ["pipe", "device", "/dev/null", "out"] {
            let ending = try export(target).end()
            #expect(ending.status == 73, "\(target): \(ending.errors)")
        }
        #expect(try place.holds("test -p pipe && test -c /dev/null"))
        let before = try place.contents()
        let together = try (0..<6).map { _ in try export("x") }
        for work in together {
            let ending = try work.end()
            #expect(ending.status == 0, "\(ending.errors)")
        }
        #expect(try export("link").end().status == 0)
        #expect(try files.destinationOfSymbolicLink(atPath: place.file("link")) == "real")
        #expect(try place.data("real") == place.data("x"))
        #expect(try place.text("x.unverified") == "mine")
        #expect(try place.contents() == (before + ["x"]).sorted())
    }

    @Test(
        "kills at some of the calls that change a file, and at some instants, end with the same bytes",
        .enabled(if: TortureTools.areThere, "needs strace and python3"))
    func torture() throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let work = try Work(
            tool: "/usr/bin/env",
            arguments: [
                "python3", tests.appending(path: "Torture/torture.py").path, Workplace.tool(), "--points",
                "6",
                "--random", "2",
            ], folder: place.path, environment: [:], output: nil)
        let ending = try work.end()
        #expect(ending.status == 0, "\(ending.errors)")
        #expect(ending.output.contains(" kills, 0 differences"))
    }
}

private enum TortureTools {
    static let areThere = ["strace", "python3"].allSatisfy { name in
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/\(name)")
        }
    }
}
