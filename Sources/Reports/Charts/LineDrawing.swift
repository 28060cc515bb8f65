internal import ChartScale

/// Curves over a common axis.
struct LineDrawing {
    /// One curve.
    struct Line {
        let name: String
        /// The class of its colour.
        let color: String
        let points: [ChartPoint]
        var band: [BandPoint] = []
        /// Whether it only stands beside the others.
        var isSecondary = false
        /// Whether each of its points has a dot.
        var hasDots = false
    }

    let title: String
    let lines: [Line]
    var frame: ChartFrame
    /// A value to compare with, and its name.
    var reference: (value: Double, name: String)?
    /// Places on the horizontal axis that are marked, and what happened there.
    var marks: [(place: Double, name: String)] = []

    /// The chart, the last curve in front, with the names of its curves below if there are several.
    var markup: Markup {
        var (shapes, over): (Markup, Markup) = ("", "")
        for line in lines { shapes += band(line) }
        if let reference, let place = frame.down(reference.value) {
            shapes += "<path class=\"reference\" d=\"M0 \(place)h\(frame.plot.width)\"/>"
            let isLow = place > frame.plot.height - 14
            over += """
                <text class="tick end ref" x="\(frame.plot.width - 2)" y="\(isLow ? place - 4 : place + 11)">\
                \(reference.name)</text>
                """
        }
        for mark in marks {
            guard let place = frame.across(mark.place) else { continue }
            shapes += """
                <path class="mark" d="M\(place) 0v\(frame.plot.height)"><title>\(mark.name)</title></path>
                """
        }
        for line in lines { shapes += curve(line) }
        return "<figure>\(frame.chart(title: title, shapes, over: over))\(legend)</figure>\n"
    }

    private var legend: Markup {
        guard lines.count > 1 else { return "" }
        return marksLegend(lines.reversed().map { ($0.name, $0.color) })
    }

    private func band(_ line: Line) -> Markup {
        guard !line.band.isEmpty else { return "" }
        let upper = line.band.map { (x: frame.across($0.x), y: frame.down($0.high)) }
        let lower = line.band.reversed().map { (x: frame.across($0.x), y: frame.down($0.low)) }
        let data = path(upper + lower)
        return "<path class=\"band \(line.color)\" d=\"\(data)Z\"/>"
    }

    private func curve(_ line: Line) -> Markup {
        let places = line.points.map { (x: frame.across($0.x), y: frame.down($0.y)) }
        let kind = line.isSecondary ? "line second" : "line"
        var result: Markup = "<path class=\"\(kind) \(line.color)\" d=\"\(path(places))\"/>"
        guard line.hasDots else { return result }
        for place in places {
            guard let x = place.x, let y = place.y else { continue }
            result += "<circle class=\"dot \(line.color)\" cx=\"\(x)\" cy=\"\(y)\" r=\"2.5\"/>"
        }
        return result
    }
}

/// The names of colours, below a chart.
func marksLegend(_ entries: [(name: String, color: String)]) -> Markup {
    let items = entries.map { entry -> Markup in
        "<span><i class=\"swatch \(entry.color)\"></i>\(entry.name)</span>"
    }
    return "<figcaption class=\"legend\">\(items)</figcaption>"
}
