package import Runs
internal import RunText

/// A run as one page of HTML, which needs nothing else: no script, no other file, no network.
package struct ReportPage {
    /// The greatest number of values that a page keeps of its series.
    static let greatestSeries = 60_000

    let run: ReportedRun
    /// A picture as a PNG file.
    let png: (ImagePrediction) -> [UInt8]

    /// Makes a page.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - png: Encodes the pixels of an image as a PNG file.
    package init(of run: ReportedRun, png: @escaping (ImagePrediction) -> [UInt8]) {
        (self.run, self.png) = (run, png)
    }

    /// The bytes of the page.
    ///
    /// - Throws: `RunFailure(.internal)`, which a run does not cause.
    package func html() throws(RunFailure) -> [UInt8] {
        let sections = sections
        let contents = sections.map { section -> Markup in
            "<li><a href=\"#\(section.anchor)\">\(section.title)</a></li>"
        }
        let parts = sections.map { section -> Markup in
            "<section id=\"\(section.anchor)\"><h2>\(section.title)</h2>\n\(section.content)</section>\n"
        }
        let series = try run.series.thinned(toValues: Self.greatestSeries).block()
        let page: Markup = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="generator" content="mgrq \(programVersion)">
            <title>\(title)</title>
            <style>\(Self.style)</style>
            </head>
            <body>
            \(header)<div class="columns">
            <nav aria-label="Contents"><ol>\(contents)</ol></nav>
            <main>
            \(parts)</main>
            </div>
            <footer>Written by mgrq \(programVersion). Every number comes from the journal of the run or was measured for this \
            page. <code>mgrq report</code> reads this page and writes its series as CSV, JSON or a TensorBoard log.</footer>
            \(series)</body>
            </html>

            """
        return Array(page.text.utf8)
    }

    /// A part of the page.
    struct Section {
        let anchor: String
        let title: String
        let content: Markup
    }

    private var sections: [Section] {
        let all: [Section?] = [
            Section(anchor: "result", title: "Result", content: result),
            Section(anchor: "size", title: "Size and time", content: size),
            run.isSweep ? nil : Section(anchor: "convergence", title: "Convergence", content: convergence),
            contributions.map { Section(anchor: "contributions", title: "Contributions", content: $0) },
            sweep.map { Section(anchor: "sweep", title: "Sweep of bit-widths", content: $0) },
            run.isSweep ? nil : Section(anchor: "sites", title: "Sites", content: sites),
            images.map { Section(anchor: "images", title: "Changed predictions", content: $0) },
            Section(anchor: "decisions", title: "Decisions", content: decisions),
            Section(anchor: "settings", title: "Settings", content: settings),
            run.isSweep
                ? nil : Section(anchor: "verification", title: "Verification", content: verification),
            Section(anchor: "reproduction", title: "Reproduction", content: reproduction),
        ]
        return all.compactMap(\.self)
    }

    /// The model's name without the folders before it.
    var modelName: String {
        let name = run.summary?.model ?? run.plan?.model ?? ""
        return name.split { $0 == "/" || $0 == ":" }.last.map(String.init) ?? "run"
    }

    private var title: String { "\(modelName) \(run.bits) – mgrq" }

    private var header: Markup {
        let facts = [
            run.summary.map { "preset \($0.preset.rawValue)" }, run.plan.map { "seed \($0.seed)" },
            run.summary.map { "\(QuantityText.count($0.calibrationImages)) calibration images" },
            run.summary.flatMap {
                $0.evaluationImages > 0 ? "\(QuantityText.count($0.evaluationImages)) evaluation images" : nil
            },
        ].compactMap(\.self)
        let chips = facts.map { fact -> Markup in "<li>\(fact)</li>" }
        return """
            <header>
            <p class="kind">Quantization report</p>
            <h1>\(modelName) <span>\(run.bits)</span></h1>
            <p class="lead">\(run.summary?.architecture ?? "")</p>
            <ul class="chips">\(chips)</ul>
            \(notices)</header>

            """
    }

    /// What a reader must know before the numbers.
    private var notices: Markup {
        var sentences: [String] = []
        switch run.ending {
        case .finished: break
        case .stopped(let units):
            sentences.append("The run was stopped after \(units) units; it has no result.")
        case .failed(let failure): sentences.append("The run failed: \(failure.message)")
        default: sentences.append("The run has not finished; what it has measured so far is below.")
        }
        let stale = run.report?.stale ?? []
        if !stale.isEmpty {
            let names = stale.compactMap { index in
                run.summary.flatMap { $0.units.indices.contains(index) ? $0.units[index].name : nil }
            }
            sentences.append(
                "The plan does not lead to this model: \(names.joined(separator: ", ")) learned after other attempts than the "
                    + "chosen ones.")
        }
        let items = sentences.map { sentence -> Markup in "<p class=\"notice\">\(sentence)</p>\n" }
        return "\(items)"
    }
}

/// A paragraph that explains.
func note(_ text: String) -> Markup { "<p class=\"note\">\(text)</p>\n" }

/// A paragraph with a result.
func paragraph(_ text: String) -> Markup { "<p>\(text)</p>\n" }

/// Something that is read only on request.
func details(_ summary: Markup, anchor: String? = nil, _ content: Markup) -> Markup {
    let id: Markup = if let anchor { " id=\"\(anchor)\"" } else { "" }
    return
        "<details\(id)><summary>\(summary)</summary>\n<div class=\"inside-details\">\(content)</div></details>\n"
}
