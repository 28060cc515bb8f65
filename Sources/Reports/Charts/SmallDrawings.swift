internal import ChartScale
internal import Glibc
internal import Runs
internal import Vocabulary

/// The values of a site: how often each occurs, and the levels of its quantizer.
struct HistogramDrawing {
    /// Above so many levels they are marked below the values only.
    private static let fewLevels = 32

    private static let (width, height, axis) = (240.0, 46.0, 12.0)

    let inspection: SiteInspection

    var markup: Markup {
        let histogram = inspection.histogram
        let levels = inspection.levels.map(Double.init).filter(\.isFinite)
        let ends =
            [histogram.lower, histogram.upper] + (levels.first.map { [$0] } ?? [])
            + (levels.last.map { [$0] } ?? [])
        let known = ends.filter(\.isFinite)
        guard let low = known.min(), let high = known.max(), low < high else { return "" }
        let scale = Axis(low...high)
        func across(_ value: Double) -> Double { (scale.position(value) ?? 0) * Self.width }
        // Values behind a softmax or a GELU are so many near 0 that nothing else would be seen on a linear scale.
        let most = log2(Double(histogram.counts.max() ?? 0) + 1)
        let bin = (histogram.upper - histogram.lower) / Double(max(1, histogram.counts.count))
        var data = "M\(Markup.place(across(histogram.lower))) \(Markup.place(Self.height))"
        for (index, count) in histogram.counts.enumerated() {
            let top = Self.height * (1 - (most > 0 ? log2(Double(count) + 1) / most : 0))
            let end = across(histogram.lower + Double(index + 1) * bin)
            data += "V\(Markup.place(top))H\(Markup.place(end))"
        }
        data += "V\(Markup.place(Self.height))Z"
        let isFew = levels.count <= Self.fewLevels
        let top = isFew ? 0 : Self.height + 1
        let length = isFew ? Self.height + 5 : 4
        let marks = levels.map { "M\(Markup.place(across($0))) \(Markup.place(top))v\(Markup.place(length))" }
            .joined()
        let labels = NumberText.comparable([low, high])
        let content: Markup = """
            <path class="bars" d="\(data)"/><path class="levels" d="\(marks)"/>\
            <text class="tick" x="0" y="\(Self.height + Self.axis + 4)">\(labels[0])</text>\
            <text class="tick end" x="\(Self.width)" y="\(Self.height + Self.axis + 4)">\(labels[1])</text>
            """
        return drawing(
            Self.width, Self.height + Self.axis + 6, kind: "chart histogram",
            title: "values of \(inspection.request.site) and the \(levels.count) levels of its quantizer",
            content)
    }
}

/// A bar for each row, divided into the shares of the terms.
struct SharesDrawing {
    let title: String
    let rows: [(name: String, shares: Terms)]

    private static let (row, left, width) = (20.0, 130.0, 460.0)

    var markup: Markup {
        var shapes: Markup = ""
        for (index, row) in rows.enumerated() {
            let y = Double(index) * Self.row
            shapes += "<text class=\"tick end\" x=\"\(Self.left - 6)\" y=\"\(y + 13)\">\(row.name)</text>"
            var x = Self.left
            for term in Term.allCases {
                guard let share = row.shares[term] else { continue }
                let width = share * (Self.width - Self.left)
                let percent = NumberText.fixed(share * 100, decimals: 0)
                shapes += """
                    <rect class="fill \(term.rawValue)" x="\(x)" y="\(y + 2)" width="\(width)" height="\(Self.row - 5)">\
                    <title>\(row.name): \(term.rawValue) \(percent) %</title></rect>
                    """
                if width > 30 {
                    shapes +=
                        "<text class=\"inside mid\" x=\"\(x + width / 2)\" y=\"\(y + 13)\">\(percent) %</text>"
                }
                x += width
            }
        }
        let chart = drawing(Self.width, Double(rows.count) * Self.row, title: title, shapes)
        return "<figure>\(chart)\(marksLegend(Term.allCases.map { ($0.rawValue, $0.rawValue) }))</figure>\n"
    }
}

/// Points in two directions; the best of them are joined.
struct ScatterDrawing {
    /// One point.
    struct Point {
        let name: String
        let (x, y): (Double, Double)
        /// Whether it is worth its cost.
        let isOnFront: Bool
    }

    let title: String
    let points: [Point]
    let frame: ChartFrame
    /// Whether a higher point is a better one.
    let isMoreBetter: Bool

    /// The points of the front that are better than all to their left, from the left.
    private var joined: [Point] {
        var best: [Point] = []
        func isBetter(_ first: Point, _ second: Point) -> Bool {
            isMoreBetter ? first.y > second.y : first.y < second.y
        }
        let ordered = points.filter(\.isOnFront)
            .sorted { $0.x == $1.x ? isBetter($0, $1) : $0.x < $1.x }
        for point in ordered where best.last.map({ isBetter(point, $0) }) ?? true { best.append(point) }
        return best
    }

    var markup: Markup {
        let front = joined
        let line = path(front.map { (frame.across($0.x), frame.down($0.y)) })
        var shapes: Markup = "<path class=\"line c0\" d=\"\(line)\"/>"
        var over: Markup = ""
        for point in points {
            guard let x = frame.across(point.x), let y = frame.down(point.y) else { continue }
            let kind = point.isOnFront ? "dot c0" : "dot second"
            shapes += """
                <circle class="\(kind)" cx="\(x)" cy="\(y)" r="3.5"><title>\(point.name)</title></circle>
                """
            guard point.isOnFront else { continue }
            let isRight = x > frame.plot.width - 40
            let anchor = isRight ? "tick end strong" : "tick strong"
            over +=
                "<text class=\"\(anchor)\" x=\"\(isRight ? x - 6 : x + 6)\" y=\"\(max(9, y - 5))\">\(point.name)</text>"
        }
        return "<figure>\(frame.chart(title: title, shapes, over: over))</figure>\n"
    }
}
