internal import ArgumentParser
internal import Engine
internal import RunText
internal import Runs
internal import Vocabulary

/// `mgrq verify`.
struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Proves that an exported file computes what its run computes.",
        discussion: """
            An ONNX file is run in ONNX Runtime or OpenVINO, by a script in Python: its weights and quantizers by \
            themselves, every operator on the run's own codes, every unit on the run's own input, and the whole against \
            the noise floor of the runtime. A packed checkpoint is compared without Python, and must be the same to the last bit. The exit \
            code is 0 only if every bound is kept.
            """)

    @Argument(help: ArgumentHelp("An ONNX file or a packed checkpoint.", valueName: "file"))
    var file: String

    @Option(
        help: ArgumentHelp(
            "The run directory or the packed checkpoint that the file was made from.", valueName: "run"))
    var against: String

    @Option(
        name: .customLong("images"), parsing: .unconditional,
        help: ArgumentHelp("The number of images, spread evenly over the set.", valueName: "n"))
    var count = "64"

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How many of them are compared operator by operator.", valueName: "n"))
    var tracedImages = "8"

    @Option(
        help: ArgumentHelp(
            "The images (default: those of the plan or the sample, else noise).", valueName: "ref"))
    var data: String?

    @OptionGroup var images: ImageFlags

    @Option(
        help: ArgumentHelp(
            "What runs the file: \(GraphRuntime.allCases.map(\.rawValue).joined(separator: " or ")) (default: that of the target).",
            valueName: "name"))
    var runtime: String?

    @OptionGroup var python: PythonOption

    @Flag(inversion: .prefixedNo, help: "Time an image against the same graph in full precision.")
    var latency = true

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The threads on which an image is timed.", valueName: "n"))
    var latencyThreads = "1"

    @OptionGroup var work: ThreadOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let runtime = try runtime.map { name throws(RunFailure) in
            guard let runtime = GraphRuntime(rawValue: name) else {
                let known = GraphRuntime.allCases.map(\.rawValue).joined(separator: " or ")
                throw RunFailure(.usage, "--runtime cannot be “\(name)”; it accepts \(known)")
            }
            return runtime
        }
        var request = try VerificationRequest(
            file: file, reference: against, data: data, python: python, threads: work.threads())
        try images.apply(to: &request.imageOptions)
        request.images = try imageCount(count, flag: "--images")
        request.tracedImages = try imageCount(tracedImages, flag: "--traced-images")
        if let runtime { request.runtime = runtime }
        request.latencyThreads = latency ? try imageCount(latencyThreads, flag: "--latency-threads") : nil
        let report = try verification(request)
        if json {
            try printLine(try JSONText(encoding: report).line)
        } else {
            for line in VerificationText.lines(report) { try printLine(line) }
        }
        try report.requireSuccess()
    }
}

extension VerificationRequest {
    /// A request for a file and a run, with the plan's images and the runtime of its target.
    ///
    /// - Throws: `RunFailure`: `.missingInput` for a file, for images or for Python.
    init(
        file: String, reference: String, data: String?, python: PythonOption, threads: Int
    ) throws(RunFailure) {
        let references = ProcessEnvironment.references
        let reference = try references.model(reference, flag: "--against")
        let plan = try quantizationPlan(of: reference)
        let named =
            data ?? plan?.evaluation
            ?? plan.flatMap { references.defaultImages(of: $0.model, for: .evaluation) }
        self.init(
            file: file, reference: reference,
            // Packed checkpoints need none.
            python: isPackedCheckpoint(file) ? "" : try python.path(), threads: threads)
        if let plan { runtime = GraphRuntime(of: plan.target) }
        imageOptions = plan?.images ?? ImageOptions()
        dataPath = try named.map { name throws(RunFailure) in
            try references.images(name, for: .evaluation, flag: "--data")
        }
    }
}
