internal import ChartScale
internal import Runs

/// A piece of HTML or SVG.
///
/// Literals are taken as they are; every text that is put into one is escaped, whether it stands in an element or in a
/// quoted attribute:
///
///     let row: Markup = "<td title=\"\(path)\">\(name)</td>"
struct Markup: Equatable, Sendable, ExpressibleByStringInterpolation {
    /// A piece while it is put together.
    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text: String

        init(literalCapacity: Int, interpolationCount: Int) {
            text = ""
            text.reserveCapacity(literalCapacity + 16 * interpolationCount)
        }

        mutating func appendLiteral(_ literal: String) { text += literal }
        mutating func appendInterpolation(_ value: String) { text += Markup.escaped(value) }
        mutating func appendInterpolation(_ value: Int) { text += "\(value)" }
        mutating func appendInterpolation(_ value: Markup) { text += value.text }
        mutating func appendInterpolation(_ values: [Markup]) {
            for value in values { text += value.text }
        }
        /// A place in a drawing, to a tenth of a pixel.
        mutating func appendInterpolation(_ place: Double) { text += Markup.place(place) }
    }

    private(set) var text: String

    init(stringLiteral value: String) { text = value }
    init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    static func += (markup: inout Markup, other: Markup) { markup.text += other.text }

    /// A number as drawings have it, to a tenth; 0 where it is not finite.
    static func place(_ value: Double) -> String {
        let text = NumberText.fixed(value.isFinite ? value : 0, decimals: 1)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// A text that means nothing to a browser: neither in an element nor between quotation marks.
    ///
    /// What would turn the direction of the text around it, or is no character of HTML, is written as an escape.
    fileprivate static func escaped(_ text: String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\n", "\t": result.unicodeScalars.append(scalar)
            case _ where scalar.isControl: result += scalar.escape
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// A table of texts and pieces.
struct MarkupTable {
    /// A column.
    struct Column {
        /// What it holds, which decides how it is laid out.
        enum Content {
            /// Short texts on one line.
            case words
            /// Numbers, which stand below one another.
            case numbers
            /// Sentences over several lines.
            case sentences
        }

        let title: String
        let content: Content

        init(_ title: String, _ content: Content = .words) { (self.title, self.content) = (title, content) }

        /// The class of its cells.
        fileprivate var kind: Markup {
            switch content {
            case .words: ""
            case .numbers: " class=\"n\""
            case .sentences: " class=\"s\""
            }
        }
    }

    let columns: [Column]
    let rows: [[Markup]]
    /// The class of the whole table; empty for none.
    var kind = ""

    /// The table in a frame that scrolls where the page is too narrow.
    var markup: Markup {
        let heads = columns.map { column -> Markup in
            "<th scope=\"col\"\(column.kind)>\(column.title)</th>"
        }
        let lines = rows.map { row -> Markup in
            let cells = zip(columns, row).map { column, cell -> Markup in
                "<td\(column.kind)>\(cell)</td>"
            }
            return "<tr>\(cells)</tr>\n"
        }
        return """
            <div class="scroll"><table class="\(kind)"><thead><tr>\(heads)</tr></thead><tbody>
            \(lines)</tbody></table></div>

            """
    }
}
