internal import Checkpoints
internal import Datasets
internal import Files
internal import Kernels
internal import Quantization
internal import Reconstruction
package import Runs
internal import Safetensors
internal import TensorCore
internal import VisionTransformers
package import Vocabulary

/// What `mgrq trace` wrote.
package struct TraceSummary: Equatable, Sendable {
    /// The number of images in the file.
    package var images: Int
    /// The number of tensors in the file.
    package var tensors: Int
    /// The bytes of the tensors.
    package var bytes: Int
}

/// Writes what a quantized model computes for some images: inputs, codes and outputs of every unit.
///
/// The file's layout is described in docs/trace.md.
///
/// - Parameters:
///   - path: A packed checkpoint or a run directory.
///   - dataPath: The images, of which some are taken, spread evenly over the set.
///   - count: The greatest number of images.
///   - images: How image files are read.
///   - outputPath: The file; an existing one is replaced. It is written at the end, or not at all.
///   - threads: The number of threads.
///   - warn: Called with one sentence for every skipped image.
/// - Returns: What the file holds.
/// - Throws: `RunFailure` with one sentence.
package func traceModelOrRun(
    path: String, dataPath: String, count: Int, images: ImageOptions = ImageOptions(), outputPath: String,
    threads: Int, warn: (String) -> Void = { _ in }
) throws(RunFailure) -> TraceSummary {
    try reportingFailures {
        guard let file = try QuantizedModelFile(path: path) else {
            throw RunFailure(
                .badData,
                "\(path) is in full precision and has no codes to trace; give a run directory or a packed checkpoint"
            )
        }
        let pool = WorkerPool(threads: threads)
        defer { pool.shutDown() }
        let set = try ImageSet(path: dataPath)
        let model = try EvaluatedModel(packed: file, images: images)
        try model.check(set, images, warn: warn)
        let trace = ModelTrace(file)
        try trace.checkSize(images: min(count, set.count))
        // A file that cannot be made is refused before minutes of arithmetic, not after.
        try checkOutput(outputPath, isNoneOf: [path, dataPath])
        do { _ = try AtomicFile(outputPath) }
        let pixels = try model.pixels(of: set, count: count, reading: images, pool: pool, warn: warn)
        return try trace.write(pixels, to: outputPath, pool: pool)
    }
}

extension EvaluatedModel {
    /// Reads images that are spread evenly over a set.
    ///
    /// - Returns: `[at most count, channels · height · width]`, normalised.
    /// - Throws: `DatasetError`; `RunFailure` if no image can be used.
    func pixels(
        of set: ImageSet, count: Int, reading: ImageOptions, pool: WorkerPool, warn: (String) -> Void
    ) throws -> Matrix {
        let places = evenlySpread(count, over: set.count)
        let pixels = Matrix(rows: places.count, columns: pipeline.valueCount)
        var used = 0
        try set.forEachBatch(
            of: places, size: imagesPerBatch, pipeline: pipeline, reading: reading, pool: pool
        ) { batch in
            for image in batch.skipped { warn("left out: \(image.reason)") }
            copy(batch.images, into: pixels.rows(used..<used + batch.images.rows))
            used += batch.images.rows
        }
        guard used > 0 else {
            throw RunFailure(.badData, "none of the \(places.count) chosen images of the set can be used")
        }
        return pixels.rows(0..<used)
    }
}

/// A quantized model whose units are run one by one, everything between their operators kept.
struct ModelTrace {
    /// The layout's name in the file's metadata.
    static let format = "mgrq-trace"
    /// The layout's version in the file's metadata.
    static let version = "1"
    /// The largest file that is written, in bytes.
    static let largestFile = 4_000_000_000

    private let checkpoint: PackedCheckpoint
    private let units: [(unit: any ModelUnit, state: QuantizedUnit)]

    init(_ file: QuantizedModelFile) {
        checkpoint = file.checkpoint
        units = Array(zip(file.checkpoint.configuration.units, file.units))
    }

    /// Refuses traces that are too large.
    ///
    /// - Throws: `RunFailure(.usage)` that says how many images fit.
    func checkSize(images: Int) throws(RunFailure) {
        let bytes = bytesPerImage
        guard bytes * images > Self.largestFile else { return }
        throw RunFailure(
            .usage,
            "a trace of \(images) images has \(bytes * images) bytes, and at most \(Self.largestFile) are written; "
                + "give --images \(Self.largestFile / bytes) or fewer")
    }

    /// The bytes that one image takes in a trace.
    private var bytesPerImage: Int {
        let pixels = 4 * units[0].unit.input.count
        return units.reduce(pixels) { sum, entry in
            let (unit, state) = entry
            let boundaries = (unit.name == units[0].unit.name ? 0 : unit.input.count) + unit.output.count
            let middle = unit.block == nil ? 0 : unit.output.count
            return zip(unit.sites, state.sites).reduce(sum + 4 * (boundaries + middle)) { sum, entry in
                let (site, quantizer) = entry
                let shape = unit.tapeShapes[site.slot]
                let count = shape.rows * (site.columns?.count ?? shape.columns)
                return sum + count * (quantizer.quantizer == nil ? 4 : 1)
            }
        }
    }

    /// Runs images and writes the file.
    ///
    /// - Parameters:
    ///   - pixels: `[images, channels · height · width]`, normalised.
    ///   - path: The file.
    ///   - pool: The threads.
    /// - Returns: What the file holds.
    /// - Throws: `SafetensorsError`; what writing JSON throws.
    @discardableResult
    func write(_ pixels: Matrix, to path: String, pool: WorkerPool) throws -> TraceSummary {
        let tensors = tensors(of: pixels, pool: pool)
        try writeSafetensors(tensors, metadata: try metadata(images: pixels.rows), to: path)
        return TraceSummary(
            images: pixels.rows, tensors: tensors.count, bytes: tensors.reduce(0) { $0 + $1.bytes.count })
    }

    private func metadata(images: Int) throws -> [String: String] {
        let units = units.map { unit, state in
            TracedUnit(
                name: unit.name, kind: unit.structure.name, layers: unit.linears.map(\.name),
                sites: zip(unit.sites, state.sites).map { site, quantizer in
                    TracedSite(name: site.name, kind: quantizer.kind, bits: quantizer.bits?.rawValue)
                })
        }
        return [
            "format": Self.format, "version": Self.version, "program": programVersion,
            "images": "\(images)", "plan_sha256": sha256(Array(checkpoint.plan.utf8)),
            "units": try JSONText(encoding: units).line,
        ]
    }

    /// Every tensor of a trace.
    func tensors(of pixels: Matrix, pool: WorkerPool) -> [SafetensorsTensor] {
        let images = pixels.rows
        let configuration = checkpoint.configuration
        var result = [
            tensor(
                "pixels",
                [images, configuration.channels, configuration.imageHeight, configuration.imageWidth],
                pixels)
        ]
        var input = pixels
        for (index, (unit, state)) in units.enumerated() {
            if index > 0 { result.append(tensor("\(unit.name).input", unit.input, images, input)) }
            let (output, buffers) = run(unit, state, input: input, pool: pool)
            for (site, quantizer) in zip(unit.sites, state.sites) {
                guard let buffer = buffers[site.slot] else { continue }
                let (values, shape) = unit.traced(site, in: buffer, images: images)
                if let codes = quantizer.codes(of: values) {
                    result.append(
                        SafetensorsTensor(
                            name: "\(site.name).codes", type: .uint8, shape: shape, bytes: codes))
                } else {
                    result.append(tensor("\(site.name).values", shape, values))
                }
            }
            if let middle = buffers[Self.middle] {
                result.append(tensor("\(unit.name).attn.residual", unit.output, images, middle))
            }
            if index < units.count - 1 {
                result.append(tensor("\(unit.name).output", unit.output, images, output))
            } else {
                result.append(tensor("\(unit.name).output", [images, output.columns], output))
            }
            input = output
        }
        return result
    }

    /// Where `run` keeps what a block's MLP reads, which is no site.
    private static let middle = -1

    /// A unit's output, and the buffers of its sites by their slots.
    private func run(
        _ unit: any ModelUnit, _ state: QuantizedUnit, input: Matrix, pool: WorkerPool
    ) -> (output: Matrix, buffers: [Int: Matrix]) {
        let images = input.rows / unit.input.rows
        let shapes = unit.tapeShapes
        var buffers: [Int: Matrix] = [:]
        for site in unit.sites where buffers[site.slot] == nil {
            let shape = shapes[site.slot]
            buffers[site.slot] = Matrix(rows: images * shape.rows, columns: shape.columns)
        }
        if unit.block != nil {
            buffers[Self.middle] = Matrix(rows: images * unit.output.rows, columns: unit.output.columns)
        }
        let output = Matrix(rows: images * unit.output.rows, columns: unit.output.columns)
        let kept = buffers
        ModelPass([state.prepared(for: unit)], pool: pool).run(input, into: output) { range, tapes in
            for (slot, buffer) in kept {
                let source = slot == Self.middle ? unit.block?.middle(in: tapes[0]) : tapes[0][slot]
                let rows = buffer.rows / images
                if let source {
                    copy(source, into: buffer.rows(range.lowerBound * rows..<range.upperBound * rows))
                }
            }
        }
        return (output, buffers)
    }

    private func tensor(_ name: String, _ shape: RowShape, _ images: Int, _ values: Matrix)
        -> SafetensorsTensor
    {
        tensor(name, [images, shape.rows, shape.columns], values)
    }

    private func tensor(_ name: String, _ shape: [Int], _ values: Matrix) -> SafetensorsTensor {
        SafetensorsTensor(name: name, shape: shape, floats: values.elements)
    }
}

extension ModelUnit {
    /// The queries, keys and heads of the unit's attention; nil without one.
    private var attentionExtents: (queries: Int, keys: Int, heads: Int)? {
        switch structure {
        case .block(let block): (block.queryTokens, block.keyTokens, block.heads)
        case .pooling(let pooling): (1, pooling.attended.count, pooling.heads)
        case .stem, .merging, .head: nil
        }
    }

    /// A site's values as a trace has them.
    ///
    /// - Parameters:
    ///   - site: The site.
    ///   - buffer: Its buffer of a tape for all images.
    ///   - images: The number of images.
    /// - Returns: The values row by row, without queries that nobody asks for, and their shape.
    fileprivate func traced(
        _ site: SiteDescriptor, in buffer: Matrix, images: Int
    ) -> (values: Matrix, shape: [Int]) {
        let values = site.columns.map { buffer.columns($0) } ?? buffer
        guard let (queries, keys, heads) = attentionExtents else {
            return (values, [images, values.rows / images, values.columns])
        }
        switch site.kind {
        case .operand:
            let isQuery = site.name.hasSuffix(".q")
            // A block has as many queries as keys, of which some are not asked for; a pooling has its queries alone.
            let windows = values.rows / (isQuery && block == nil ? queries : keys)
            let rows =
                isQuery && block != nil && queries < keys
                ? gather((0..<values.rows).filter { $0 % keys < queries }, of: values) : values
            return (rows, [windows, rows.rows / windows, heads, values.columns / heads])
        case .attention:
            return (values, [values.rows / (heads * queries), heads, queries, keys])
        case .normalized, .gelu, .linearInput:
            return (values, [images, values.rows / images, values.columns])
        }
    }
}

extension UnitStructure {
    /// The kind's name in traces.
    fileprivate var name: String {
        switch self {
        case .stem: "stem"
        case .block: "block"
        case .merging: "merging"
        case .pooling: "pooling"
        case .head: "head"
        }
    }
}

/// A unit in a trace's metadata.
private struct TracedUnit: Encodable {
    var name: String
    var kind: String
    var layers: [String]
    var sites: [TracedSite]
}

/// A site's quantizer in a trace's metadata, as in that of a packed checkpoint.
private struct TracedSite: Encodable {
    var name: String
    var kind: String
    var bits: Int?
}
