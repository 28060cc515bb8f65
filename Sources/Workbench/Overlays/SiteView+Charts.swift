internal import ChartScale
internal import RunText
internal import Runs
internal import TerminalUI
internal import Vocabulary

extension SiteInspection {
    /// What the groups are that have quantizers of their own.
    var groupName: String { groupCount == channels.channels ? "channel" : "group" }

    /// Draws how values are distributed, on a logarithmic scale, with the levels of the quantizer below.
    func drawHistogram(in area: Rect, on canvas: inout Canvas) {
        guard area.height >= 4, area.width >= 16 else { return }
        let ramp = canvas.glyphs.ramp
        let range = histogram.lower...max(histogram.upper, histogram.lower + 1e-12)
        let plot = Rect(x: area.x, y: area.y + 1, width: area.width, height: area.height - 4)
        canvas.write("values, count on a logarithmic scale", in: area, style: .muted)
        let greatest = Axis(1...Double(max(2, histogram.counts.max() ?? 2)), scale: .log)
        for column in 0..<plot.width {
            let bin = column * histogram.counts.count / max(1, plot.width)
            guard histogram.counts.indices.contains(bin), histogram.counts[bin] > 0 else { continue }
            let share = max(0, greatest.position(Double(histogram.counts[bin])) ?? 0)
            let eighths = max(1, Int((share * Double(plot.height * 8)).rounded()))
            for row in 0..<plot.height where eighths > row * 8 {
                canvas.grid.put(
                    ramp[min(ramp.count - 1, min(8, eighths - row * 8))], x: plot.x + column,
                    y: plot.endY - 1 - row, style: Style(.curve, .init()), in: plot)
            }
        }
        drawLevels(Axis(range), in: Rect(x: area.x, y: plot.endY, width: area.width, height: 1), on: &canvas)
        let labels = Rect(x: area.x, y: plot.endY + 1, width: area.width, height: 1)
        let (low, high) = (QuantityText.measure(histogram.lower), QuantityText.measure(histogram.upper))
        canvas.write(low, in: labels, style: Style(.axis))
        canvas.write(high, in: labels.dropping(area.width - cellWidth(high)), style: Style(.axis))
        let group = levelsOfGroup.map { groupCount > 1 ? " of \(groupName) \($0 + 1)" : "" } ?? ""
        let note = levels.isEmpty ? "no levels: full precision" : "The \(levels.count) levels\(group)"
        canvas.write(note, in: labels.dropping(max(0, (area.width - cellWidth(note)) / 2)), style: .muted)
    }

    private func drawLevels(_ axis: Axis, in row: Rect, on canvas: inout Canvas) {
        let glyphs = canvas.glyphs
        for x in row.x..<row.endX {
            canvas.grid.put(glyphs.box.horizontal, x: x, y: row.y, style: Style(.axis), in: row)
        }
        for level in levels {
            guard let place = axis.position(Double(level)), (0...1).contains(place) else { continue }
            let x = row.x + Int((place * Double(row.width - 1)).rounded())
            canvas.grid.put(
                glyphs == .ascii ? "+" : "┴", x: x, y: row.y, style: Style(Term.local.role).bold, in: row)
        }
    }

    /// Draws the width of every channel's range as heat.
    func drawChannels(_ request: SiteRequest, in area: Rect, on canvas: inout Canvas) {
        guard area.height >= 3, !channels.maxima.isEmpty else { return }
        let widths = zip(channels.minima, channels.maxima).map { Double($1 - $0) }
        let per = channels.perEntry > 1 ? ", \(channels.perEntry) to an entry" : ""
        canvas.write(
            "Range of each channel, \(QuantityText.count(channels.channels))\(per) (hottest: widest)",
            in: area,
            style: .muted)
        let group = request.group.map { $0 / max(1, channels.perEntry) }
        HeatStrip(
            values: widths, range: 0...max(widths.max() ?? 1, 1e-12),
            selected: groupCount == channels.channels ? group : nil
        ).draw(into: &canvas.grid, in: area.row(1), glyphs: canvas.glyphs)
        let (least, most) = (widths.min() ?? 0, widths.max() ?? 0)
        canvas.write(
            "narrowest \(QuantityText.measure(least))   widest \(QuantityText.measure(most))",
            in: area.row(2), style: .muted)
    }
}

extension AttentionPair {
    /// Draws one head's map before and after quantization, side by side.
    func draw(_ request: SiteRequest, in area: Rect, on canvas: inout Canvas) {
        canvas.write(
            "attention of image \(request.image + 1), head \(request.head + 1)/\(heads), \(tokens) tokens",
            in: area, style: .muted)
        let sides = area.droppingRows(1).columns([.share(1), .share(1)])
        let most = max(fullPrecision.max() ?? 1, quantized.max() ?? 1, 1e-9)
        for (side, (name, values)) in zip(
            sides, [("full precision", fullPrecision), ("quantized", quantized)])
        {
            canvas.write(name, in: side, style: Style(.heading))
            let place = Rect(x: side.x, y: side.y + 1, width: side.width - 1, height: side.height - 1)
            heatMap(values, most: most, fitting: place).draw(
                into: &canvas.grid, in: place, glyphs: canvas.glyphs, hasColors: canvas.state.hasColors)
        }
    }

    /// A map in colours from dark to light, reduced to fit.
    private func heatMap(_ values: [Float], most: Float, fitting area: Rect) -> Picture {
        let (high, wide) = (max(1, rows), max(1, columns))
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
                // The square root makes the many small weights visible.
                pixels.append(Self.heat(Double(max(0, mean / most)).squareRoot()))
            }
        }
        return Picture(width: width, height: height, pixels: pixels)
    }

    /// From black over blue and orange to white, with rising lightness.
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
