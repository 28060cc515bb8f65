internal import ChartScale

/// A drawing of a width and a height, which shrinks with the page.
///
/// - Parameters:
///   - width: The width at which its texts have their own size.
///   - height: The height.
///   - kind: The classes of the element.
///   - title: What it shows, for those who cannot see it.
///   - content: The shapes.
/// - Returns: The element.
func drawing(_ width: Double, _ height: Double, kind: String = "chart", title: String, _ content: Markup)
    -> Markup
{
    """
    <svg class="\(kind)" viewBox="0 0 \(width) \(height)" style="max-width:\(width)px" role="img" aria-label="\(title)">\
    <title>\(title)</title>\(content)</svg>

    """
}

/// The place of a chart's values in a drawing, with axes, grid and labels around it.
struct ChartFrame {
    /// The size of the drawing.
    var width = 460.0
    var height = 230.0
    /// The room for labels.
    var left = 46.0
    var right = 12.0
    var top = 22.0
    var bottom = 36.0
    let x: Axis
    let y: Axis
    var xTitle = ""
    var yTitle = ""
    /// How many labels each axis has at most, about.
    var ticks = (x: 6, y: 5)

    /// The size of the place.
    var plot: (width: Double, height: Double) { (width - left - right, height - top - bottom) }

    /// Where a value lies, from the left of the place; nil for a gap.
    func across(_ value: Double) -> Double? { x.position(value).map { $0 * plot.width } }
    /// Where a value lies, from the top of the place; nil for a gap.
    func down(_ value: Double) -> Double? { y.position(value).map { (1 - $0) * plot.height } }

    /// A drawing with shapes in the place, which cuts them off at its edge.
    func chart(title: String, _ shapes: Markup, over: Markup = "") -> Markup {
        let place: Markup = """
            <svg x="\(left)" y="\(top)" width="\(plot.width)" height="\(plot.height)">\(shapes)</svg>\
            <g transform="translate(\(left) \(top))">\(over)</g>
            """
        return drawing(width, height, title: title, "\(grid)\(place)")
    }

    private var grid: Markup {
        var result: Markup = ""
        for tick in y.ticks(count: ticks.y) {
            guard let place = down(tick.value), (-0.5...plot.height + 0.5).contains(place) else { continue }
            result += """
                <path class="grid" d="M\(left) \(top + place)h\(plot.width)"/>\
                <text class="tick end" x="\(left - 6)" y="\(top + place + 3.5)">\(tick.label)</text>
                """
        }
        for tick in x.ticks(count: ticks.x) {
            guard let place = across(tick.value), (-0.5...plot.width + 0.5).contains(place) else { continue }
            result += """
                <path class="grid" d="M\(left + place) \(top)v\(plot.height)"/>\
                <text class="tick mid" x="\(left + place)" y="\(top + plot.height + 14)">\(tick.label)</text>
                """
        }
        result += "<path class=\"axis\" d=\"M\(left) \(top)v\(plot.height)h\(plot.width)\"/>"
        if !xTitle.isEmpty {
            result += """
                <text class="name mid" x="\(left + plot.width / 2)" y="\(height - 5)">\(xTitle)</text>
                """
        }
        if !yTitle.isEmpty { result += "<text class=\"name\" x=\"2\" y=\"10\">\(yTitle)</text>" }
        return result
    }
}

/// The line through points, as the data of a path; a value that is not finite is a gap.
func path(_ points: [(x: Double?, y: Double?)]) -> String {
    var (data, isDown) = ("", false)
    for point in points {
        guard let x = point.x, let y = point.y, x.isFinite, y.isFinite else {
            isDown = false
            continue
        }
        // Far outside of the place browsers lose precision.
        let places = [x, y].map { Markup.place(min(max($0, -1e4), 1e4)) }
        data += "\(isDown ? "L" : "M")\(places[0]) \(places[1])"
        isDown = true
    }
    return data
}
