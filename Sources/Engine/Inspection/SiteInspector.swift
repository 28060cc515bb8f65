internal import Kernels
internal import Quantization
internal import Reconstruction
internal import Runs
internal import TensorCore
internal import VisionTransformers

/// Inspects the values of a site and the fit of its quantizer.
struct SiteInspector {
    /// The reason why a site cannot be inspected as requested.
    struct Refusal: Error {
        let sentence: String
    }

    /// The greatest number of calibration images whose activations are inspected.
    static let images = 32

    private let lab: QuantizationLab
    /// The quantized units through the one with the site, at least.
    private let model: [QuantizedUnit]
    private let index: Int
    private var unit: any ModelUnit { lab.units[index] }
    private var state: QuantizedUnit { model[index] }

    init(lab: QuantizationLab, model: [QuantizedUnit], unit: Int) {
        self.lab = lab
        self.model = model
        index = unit
    }

    /// Inspects a site of the unit.
    ///
    /// - Parameters:
    ///   - request: The site, which the unit has.
    ///   - attempt: The attempt that the unit's state is of; nil if it is only calibrated.
    /// - Returns: The inspection.
    /// - Throws: `Refusal` for a group, an image or a head that does not exist.
    func inspect(_ request: SiteRequest, attempt: Int?) throws(Refusal) -> SiteInspection {
        if let linear = unit.linears.firstIndex(where: { "\($0.name).weight" == request.site }) {
            return try inspectWeight(linear, request, attempt: attempt)
        }
        guard let site = unit.sites.firstIndex(where: { $0.name == request.site }) else {
            throw Refusal(sentence: "\(unit.name) has no site “\(request.site)”")
        }
        return try inspectActivation(site, request, attempt: attempt, tape: sampledTape)
    }

    /// Inspects every site of the unit, all values of each, without attention maps.
    ///
    /// - Parameter attempt: As in `inspect`.
    /// - Returns: The inspections, weights first.
    /// - Throws: What `inspect` throws.
    func inspectAll(attempt: Int?) throws(Refusal) -> [SiteInspection] {
        let tape = sampledTape
        var result: [SiteInspection] = []
        for (index, linear) in unit.linears.enumerated() {
            let request = SiteRequest(site: "\(linear.name).weight")
            result.append(try inspectWeight(index, request, attempt: attempt))
        }
        for (index, site) in unit.sites.enumerated() {
            let request = SiteRequest(site: site.name)
            result.append(
                try inspectActivation(index, request, attempt: attempt, tape: tape, showsAttention: false))
        }
        return result
    }

    /// The unit's tape over the inspected calibration images.
    private var sampledTape: Tape {
        tape(of: model, images: 0..<min(Self.images, lab.inputs.calibration.rows))
    }

    private func inspectWeight(
        _ linear: Int, _ request: SiteRequest, attempt: Int?
    ) throws(Refusal) -> SiteInspection {
        let values = foldedWeight(linear)
        let quantizer = state.linears[linear].quantizer
        let view = try GroupView(values, quantizer: quantizer, group: request.group, site: request.site)
        let quantized = state.linears[linear].quantizedWeight()
        return result(
            request, view, quantizer, attempt: attempt, isWeight: true,
            sqnrDb: quantizer == .fullPrecision ? nil : view.sqnrDb(quantized),
            channels: ranges(of: values, byRow: true), attention: nil)
    }

    /// The checkpoint's weight, with the scales that reparameterisation moved out of the norm before it.
    ///
    /// Reparameterisation divides the norm's gain by what it multiplies the weight's columns with; a gain of 0 does not
    /// tell, and such a column stays as it is.
    private func foldedWeight(_ linear: Int) -> Matrix {
        let weight = lab.weights[index].linears[linear].weight.matrix()
        for site in unit.sites {
            guard case .normalized(let gamma, _, linear) = site.kind else { continue }
            let (before, after) = (lab.weights[index].vectors[gamma], state.vectors[gamma])
            for column in 0..<weight.columns where after.elements[column] != 0 {
                let ratio = before.elements[column] / after.elements[column]
                guard ratio != 1 else { continue }
                for row in 0..<weight.rows {
                    weight[row, column] *= ratio
                }
            }
        }
        return weight
    }

    private func inspectActivation(
        _ site: Int, _ request: SiteRequest, attempt: Int?, tape: Tape, showsAttention: Bool = true
    ) throws(Refusal) -> SiteInspection {
        let descriptor = unit.sites[site]
        let quantizer = state.sites[site]
        let values = descriptor.values(in: tape)
        let view = try GroupView(values, quantizer: quantizer, group: request.group, site: request.site)
        var attention: AttentionPair?
        if showsAttention, descriptor.kind == .attention {
            attention = try self.attention(descriptor, quantizer, request)
        }
        let out = Matrix(rows: values.rows, columns: values.columns)
        if quantizer != .fullPrecision { quantizer.fakeQuantize(values, into: out, pool: lab.pool) }
        return result(
            request, view, quantizer, attempt: attempt, isWeight: false,
            sqnrDb: quantizer == .fullPrecision ? nil : view.sqnrDb(out),
            channels: ranges(of: values, byRow: false), attention: attention)
    }

    /// The unit's tape after a model's first units.
    private func tape(of model: [QuantizedUnit]?, images: Range<Int>) -> Tape {
        let prefix = model.map { Array(lab.prepared($0)[..<index]) } ?? Array(lab.fullPrecision[..<index])
        let prepared = model.map { $0[index].prepared(for: unit) } ?? lab.fullPrecision[index]
        let read = lab.inputs.calibration.rows(images)
        let input = prefix.isEmpty ? read : outputs(of: prefix, on: read, pool: lab.pool)
        let tape = Tape(shapes: unit.tapeShapes, images: images.count)
        let output = unit.output.matrix(images: images.count)
        lab.pool.run(images.count) { image, _ in
            prepared.forward(
                input.rows(image * unit.input.rows..<(image + 1) * unit.input.rows),
                tape: tape.images(image..<image + 1),
                output: output.rows(image * unit.output.rows..<(image + 1) * unit.output.rows))
        }
        return tape
    }

    // MARK: - Attention

    private func attention(
        _ descriptor: SiteDescriptor, _ quantizer: SiteQuantizer, _ request: SiteRequest
    ) throws(Refusal) -> AttentionPair? {
        guard case .rows(perGroup: let queries) = descriptor.groups else { return nil }
        let heads = descriptor.groupCount
        guard (0..<heads).contains(request.head) else {
            throw Refusal(
                sentence: "\(descriptor.name) has the heads 0 through \(heads - 1), not \(request.head)")
        }
        let images = lab.inputs.calibration.rows
        guard (0..<images).contains(request.image) else {
            throw Refusal(
                sentence: "there are the calibration images 0 through \(images - 1), not \(request.image)")
        }
        let before = descriptor.values(in: tape(of: nil, images: request.image..<request.image + 1))
        let values = descriptor.values(in: tape(of: model, images: request.image..<request.image + 1))
        let after = Matrix(rows: values.rows, columns: values.columns)
        quantizer.fakeQuantize(values, into: after)
        // Where attention stays within windows, this is the first one's.
        let range = request.head * queries..<(request.head + 1) * queries
        let rows = min(queries, AttentionPair.greatestSide)
        let columns = min(before.columns, AttentionPair.greatestSide)
        return AttentionPair(
            heads: heads, tokens: before.columns, rows: rows, columns: columns,
            fullPrecision: reduced(before.rows(range), rows, columns),
            quantized: reduced(after.rows(range), rows, columns))
    }

    /// A map with fewer rows and columns: each the mean of those that it covers.
    private func reduced(_ map: Matrix, _ rowCount: Int, _ columnCount: Int) -> [Float] {
        func cells(_ index: Int, of count: Int, in total: Int) -> Range<Int> {
            index * total / count..<(index + 1) * total / count
        }
        return (0..<rowCount * columnCount).map { place in
            let rows = cells(place / columnCount, of: rowCount, in: map.rows)
            let columns = cells(place % columnCount, of: columnCount, in: map.columns)
            var sum: Float = 0
            for row in rows {
                for column in columns {
                    sum += map[row, column]
                }
            }
            return sum / Float(rows.count * columns.count)
        }
    }

    // MARK: - The answer

    private func result(
        _ request: SiteRequest, _ view: GroupView, _ quantizer: SiteQuantizer, attempt: Int?, isWeight: Bool,
        sqnrDb: Double?, channels: ChannelRanges, attention: AttentionPair?
    ) -> SiteInspection {
        SiteInspection(
            request: request, unit: index, attempt: attempt, isWeight: isWeight,
            bits: quantizer.bits?.rawValue ?? 16, quantizer: quantizer.description,
            groupCount: quantizer.groupCount, histogram: view.histogram, levelsOfGroup: view.levelsOfGroup,
            levels: view.levels, clippedShare: view.clippedShare, sqnrDb: sqnrDb, channels: channels,
            attention: attention)
    }

    private func ranges(of values: Matrix, byRow: Bool) -> ChannelRanges {
        let channels = byRow ? values.rows : values.columns
        let perEntry = max(1, (channels + ChannelRanges.greatestCount - 1) / ChannelRanges.greatestCount)
        let count = (channels + perEntry - 1) / perEntry
        var minima: [Float] = Array(repeating: .infinity, count: count)
        var maxima: [Float] = Array(repeating: -.infinity, count: count)
        for row in 0..<values.rows {
            let line = values.rows(row..<row + 1).elements
            for (column, value) in line.enumerated() {
                let entry = (byRow ? row : column) / perEntry
                minima[entry] = min(minima[entry], value)
                maxima[entry] = max(maxima[entry], value)
            }
        }
        return ChannelRanges(channels: channels, perEntry: perEntry, minima: minima, maxima: maxima)
    }
}
