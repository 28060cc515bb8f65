internal import Runs
internal import TerminalUI
internal import Vocabulary

extension Painter {
    /// Two lines in which a theme shows what it does with meanings.
    mutating func drawSwatches(in area: Rect) {
        let terms = zip(zip(glyphs.fills, [Role.block, .global, .local]), Term.allCases).flatMap {
            pair, term in
            [TextSpan("\(pair.0)\(pair.0)", Style(pair.1)), TextSpan(" \(term.rawValue)  ")]
        }
        grid.write(terms, x: area.x, y: area.y, in: area)
        let states: [(Symbol, String, Role)] = [
            (.done, "ok", .ok), (.running, "run", .running), (.warning, "warn", .warn),
            (.failed, "fail", .error),
        ]
        let words = states.map { TextSpan("\(glyphs.symbol($0.0)) \($0.1)  ", Style($0.2)) }
        let heat = (0..<5).map { TextSpan("\(glyphs.ramp[4])", Style(Role.heat(Double($0) / 5))) }
        grid.write(words + heat, x: area.x, y: area.y + 1, in: area)
    }
}
