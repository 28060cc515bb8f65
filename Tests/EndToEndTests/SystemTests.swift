import Foundation
import Safetensors
import Testing

extension Workplace {
    /// Runs a script of the shell to its end; `$0` in it is the tool.
    func shell(_ script: String, _ arguments: [String] = [], output: String? = nil) throws -> Work {
        try Work(
            tool: "/bin/bash", arguments: ["-c", script, Self.tool()] + arguments, folder: path,
            environment: [:],
            output: output)
    }

    /// Whether a command of the shell ends well.
    func holds(_ command: String) throws -> Bool { try shell(command).end().status == 0 }

    /// The objects of a journal; every line must be one, numbered from 1.
    func journal(_ run: String) throws -> [[String: Any]] {
        let lines = try text("\(run)/journal.jsonl").split(separator: "\n").map { try jsonObject($0) }
        #expect(lines.compactMap { $0["seq"] as? Int } == Array(1...max(1, lines.count)))
        return lines
    }

    /// Cuts a finished run's journal off after the first line that contains a text, as if its process had been killed.
    func cut(_ run: String, after text: String) throws {
        var kept: [Substring] = []
        for line in try self.text("\(run)/journal.jsonl").split(separator: "\n") {
            kept.append(line)
            if line.contains(text) { break }
        }
        try #require(kept.last?.contains(text) == true)
        try write(kept.joined(separator: "\n") + "\n{\"seq\":", to: "\(run)/journal.jsonl")
        try? FileManager.default.removeItem(atPath: file("\(run)/report.json"))
    }
}

@Suite("What the system takes away", .serialized)
struct SystemTests {
    let place: Workplace

    init() throws {
        place = try Workplace()
    }

    private let job = ["run"] + Workplace.job

    @Test("messages for closed descriptors never land in a file, and output that nobody can take is an error")
    func closedDescriptors() throws {
        let plain = try place.shell(#"exec "$0" "$@" <&- >&- 2>&-"#, job + ["--output", "out"]).end()
        #expect(plain.status == 74)
        #expect(try place.journal("out").last?["event"] as? String == "finished")
        #expect(try !place.contents().contains("out/.lock"))
        let events = try place.shell(#"exec "$0" "$@" >&-"#, job + ["--json", "--output", "second"]).end()
        #expect(events.status == 74)
        #expect(events.errors == "mgrq: standard output cannot be written\n")
        #expect(!FileManager.default.fileExists(atPath: place.file("second")))
    }

    @Test("a signal that was ignored when the run began stays ignored", arguments: [SIGHUP, SIGINT])
    func inherited(signal: Int32) async throws {
        let work = try place.shell(
            #"trap '' HUP INT; exec "$0" "$@""#, job + ["--json", "--output", "out", "--set", "steps=8000"])
        try await work.waitForOutput(#""event":"stepped""#)
        kill(work.process.processIdentifier, signal)
        let ending = try work.end()
        #expect(ending.status == 0, "\(ending.errors)")
        #expect(try place.journal("out").last?["event"] as? String == "finished")
    }

    @Test(
        "a limit of the shell is one sentence and an exit code",
        arguments: [
            ("-f 1", [74]), ("-f 16", [74]), ("-v 100000", [71]), ("-v 140000", [71, 0]),
            ("-n 8", [74, 73, 0]), ("-n 4", [74, 73, 71]), ("-s 32", [71]), ("-S -s 32", [0]),
        ])
    func limits(limit: String, codes: [Int32]) throws {
        // The first page of the journal fits into two blocks, so more is written.
        let flags = ["--output", "out", "--set", "steps=200", "--threads", "3"]
        let ending = try place.shell("ulimit \(limit); exec \"$0\" \"$@\"", job + flags).end()
        #expect(
            !ending.wasKilled && codes.contains(ending.status),
            "\(ending.status): \(ending.errors.suffix(300))")
        let sentences = ending.errors.split(separator: "\n").filter { $0.hasPrefix("mgrq: ") }
        #expect(sentences.count == (ending.status == 0 ? 0 : 1), "\(ending.errors.suffix(300))")
    }

    @Test(
        "a disk that fills up is one sentence, nothing half-written is left, and the run goes on to the same bits",
        .enabled(if: Workplace.canMount, "needs a user who may mount file systems"),
        arguments: [4, 12, 24, 48, 64, 80])
    func fullDisk(kilobytes: Int) throws {
        let flags = ["--set", "steps=8", "--threads", "1"]
        _ = try place.succeed(job + flags + ["--output", "plain"])
        _ = try place.succeed(["export", "plain", "--format", "packed", "--output", "plain.packed"])
        let ending = try place.shell(
            #"""
            exec unshare --mount bash -c '
            set -e
            mkdir disk
            mount -t tmpfs -o size=\#(kilobytes)k none disk
            "$0" "$@" --output disk/out 2> errors > output && echo 0 > status || echo $? > status
            find disk -name "*unfinished*" > left
            mount -o remount,size=64m disk
            if [ -e disk/out/plan.yaml ]; then "$0" resume disk/out; else "$0" "$@" --output disk/out; fi
            "$0" export disk/out --format packed --output full.packed
            find disk -name ".lock" >> left
            ' "$0" "$@"
            """#, job + flags
        ).end()
        #expect(ending.status == 0 && !ending.wasKilled, "\(ending.errors)")
        #expect(try place.text("left").isEmpty)
        #expect(try place.data("full.packed") == place.data("plain.packed"))
        let errors = try place.text("errors").split(separator: "\n").filter { $0.hasPrefix("mgrq: ") }
        #expect(try place.text("status") == "74\n" && errors.count == 1, "\(errors)")
        #expect(errors.first?.hasSuffix("No space left on device") == true, "\(errors)")
    }

    @Test(
        "what is exported to a full disk leaves nothing, and a file of before as it was",
        .enabled(if: Workplace.canMount, "needs a user who may mount file systems"),
        arguments: [
            ["export", "plain", "--format", "packed"], ["export", "plain", "--format", "onnx"],
            ["predict", "model", "--data", "evaluation.safetensors"],
        ])
    func fullDiskOfExports(arguments: [String]) throws {
        _ = try place.succeed(job + ["--set", "steps=1", "--output", "plain"])
        // The predictions of 20 images fit into a page.
        let pages = arguments[0] == "predict" ? 1 : 2
        let ending = try place.shell(
            #"""
            exec unshare --mount bash -c '
            mkdir disk
            mount -t tmpfs -o size=\#(4 * pages)k none disk
            head -c \#(4096 * pages - 1) /dev/zero > disk/x.csv
            "$0" "$@" --output disk/x.csv
            echo "status $?"
            cmp disk/x.csv <(head -c \#(4096 * pages - 1) /dev/zero) && ls -A disk
            rm disk/x.csv
            [ "$1" = predict ] && exit
            "$0" "$@" --output disk/x.csv
            echo "status $?"
            ls -A disk
            ' "$0" "$@"
            """#, arguments
        ).end()
        let times = arguments[0] == "predict" ? 1 : 2
        #expect(
            ending.output == "status 74\nx.csv\n" + (times == 2 ? "status 74\n" : ""),
            "\(ending.output)\(ending.errors)")
        let lines = ending.errors.split(separator: "\n")
        #expect(lines.count == times && lines.allSatisfy { $0.hasSuffix("No space left on device") })
    }

    @Test(
        "a file that no memory is left to map is one sentence and an exit code",
        arguments: [
            ["inspect", "big.safetensors"], ["inspect", "big.pth"],
            ["evaluate", "model", "--data", "big.npy"],
        ])
    func mapping(arguments: [String]) throws {
        let name = try #require(arguments.last)
        let start: [String: [UInt8]] = [
            "safetensors": [2, 0, 0, 0, 0, 0, 0, 0, 123, 125], "pth": Array("PK\u{3}\u{4}".utf8),
            "npy": [0x93] + Array("NUMPY\u{1}\u{0}".utf8),
        ]
        let bytes = try #require(start[String(name.split(separator: ".")[1])])
        try Data(bytes).write(to: URL(filePath: place.file(name)))
        // A hole takes no room on the disk.
        try FileHandle(forUpdating: URL(filePath: place.file(name))).truncate(atOffset: 64 << 30)
        let ending = try place.shell(#"ulimit -v 8000000; exec "$0" "$@""#, arguments).end()
        #expect(!ending.wasKilled && ending.status == 71, "\(ending.status): \(ending.errors)")
        let lines = ending.errors.split(separator: "\n")
        #expect(lines.count == 1 && lines[0].hasPrefix("mgrq: ") && lines[0].contains(name))
        #expect(ending.errors.contains("there is no memory for \(64 << 30) more bytes"), "\(ending.errors)")
    }

    @Test("memory that runs out is one sentence and an exit code, and the run can go on")
    func memory() throws {
        try place.write(SmallModel.images(40000, seed: 1, isLabelled: false), to: "calibration.safetensors")
        let flags = ["--output", "out", "--threads", "1", "--set", "calibration_images=40000"]
        // How much the program takes before it works depends on the build and on the allocator's arenas.
        for limit in stride(from: 200_000, through: 400_000, by: 20_000) {
            let ending = try place.shell("ulimit -v \(limit); exec \"$0\" \"$@\"", job + flags).end()
            guard try place.contents().contains("out/journal.jsonl") else {
                // Before there is a run, a file that cannot be mapped is the other way to run out.
                #expect(
                    !ending.wasKilled && ending.status == 71, "\(ending.errors.suffix(300))")
                #expect(ending.errors.contains("there is no memory for "))
                continue
            }
            #expect(
                !ending.wasKilled && ending.status == 71, "\(ending.status): \(ending.errors.suffix(300))")
            #expect(
                ending.errors.split(separator: "\n").last?.hasPrefix("mgrq: there is no memory for ") == true,
                "\(ending.errors.suffix(300))")
            #expect(!ending.errors.contains("Backtrac"))
            break
        }
        let resumed = try place.run(["resume", "out"])
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(try !place.contents().contains("out/.lock"))
    }

    @Test(
        "a thread that the system does not give is one sentence and an exit code, or costs nothing but time",
        .enabled(if: Workplace.canLimitThreads, "needs setpriv, or a user other than root"),
        arguments: [1, 2, 3, 4, 5, 6])
    func threads(limit: Int) throws {
        try FileManager.default.createDirectory(
            atPath: place.file("open"), withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o777])
        // A user of whom no other process is.
        let user = getuid() == 0 ? "setpriv --reuid=\(61000 + limit) --clear-groups" : ""
        let ending = try place.shell(
            "ulimit -u \(limit); exec \(user) \"$0\" \"$@\"",
            job + ["--output", "open/out", "--threads", "4"]
        ).end()
        #expect(!ending.wasKilled)
        if ending.status == 0 {
            #expect(ending.errors.contains("warning: the system gives no thread") || limit > 5)
        } else {
            #expect(ending.status == 71, "\(ending.errors.suffix(300))")
            #expect(
                ending.errors.hasPrefix("mgrq: the system gives no thread: "), "\(ending.errors.suffix(300))")
        }
    }

    @Test("help and version that nobody can take are an error", arguments: ["--help", "--version", "help"])
    func helpOnFullDisk(argument: String) throws {
        let ending = try place.start([argument], output: "/dev/full").end()
        #expect(ending.status == 74)
        #expect(ending.errors == "mgrq: standard output cannot be written\n")
    }

    @Test("a name that is not UTF-8 is refused")
    func notText() throws {
        let before = try place.contents()
        let ending = try place.shell(#"exec "$0" "$@" --output "$(printf 'a\377b')""#, job).end()
        #expect(ending.status == 64)
        #expect(ending.errors.hasPrefix("mgrq: argument "))
        #expect(ending.errors.contains("is not UTF-8"))
        #expect(try place.contents() == before)
    }

    @Test("what a terminal acts on is written as an escape, from files, names and flags")
    func escapes() throws {
        let hostile = "\u{1B}[31mred\u{7}\u{9B}2J\u{202E}\u{2028}end\nline"
        let quoted = #"\u001b[31mred\u0007\u009b2J\u202e\u2028end\nline"#
        func isClean(_ text: String) -> Bool {
            !text.unicodeScalars.contains {
                ($0.value < 0x20 && $0 != "\n") || (0x7F...0x9F).contains($0.value) || $0.value == 0x202E
                    || $0.value == 0x2028
            }
        }
        try place.write(
            SmallModel.configuration.replacingOccurrences(
                of: "{\"architecture\"",
                with: "{\"label_names\": [\"\(quoted)\", \"bee\", \"cow\"], \"architecture\""),
            to: "model/config.json")
        try place.write(
            SmallModel.tensors() + [SafetensorsTensor(name: hostile, shape: [1], floats: [0])],
            to: "model/model.safetensors")
        try place.write("schema: 1\nmodel: model\n\"\(quoted)\": 1\n", to: "plan.yaml")
        try FileManager.default.moveItem(atPath: place.file("model"), toPath: place.file("m\u{1B}[2Jx"))
        let lines = try place.text("plan.yaml")
        #expect(lines.contains(#"\u001b"#))
        for arguments in [
            ["inspect", "m\u{1B}[2Jx"], ["inspect", "m\u{1B}[2Jx", "--json"], ["run", "plan.yaml"],
            ["run", "--\(hostile)"], ["run", "--model", hostile],
            ["export", hostile, "--format", "packed", "--output", "x"],
            ["sweep", "--model", "m\u{1B}[2Jx", "--calibration", hostile],
        ] {
            let ending = try place.run(arguments)
            #expect(ending.status != 0)
            #expect(isClean(ending.output) && isClean(ending.errors), "\(arguments)")
            #expect((ending.output + ending.errors).contains(#"\u001b["#), "\(arguments)")
            #expect(ending.errors.split(separator: "\n").count == 1, "\(ending.errors)")
        }
    }

    @Test("sites that nothing has are refused, and near ones are named")
    func sites() throws {
        let before = try place.contents()
        let ending = try place.run(job + ["--output", "out", "--site", "blocks.0.mlp.fc9.weight=8"])
        #expect(ending.status == 64)
        #expect(
            ending.errors.hasSuffix(
                "no site is called “blocks.0.mlp.fc9.weight”; did you mean “blocks.0.mlp.fc1.weight”?\n"),
            "\(ending.errors)")
        #expect(try place.run(job + ["--output", "out", "--site", "nothing.*=8"]).status == 64)
        #expect(try place.contents() == before)
    }

    @Test(
        "what this user may not read or write is said, and stays",
        .enabled(if: Workplace.canLimitThreads, "needs setpriv, or a user other than root"))
    func permissions() throws {
        let user = getuid() == 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups" : ""
        try place.write("mine", to: "own.csv")
        let script = """
            chmod 755 . && mkdir closed open && cp evaluation.safetensors closed/x.safetensors && chmod 0 closed
            chmod 777 open && cp own.csv open/x.csv && chmod 644 open/x.csv && chmod 444 own.csv
            \(user) "$0" evaluate model --data closed/x.safetensors; echo $?
            \(user) "$0" evaluate model --data closed; echo $?
            \(user) "$0" predict model --data evaluation.safetensors --output open/x.csv; echo $?
            "$0" predict model --data evaluation.safetensors --output own.csv; echo $?
            cmp own.csv open/x.csv; chmod 755 closed; echo $?
            """
        let ending = try place.shell(script).end()
        let isRoot = getuid() == 0
        let lines = ending.errors.split(separator: "\n")
        try #require(ending.output.split(separator: "\n").count == 5, "\(ending.output)\(ending.errors)")
        #expect(lines.first == "mgrq: closed/x.safetensors cannot be opened: Permission denied")
        #expect(lines.dropFirst().first == "mgrq: closed: the folder cannot be listed: Permission denied")
        let words = "is read-only, and is not replaced; make it writable, or give another name"
        if isRoot {
            #expect(ending.output.split(separator: "\n").elementsEqual(["74", "74", "73", "73", "0"]))
            #expect(
                lines.dropFirst(2).elementsEqual(["mgrq: open/x.csv \(words)", "mgrq: own.csv \(words)"]))
        } else {
            #expect(lines.last == "mgrq: own.csv \(words)")
        }
    }

    @Test("a journal that is a pipe is refused, not waited for")
    func pipe() throws {
        try #require(try place.run(job + ["--output", "out"]).status == 0)
        try FileManager.default.removeItem(atPath: place.file("out/journal.jsonl"))
        try #require(try place.holds("mkfifo out/journal.jsonl"))
        for arguments in [
            ["workbench", "--snapshot", "x.txt", "--replay", "out"], ["resume", "out"],
            ["workbench", "--snapshot", "x.txt", "--replay", "out/journal.jsonl"],
        ] {
            let ending = try place.shell(#"exec timeout 20 "$0" "$@""#, arguments).end()
            #expect(ending.status == 65, "\(ending.errors)")
        }
    }
}

extension Workplace {
    /// Whether file systems can be mounted where no other process sees them.
    static let canMount: Bool = {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["-c", "unshare --mount mount -t tmpfs none /mnt 2> /dev/null"]
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    /// Whether a limit on threads can be tried: root has none.
    static let canLimitThreads =
        getuid() != 0
        || ["/usr/bin/setpriv", "/bin/setpriv"].contains(where: FileManager.default.isExecutableFile)
}
