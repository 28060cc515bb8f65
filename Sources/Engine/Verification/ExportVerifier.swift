internal import Checkpoints
internal import Datasets
internal import Files
internal import Foundation
internal import Kernels
internal import Quantization
internal import Reconstruction
package import Runs
internal import Safetensors
internal import TensorCore
internal import VisionTransformers
package import Vocabulary

/// What runs an exported graph.
package enum GraphRuntime: String, CaseIterable, Sendable {
    /// ONNX Runtime, on the processor.
    case onnxruntime
    /// OpenVINO, on the processor.
    case openvino

    /// What runs graphs of a target.
    package init(of target: Target) {
        self = target == .openVINO ? .openvino : .onnxruntime
    }
}

/// An exported file, what it is compared with, and how.
package struct VerificationRequest: Sendable {
    /// An ONNX file or a packed checkpoint.
    package var file: String
    /// The run directory or the packed checkpoint that it was made from.
    package var reference: String
    /// The images; nil takes noise.
    package var dataPath: String?
    /// How image files are read.
    package var imageOptions = ImageOptions()
    /// The greatest number of images whose logits are compared.
    package var images = 64
    /// The greatest number of those whose codes are compared, too.
    package var tracedImages = 8
    /// What runs a graph.
    package var runtime = GraphRuntime.onnxruntime
    /// The path of a Python that has the runtime.
    package var python: String
    /// The number of threads of this program and of the runtime.
    package var threads: Int
    /// The number of threads on which one image is timed; nil does not time it.
    package var latencyThreads: Int?
    /// The number of pairs of times.
    package var pairs = 30

    package init(file: String, reference: String, python: String, threads: Int) {
        (self.file, self.reference, self.python, self.threads) = (file, reference, python, threads)
    }
}

/// Whether a file is compared without Python.
package func isPackedCheckpoint(_ path: String) -> Bool { PackedCheckpoint.isPacked(path) }

/// Compares an exported file with the run that it was made from.
///
/// A packed checkpoint is compared by this program: every code, scale and logit must be the same. An ONNX file is run by a
/// script in Python (Verification/verify_onnx.py), against a trace of the run; docs/onnx.md has the bounds.
///
/// - Parameters:
///   - request: The file and the run.
///   - work: Ends the comparison from another thread.
///   - warn: Called with one sentence for every skipped image.
/// - Returns: The comparisons; nil if `work` was stopped.
/// - Throws: `RunFailure`: `.missingInput` where Python or one of its modules is missing, `.badData` for a file that cannot be
///   read.
package func verifyExport(
    _ request: VerificationRequest, work: VerificationWork = VerificationWork(),
    warn: (String) -> Void = { _ in }
) throws(RunFailure) -> VerificationReport? {
    try reportingFailures {
        guard let reference = try QuantizedModelFile(path: request.reference) else {
            throw RunFailure(
                .badData,
                "\(request.reference) is in full precision; give --against a run directory or a packed checkpoint"
            )
        }
        let size = try RunFailure.wrapping(try FileStatus(request.file)).size
        let digest = try RunFailure.wrapping(try sha256(ofFile: request.file))
        let verifier = ExportVerifier(request: request, reference: reference, bytes: size, digest: digest)
        let pool = WorkerPool(threads: request.threads)
        defer { pool.shutDown() }
        if PackedCheckpoint.isPacked(request.file) { return try verifier.comparePacked(pool: pool) }
        return try verifier.compareGraph(pool: pool, work: work, warn: warn)
    }
}

private struct ExportVerifier {
    let request: VerificationRequest
    let reference: QuantizedModelFile
    let bytes: Int
    let digest: String

    /// The report without comparisons.
    private func report(images: Int, tracedImages: Int) -> VerificationReport {
        let units = Array(zip(reference.checkpoint.configuration.units, reference.units))
        var bits: [String: Int] = [:]
        var parameters = 0
        for (unit, state) in units {
            for (layer, linear) in zip(unit.linears, state.linears) {
                bits["\(layer.name).weight"] = linear.quantizer.bits?.rawValue
                parameters += linear.weight.count + (linear.bias?.count ?? 0)
            }
            for (site, quantizer) in zip(unit.sites, state.sites) {
                bits[site.name] = quantizer.bits?.rawValue
            }
            parameters += state.vectors.reduce(0) { $0 + $1.count }
        }
        let products = units.flatMap { $0.0.productShapes }
        return VerificationReport(
            file: request.file, sha256: digest, reference: request.reference, images: images,
            tracedImages: tracedImages,
            bytes: bytes, parameters: parameters,
            bitOperations: products.reduce(0) { sum, product in
                sum + product.bitOperations(at: product.sites.map { bits[$0] ?? 16 })
            },
            fullPrecisionBitOperations: products.reduce(0) { sum, product in
                sum + product.bitOperations(at: product.sites.map { _ in 16 })
            })
    }

    // MARK: - Packed checkpoints

    func comparePacked(pool: WorkerPool) throws -> VerificationReport {
        let packed = try PackedCheckpoint(path: request.file)
        _ = try packed.completeUnits(path: request.file)
        var report = report(images: 0, tracedImages: 0)
        do throws(ModelDifference) {
            let same = try reference.checkpoint.verify(packed, pool: pool)
            report.images = same.images
            report.checks = [("codes and scales", same.codes), ("logits", same.images)].map {
                VerificationReport.Check(name: $0, measured: 0, bound: 0, compared: $1, holds: true)
            }
        } catch {
            report.checks = [
                VerificationReport.Check(
                    name: "codes and scales", place: error.what, measured: .nan, bound: 0, compared: nil,
                    holds: false, detail: "\(error.what) is another one")
            ]
        }
        return report
    }

    // MARK: - Graphs

    func compareGraph(
        pool: WorkerPool, work: VerificationWork, warn: (String) -> Void
    ) throws -> VerificationReport? {
        try requireModules(work: work)
        let model = try EvaluatedModel(packed: reference, images: request.imageOptions)
        let pixels = try pixels(of: model, pool: pool, warn: warn)
        let trace = ModelTrace(reference)
        let traced = gather(evenlySpread(request.tracedImages, over: pixels.rows), of: pixels)
        try trace.checkSize(images: traced.rows)
        let folder = try WorkFolder()
        defer { folder.remove() }
        let logits = Matrix(rows: pixels.rows, columns: reference.checkpoint.configuration.outputs)
        ModelPass(model.units, pool: pool).run(pixels, into: logits)
        guard !work.isStopped else { return nil }
        try trace.write(traced, to: folder.file("trace.safetensors"), pool: pool)
        guard !work.isStopped else { return nil }
        try reference.checkpoint.write(to: folder.file("packed.safetensors"))
        let (pixelShape, rows) = (reference.checkpoint.configuration.pixelShape, pixels.rows)
        try writeSafetensors(
            [
                SafetensorsTensor(name: "pixels", shape: [rows] + pixelShape, floats: pixels.elements),
                SafetensorsTensor(name: "logits", shape: [rows, logits.columns], floats: logits.elements),
            ], to: folder.file("images.safetensors"))
        var report = report(images: pixels.rows, tracedImages: traced.rows)
        if request.latencyThreads != nil {
            let bytes = try ModelGraph.file(
                of: reference.checkpoint.inFullPrecision, path: request.reference,
                layout: ModelGraph.Layout()
            ).graph
            try writeFile(bytes, to: folder.file("full_precision.onnx"))
            report.fullPrecisionBytes = bytes.count
        }
        guard let result: ScriptResult = try run(in: folder, work: work) else { return nil }
        (report.runtime, report.checks, report.omitted) = (result.runtime, result.checks, result.omitted)
        (report.floor, report.latency) = (result.floor, result.latency)
        report.dataFiles = try result.dataFiles.map { name in
            let path = joined(parent(of: request.file), name)
            return VerificationReport.DataFile(
                name: name, bytes: try FileStatus(path).size, sha256: try sha256(ofFile: path))
        }
        report.bytes += report.dataFiles.reduce(0) { $0 + $1.bytes }
        return report
    }

    /// Refuses a Python that lacks what the script imports, before minutes of arithmetic.
    private func requireModules(work: VerificationWork) throws {
        let modules = ["numpy", "onnx", "onnxruntime"] + (request.runtime == .openvino ? ["openvino"] : [])
        let probe =
            "import importlib.util as u, sys; sys.stdout.write(' '.join(m for m in '\(modules.joined(separator: " "))'.split() "
            + "if u.find_spec(m) is None))"
        let folder = try WorkFolder()
        defer { folder.remove() }
        let ending = try PythonProgram(path: request.python).run(
            ["-c", probe], output: folder.file("output"), work: work)
        guard ending.status == 0 || work.isStopped else {
            throw RunFailure(
                .missingInput,
                "\(request.python) does not run as Python 3 does; name another one by --python or MGRQ_PYTHON"
            )
        }
        let missing = ending.output.split(whereSeparator: \.isWhitespace)
        guard !missing.isEmpty else { return }
        let isForOpenVINO = missing == ["openvino"]
        throw RunFailure(
            .missingInput,
            "\(request.python) has no \(missing.joined(separator: " and no ")), which verifying "
                + "\(isForOpenVINO ? "a file in OpenVINO" : "an ONNX file") needs; install it with "
                + "“\(request.python) -m pip install \(missing.joined(separator: " "))”, or name another Python "
                + "by --python or MGRQ_PYTHON"
                + (isForOpenVINO ? "; mgrq verify --runtime onnxruntime does without" : ""))
    }

    /// `[images, channels · height · width]`.
    private func pixels(
        of model: EvaluatedModel, pool: WorkerPool, warn: (String) -> Void
    ) throws -> Matrix {
        guard let path = request.dataPath else {
            return noiseImages(
                request.images, values: model.pipeline.valueCount,
                stream: "images to verify an exported file on")
        }
        let set = try ImageSet(path: path)
        try model.check(set, request.imageOptions, warn: warn)
        return try model.pixels(
            of: set, count: request.images, reading: request.imageOptions, pool: pool, warn: warn)
    }

    /// Runs the script; nil if the work was stopped.
    private func run(in folder: WorkFolder, work: VerificationWork) throws -> ScriptResult? {
        let script = folder.file("verify_onnx.py")
        try writeFile(PackageResources.verify_onnx_py, to: script)
        let paths = ScriptRequest(
            graph: absolute(request.file), trace: folder.file("trace.safetensors"),
            packed: folder.file("packed.safetensors"), images: folder.file("images.safetensors"),
            fullPrecision: request.latencyThreads == nil ? nil : folder.file("full_precision.onnx"),
            result: folder.file("result.json"), runtime: request.runtime.rawValue, threads: request.threads,
            latencyThreads: request.latencyThreads ?? 1, pairs: request.pairs)
        try writeFile(Array(try JSONText(encoding: paths).line.utf8), to: folder.file("request.json"))
        let ending = try PythonProgram(path: request.python).run(
            ["-B", script, folder.file("request.json")], output: folder.file("output"), work: work)
        guard !work.isStopped else { return nil }
        guard ending.status == 0 else {
            let last = ending.output.split(separator: "\n").last.map { ": \($0)" } ?? ""
            throw RunFailure(
                .internal,
                "the script that verifies \(request.file) ended with status \(ending.status) in \(request.python)\(last)"
            )
        }
        let bytes = try readFile(paths.result, limit: 1 << 26)
        do throws(JSONError) {
            return try decodeJSON(bytes)
        } catch {
            throw RunFailure(
                .internal, "the result of the script that verifies \(request.file) cannot be read: \(error)")
        }
    }

    private func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : joined(FileManager.default.currentDirectoryPath, path)
    }
}

/// What the script is asked.
private struct ScriptRequest: Encodable {
    var graph: String
    var trace: String
    var packed: String
    var images: String
    var fullPrecision: String?
    var result: String
    var runtime: String
    var threads: Int
    var latencyThreads: Int
    var pairs: Int
}

/// What the script answers.
private struct ScriptResult: Decodable {
    var runtime: VerificationReport.Runtime
    var checks: [VerificationReport.Check]
    var omitted: [VerificationReport.Omission]
    var dataFiles: [String]
    var floor: NoiseFloor?
    var latency: VerificationReport.Latency?
}

extension ModelConfiguration {
    /// The extents of an image: channels, height, width.
    var pixelShape: [Int] { [channels, imageHeight, imageWidth] }
}

extension PackedCheckpoint {
    /// The same model with the values of its weights as floats, and no site quantized: the same graph in full precision.
    var inFullPrecision: PackedCheckpoint {
        var result = self
        result.units = units.mapValues { unit in
            QuantizedUnit(
                linears: unit.linears.map { linear in
                    QuantizedLinear(
                        weight: Tensor(
                            shape: linear.weight.shape, elements: linear.quantizedWeight().elements),
                        bias: linear.bias, quantizer: .fullPrecision)
                }, vectors: unit.vectors, sites: unit.sites.map { _ in .fullPrecision })
        }
        return result
    }
}
