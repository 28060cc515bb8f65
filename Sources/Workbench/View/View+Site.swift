internal import Runs
internal import TerminalUI

extension Painter {
    mutating func drawSite(_ view: SiteView) {
        guard let run = state.run, run.units.indices.contains(view.unit) else { return }
        let names = run.units[view.unit].siteNames
        let area = grid.drawBox(
            layout.body, title: "Site  \(view.request.site)", trailing: "\(view.site + 1)/\(names.count)",
            focused: true, glyphs: glyphs
        ).inset(columns: 1, rows: 0)
        drawSiteKeys(view, in: area.row(area.height - 1))
        let body = Rect(x: area.x, y: area.y, width: area.width, height: area.height - 2)
        guard let inspection = view.inspection else {
            return explain("The site is being looked at.", in: body)
        }
        drawSiteFacts(view, inspection, in: body.row(0))
        let below = Rect(x: body.x, y: body.y + 2, width: body.width, height: body.height - 2)
        if let attention = inspection.attention {
            let parts = below.columns([.share(1), .share(1.4)])
            drawHistogram(inspection, in: parts[0])
            drawAttention(
                attention, view,
                in: Rect(x: parts[1].x + 2, y: parts[1].y, width: parts[1].width - 2, height: parts[1].height)
            )
        } else {
            let parts = below.rows([.share(1), .fixed(below.height >= 12 ? 5 : 0)])
            drawHistogram(inspection, in: parts[0])
            drawChannels(inspection, view, in: parts[1])
        }
    }

    private mutating func drawSiteKeys(_ view: SiteView, in row: Rect) {
        var keys = [(key(.left, .site), "before"), (key(.right, .site), "next")]
        if view.inspection?.groupCount ?? 1 > 1 { keys.append((key(.down, .site), "groups")) }
        if view.inspection?.attention != nil {
            keys += [(key(.pageDown, .site), "head"), (key(.switchFormat, .site), "image")]
        }
        keys += [(key(.zoomIn, .site), "bits"), (key(.cancel, .site), "close")]
        if let bits = view.bits, bits != view.inspection?.bits {
            keys.insert((key(.confirm, .site), "give it \(bits) bits"), at: 0)
        }
        writeKeys(keys, in: row)
    }

    private mutating func drawSiteFacts(_ view: SiteView, _ inspection: SiteInspection, in row: Rect) {
        let bits =
            inspection.bits == 16 ? "full precision" : "\(inspection.bits) bits, \(inspection.quantizer)"
        var pieces = [
            LinePiece(bits, Style.text.bold, rank: 0),
            LinePiece(
                "SQNR \(inspection.sqnrDb.map { QuantityText.fixed($0, decimals: 1) + " dB" } ?? "–")",
                rank: 1),
            LinePiece("clipped \(QuantityText.fixed(inspection.clippedShare * 100, decimals: 2)) %", rank: 2),
            LinePiece(inspection.attempt.map { "attempt \($0)" } ?? "as calibrated", .muted, rank: 4),
        ]
        if let group = view.request.group {
            pieces.append(LinePiece("group \(group + 1)/\(inspection.groupCount)", .muted, rank: 3))
        }
        if let chosen = view.bits, chosen != inspection.bits {
            pieces.insert(LinePiece("\(arrow) \(chosen) bits", Style(.warn).bold, rank: 0), at: 1)
        }
        if view.isWaiting { pieces.append(LinePiece("being looked at", Style(.running), rank: 0)) }
        var x = row.x
        for piece in LinePiece.fitting(pieces, width: row.width, gap: 3) {
            x += grid.write(piece.spans, x: x, y: row.y, in: row) + 3
        }
    }

    /// How values are spread, on a logarithmic scale, with the levels of the quantizer below.
    private mutating func drawHistogram(_ inspection: SiteInspection, in area: Rect) {
        guard area.height >= 4, area.width >= 16 else { return }
        let histogram = inspection.histogram
        let range = histogram.lower...max(histogram.upper, histogram.lower + 1e-12)
        let plot = Rect(x: area.x, y: area.y + 1, width: area.width, height: area.height - 4)
        grid.write("values, count on a logarithmic scale", x: area.x, y: area.y, style: .muted, in: area)
        let axis = Axis(range)
        let greatest = Axis(1...Double(max(2, histogram.counts.max() ?? 2)), scale: .log)
        for column in 0..<plot.width {
            let bin = column * histogram.counts.count / max(1, plot.width)
            guard histogram.counts.indices.contains(bin), histogram.counts[bin] > 0 else { continue }
            let share = max(0, greatest.position(Double(histogram.counts[bin])) ?? 0)
            let eighths = max(1, Int((share * Double(plot.height * 8)).rounded()))
            for row in 0..<plot.height where eighths > row * 8 {
                let part = min(8, eighths - row * 8)
                let ramp = glyphs.ramp
                grid.put(
                    ramp[min(ramp.count - 1, part)], x: plot.x + column, y: plot.endY - 1 - row,
                    style: Style(.curve, .init()), in: plot)
            }
        }
        drawLevels(inspection, axis, in: Rect(x: area.x, y: plot.endY, width: area.width, height: 1))
        let (low, high) = (QuantityText.measure(histogram.lower), QuantityText.measure(histogram.upper))
        grid.write(low, x: area.x, y: plot.endY + 1, style: Style(.axis), in: area)
        grid.write(
            high, x: area.endX - cellWidth(high), y: plot.endY + 1, style: Style(.axis), in: area)
        let note =
            inspection.levels.isEmpty
            ? "no levels: full precision"
            : "\(inspection.levels.count) levels"
                + (inspection.levelsOfGroup.map { inspection.groupCount > 1 ? " of group \($0 + 1)" : "" }
                    ?? "")
        grid.write(
            note, x: area.x + max(0, (area.width - cellWidth(note)) / 2), y: plot.endY + 1, style: .muted,
            in: area)
    }

    private mutating func drawLevels(_ inspection: SiteInspection, _ axis: Axis, in row: Rect) {
        for x in row.x..<row.endX {
            grid.put(glyphs.box.horizontal, x: x, y: row.y, style: Style(.axis), in: row)
        }
        for level in inspection.levels {
            guard let place = axis.position(Double(level)), (0...1).contains(place) else { continue }
            let x = row.x + Int((place * Double(row.width - 1)).rounded())
            grid.put(glyphs == .ascii ? "+" : "┴", x: x, y: row.y, style: Style(.local).bold, in: row)
        }
    }

    /// The range of every channel: how wide, as heat, and where it lies.
    private mutating func drawChannels(_ inspection: SiteInspection, _ view: SiteView, in area: Rect) {
        let channels = inspection.channels
        guard area.height >= 3, !channels.maxima.isEmpty else { return }
        let widths = zip(channels.minima, channels.maxima).map { Double($1 - $0) }
        let per = channels.perEntry > 1 ? ", \(channels.perEntry) to an entry" : ""
        grid.write(
            "ranges of \(QuantityText.count(channels.channels)) channels\(per): wide is hot", x: area.x,
            y: area.y,
            style: .muted, in: area)
        let group = view.request.group.map { $0 / max(1, channels.perEntry) }
        HeatStrip(
            values: widths, range: 0...max(widths.max() ?? 1, 1e-12),
            selected: inspection.groupCount == channels.channels ? group : nil
        ).draw(
            into: &grid, in: area.row(1), glyphs: glyphs)
        let (least, most) = (widths.min() ?? 0, widths.max() ?? 0)
        grid.write(
            "narrowest \(QuantityText.measure(least))   widest \(QuantityText.measure(most))", x: area.x,
            y: area.y + 2, style: .muted, in: area)
    }

    /// One head's map before and after quantization, side by side.
    private mutating func drawAttention(_ pair: AttentionPair, _ view: SiteView, in area: Rect) {
        grid.write(
            "attention of image \(view.request.image + 1), head \(view.request.head + 1)/\(pair.heads), \(pair.tokens) tokens",
            x: area.x, y: area.y, style: .muted, in: area)
        let sides = Rect(x: area.x, y: area.y + 1, width: area.width, height: area.height - 1)
            .columns([.share(1), .share(1)])
        let most = max(pair.fullPrecision.max() ?? 1, pair.quantized.max() ?? 1, 1e-9)
        for (side, (name, values)) in zip(
            sides, [("full precision", pair.fullPrecision), ("quantized", pair.quantized)])
        {
            grid.write(name, x: side.x, y: side.y, style: Style(.heading), in: side)
            let place = Rect(x: side.x, y: side.y + 1, width: side.width - 1, height: side.height - 1)
            heatMap(values, (pair.rows, pair.columns), most: most, fitting: place).draw(
                into: &grid, in: place, glyphs: glyphs, hasColors: state.hasColors)
        }
    }

    /// A map in colours from dark to light, made smaller where there is no room for it.
    private func heatMap(
        _ values: [Float], _ extent: (rows: Int, columns: Int), most: Float, fitting area: Rect
    ) -> Picture {
        let (high, wide) = (max(1, extent.rows), max(1, extent.columns))
        let fitting = high <= area.height * 2 ? wide : wide * area.height * 2 / high
        let width = max(1, min(wide, area.width, fitting))
        let height = max(1, min(high, high * width / wide))
        var pixels: [UInt32] = []
        for y in 0..<height {
            for x in 0..<width {
                let rows = (y * high / height)..<max(y * high / height + 1, (y + 1) * high / height)
                let columns = (x * wide / width)..<max(x * wide / width + 1, (x + 1) * wide / width)
                var sum: Float = 0
                for row in rows {
                    for column in columns { sum += values[min(values.count - 1, row * wide + column)] }
                }
                let mean = sum / Float(rows.count * columns.count)
                // The square root brings out the many small weights.
                pixels.append(Self.heat(Double(max(0, mean / most)).squareRoot()))
            }
        }
        return Picture(width: width, height: height, pixels: pixels)
    }

    /// From black over blue and orange to white; lightness rises all the way.
    private static func heat(_ part: Double) -> UInt32 {
        let stops: [(Double, Double, Double)] = [
            (8, 8, 20), (40, 60, 140), (190, 90, 90), (245, 180, 70), (255, 250, 220),
        ]
        let place = min(max(part, 0), 1) * Double(stops.count - 1)
        let index = min(stops.count - 2, Int(place))
        let rest = place - Double(index)
        func mix(_ a: Double, _ b: Double) -> UInt32 { UInt32((a + (b - a) * rest).rounded()) }
        let (a, b) = (stops[index], stops[index + 1])
        return mix(a.0, b.0) << 16 | mix(a.1, b.1) << 8 | mix(a.2, b.2)
    }
}
