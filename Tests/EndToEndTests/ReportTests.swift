import Foundation
import Testing

@Suite("Reports of a run")
struct ReportTests {
    let place: Workplace

    init() throws {
        place = try Workplace()
        _ = try place.succeed(["run"] + Workplace.job + ["--output", "run"])
    }

    private func report(_ source: String, _ format: String, _ output: String) throws -> Work.Ending {
        try place.run(["report", source, "--format", format, "--output", output])
    }

    @Test("a page holds its series: every format made of it is the one made of the run")
    func page() throws {
        let ending = try report("run", "html", "page.html")
        #expect(ending.status == 0 && ending.errors.isEmpty, "\(ending.errors)")
        #expect(ending.output.hasPrefix("wrote html to page.html, "))
        let page = try place.text("page.html")
        #expect(page.contains("histogram") && page.contains("image/png"))
        for format in ["csv", "json"] {
            #expect(try report("run", format, "of-run").status == 0)
            #expect(try report("page.html", format, "of-page").status == 0)
            #expect(try place.data("of-run") == place.data("of-page"), "\(format)")
        }
        // The last of the formats was JSON.
        #expect(try report("of-page", "csv", "of-json").status == 0)
        #expect(try place.text("of-json").hasPrefix("unit,attempt,step,series,value\r\nstem,1,1,loss,"))
    }

    @Test(
        "what was measured after the run is in its reports, with the file's digest, until a decision changes the run",
        .enabled(if: PythonScript.runsGraphs, "there is no python3 with onnx, onnxruntime and numpy"))
    func measurements() throws {
        #expect(try report("run", "html", "before.html").status == 0)
        let before = try place.text("before.html")
        #expect(before.contains("noise floor not measured") && before.contains("Not measured: mgrq export"))
        #expect(before.contains("<dt>latency</dt><dd>not measured: mgrq export"))
        _ = try place.succeed(["evaluate", "run", "--noise-floor"])
        let exported = try place.run(
            ["export", "run", "--format", "onnx", "--output", "run.onnx", "--verify"],
            environment: PythonScript.environment)
        #expect(exported.status == 0 && !exported.errors.contains("note:"), "\(exported.errors)")
        // Verified again, it is there once; other images and a packed checkpoint leave no trace in the run.
        _ = try place.succeed(["evaluate", "run", "--noise-floor", "--data", "calibration.safetensors"])
        let again = try place.run(
            ["verify", "run.onnx", "--against", "run"], environment: PythonScript.environment)
        #expect(again.status == 0, "\(again.errors)")
        #expect(try report("run", "html", "page.html").status == 0)
        let page = try place.text("page.html")
        let digest = try place.sha256("run.onnx")
        #expect(page.components(separatedBy: "<dd>\(digest)</dd>").count == 2)
        #expect(page.contains("every bound is kept") && page.contains("operator codes"))
        #expect(!page.contains("ot measured") && page.contains("moves the logits by KL"))
        for source in ["run", "page.html"] {
            #expect(try report(source, "json", "\(source).json").status == 0)
        }
        #expect(try place.data("run.json") == place.data("page.html.json"))
        let series = try jsonObject(try place.data("run.json"))
        #expect(series["noise_floor"] is [String: Any])
        let verifications = try #require(series["verifications"] as? [[String: Any]])
        #expect(verifications.count == 1)
        let found = try #require(verifications.first?["report"] as? [String: Any])
        #expect(found["sha256"] as? String == digest && found["latency"] is [String: Any])
        // A flipped bit is found.
        var bytes = try place.data("run/measurements.json")
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(filePath: place.file("run/measurements.json")))
        let damaged = try report("run", "html", "page.html")
        #expect(damaged.status == 65 && damaged.errors.contains("measurements.json"), "\(damaged.errors)")
    }

    @Test("a page says what it cannot show when images are gone, and is written")
    func gone() throws {
        try FileManager.default.removeItem(atPath: place.file("evaluation.safetensors"))
        let ending = try report("run", "html", "page.html")
        #expect(ending.status == 0 && ending.errors.contains("evaluation.safetensors"))
        #expect(try place.text("page.html").contains("could not be measured"))
    }

    @Test("a log for TensorBoard is a folder, which must be new or empty")
    func tensorBoard() throws {
        #expect(try report("run", "tensorboard", "log").status == 0)
        let names = try FileManager.default.contentsOfDirectory(atPath: place.file("log"))
        #expect(names.count == 1 && names[0].hasPrefix("events.out.tfevents."))
        let again = try report("run", "tensorboard", "log")
        #expect(again.status == 73 && again.errors.contains("log is not an empty folder"))
    }

    @Test("what is neither a run nor a report is refused, and leaves nothing behind")
    func refusals() throws {
        try place.write("<html></html>", to: "other.html")
        let before = try place.contents()
        for (source, format, status) in [
            ("other.html", "csv", 65), ("other.html", "html", 65), ("none", "csv", 66), ("none", "html", 66),
            ("model", "csv", 65), ("run", "pdf", 64),
        ] {
            let ending = try report(source, format, "out")
            #expect(ending.status == Int32(status), "\(source) \(format): \(ending.errors)")
            #expect(ending.errors.hasPrefix("mgrq: ") && ending.errors.filter { $0 == "\n" }.count == 1)
        }
        #expect(try place.contents() == before)
    }

    @Test("a run that was stopped, a sweep and a run without steps have a page")
    func others() throws {
        _ = try place.succeed(
            ["run"] + Workplace.job + ["--preset", "calibrate", "--set", "steps=0", "--output", "calibrated"])
        #expect(try report("calibrated", "html", "page.html").status == 0)
        #expect(try place.text("page.html").contains("Nothing was learned"))
        _ = try place.succeed([
            "sweep", "--model", "model", "--calibration", "calibration.safetensors", "--evaluation",
            "evaluation.safetensors", "--weight-bits", "4,8", "--activation-bits", "8", "--output", "sweep",
        ])
        #expect(try report("sweep", "html", "page.html").status == 0)
        let page = try place.text("page.html")
        #expect(
            page.contains("Sweep of bit-widths") && page.contains("W4–8A8") && !page.contains("Convergence"))
    }

    @Test(
        "a page is whole in a browser: wide and narrow, light and dark, and in print",
        .enabled(if: chromium != nil, "there is no chromium; .ci/install test installs it"))
    func browser() throws {
        #expect(try report("run", "html", "page.html").status == 0)
        let page = try place.text("page.html")
        let charts = ["<svg class=\"chart", "<table class=\"heat"].reduce(0) {
            $0 + page.components(separatedBy: $1).count - 1
        }
        try #require(charts > 40)
        let script = try PythonScript(
            file: "open_page.py", [try #require(Self.chromium), place.file("page.html"), "\(charts)"])
        let ending = try script.end()
        #expect(ending.status == 0 && ending.output == "\n", "\(ending.output)\(ending.errors)")
    }

    /// The browser; nil without one.
    private static let chromium = ["chromium", "chromium-browser", "google-chrome"].lazy.compactMap { name in
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
            .first(where: FileManager.default.isExecutableFile)
    }.first
}
