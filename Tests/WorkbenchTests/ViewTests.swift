import Runs
import TerminalUI
import Testing
import TestSupport

@testable import Workbench
import Vocabulary

@Suite("Frames")
struct ViewTests {
    /// The frame, with the content of the parameters panel only on request.
    ///
    /// Parameters change often, so one golden of the panel for each size of the screen is enough.
    private func frame(_ session: Session, shows: Bool) -> String {
        var grid = session.grid
        guard !shows, session.state.run != nil else { return grid.goldenText }
        var uncovered = session
        uncovered.state.overlay = nil
        let below = uncovered.grid
        let area = Layout(session.state).content(of: .parameters)
        for y in area.y..<area.endY {
            // What an overlay covers is compared.
            let covered = (area.x..<area.endX).filter { grid[$0, y].glyph != below[$0, y].glyph }
            let range = (covered.first ?? 0)..<((covered.last ?? -1) + 1)
            for x in area.x..<area.endX where !range.contains(x) {
                grid.put(" ", x: x, y: y, style: .background)
            }
        }
        return grid.goldenText
    }

    @Test("each situation looks as recorded at 120 × 40", arguments: Session.Stage.allCases)
    func large(stage: Session.Stage) throws {
        try Golden.expect(
            frame(Session(at: stage), shows: stage == .typing), equals: "120x40-\(stage.rawValue)")
    }

    @Test("each situation looks as recorded at 80 × 24", arguments: Session.Stage.allCases)
    func usual(stage: Session.Stage) throws {
        let session = Session(at: stage, width: 80, height: 24)
        try Golden.expect(frame(session, shows: stage == .drafted), equals: "80x24-\(stage.rawValue)")
    }

    @Test(
        "other sizes look as recorded", arguments: [(200, 60), (110, 32), (60, 16), (59, 15), (1, 1)],
        [Session.Stage.running, .waiting, .finished])
    func sizes(size: (width: Int, height: Int), stage: Session.Stage) throws {
        let session = Session(at: stage, width: size.width, height: size.height)
        try Golden.expect(
            frame(session, shows: stage == .waiting), equals: "\(size.width)x\(size.height)-\(stage.rawValue)"
        )
    }

    @Test("a notice is shown whole, and for as long as it takes to read", arguments: [60, 80, 120])
    func notices(width: Int) {
        var session = Session(at: .start, width: width, height: 24)
        session.answer(
            .resumeRefused(
                "of the calibration images, /data/photos/calibration/a/long/path/images.safetensors has changed: the "
                    + "results would not be the same; put back what was there, or give --accept-changed-inputs"
            ))
        let words = session.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(words.contains("put back what was there, or give --accept-changed-inputs"))
        #expect(words.contains("Of the calibration images,") || words.contains("of the calibration images,"))
        session.tick(10)
        #expect(session.text.contains("--accept-changed-inputs"))
        session.tick(20)
        #expect(!session.text.contains("--accept-changed-inputs"))
    }

    @Test(
        "other glyphs look as recorded", arguments: [GlyphSet.ascii, .block],
        [Session.Stage.running, .swept, .finished])
    func glyphs(glyphs: GlyphSet, stage: Session.Stage) throws {
        let session = Session(at: stage, glyphs: glyphs)
        try Golden.expect(
            frame(session, shows: false), equals: "120x40-\(stage.rawValue)-\(glyphs.rawValue)")
    }

    @Test("each panel fills the screen as recorded", arguments: Panel.allCases)
    func fullScreen(panel: Panel) throws {
        var session = Session(at: .swept)
        session.press(.character(Character("\(panel.rawValue)")), .character("f"))
        try Golden.expect(session.grid.goldenText, equals: "120x40-full-\(panel.rawValue)")
    }

    @Test("with ASCII glyphs every cell is ASCII", arguments: Session.Stage.allCases, [60, 80, 120])
    func ascii(stage: Session.Stage, width: Int) {
        let grid = Session(at: stage, width: width, glyphs: .ascii).grid
        #expect(
            grid.glyphRows.allSatisfy { $0.unicodeScalars.allSatisfy { (0x20...0x7E).contains($0.value) } })
        // A glyph without a counterpart would become a question mark.
        func marks(_ grid: CellGrid) -> Int { grid.glyphRows.joined().count { $0 == "?" } }
        #expect(marks(grid) == marks(Session(at: stage, width: width).grid))
    }

    @Test(
        "every style is readable in every theme at every depth",
        arguments: ThemeLibrary.builtIn.themes.map(\.name), ColorDepth.allCases)
    func themes(name: String, depth: ColorDepth) throws {
        let theme = try #require(ThemeLibrary.builtIn.theme(named: name))
        #expect(Self.styles.count > 10)
        for style in Self.styles {
            let resolved = theme.resolve(style, depth: depth)
            #expect(
                resolved.foreground != resolved.background || resolved.foreground == .terminalDefault,
                "\(style.name)")
        }
    }

    @Test(
        "what frames name is coloured as recorded in a dark theme and a light one",
        arguments: ["ink", "paper"])
    func colours(name: String) throws {
        let theme = try #require(ThemeLibrary.builtIn.theme(named: name))
        let lines = Self.styles.sorted { $0.name < $1.name }.map { style in
            let looks = [ColorDepth.trueColor, .indexed256, .sixteen, .monochrome].map { depth in
                let look = theme.resolve(style, depth: depth)
                let colours = "\(Self.text(look.foreground)) on \(Self.text(look.background))"
                return ([colours] + look.attributes.names).joined(separator: " ")
            }
            return "\(style.name): \(looks.joined(separator: ", "))\n"
        }
        try Golden.expect(lines.joined(), equals: "colours-\(name)")
    }

    private static func text(_ color: Color) -> String {
        switch color {
        case .terminalDefault: "default"
        case .ansi(let index): Color.ansiNames[Int(index)]
        case .indexed(let index): "\(index)"
        case .rgb(let red, let green, let blue): "\(red)/\(green)/\(blue)"
        }
    }

    /// Every style in which some situation draws a glyph.
    private static let styles: Set<Style> = {
        var styles: Set<Style> = []
        for stage in Session.Stage.allCases {
            let grid = Session(at: stage).grid
            for y in 0..<grid.height {
                // Pictures have their own colours.
                styles.formUnion(
                    grid.row(y).filter { $0.glyph != 0x20 && $0.style.picture == nil }.map(\.style))
            }
        }
        return styles
    }()

    @Test("a theme changes only colours")
    func themeIndependence() {
        var session = Session(at: .themes)
        session.press(.down, .enter)
        session.state.notice = nil
        #expect(session.grid == Session(at: .running).grid)
    }

    @Test(
        "every state is a word, not a colour alone",
        arguments: [
            (.preparing, "PREPARING"), (.running, "RUNNING"), (.waiting, "WAITING"), (.sweeping, "SWEEPING"),
            (.evaluating, "EVALUATING"), (.finished, "DONE"), (.stopped, "STOPPED"), (.failed, "FAILED"),
        ] as [(Session.Stage, String)], [59, 60, 80, 120])
    func words(state: (stage: Session.Stage, word: String), width: Int) {
        #expect(Session(at: state.stage, width: width).text.contains(state.word))
    }

    @Test("the start screen cuts nothing of the model and its preset", arguments: [60, 80, 120])
    func wholeCard(width: Int) {
        var session = Session(at: .start, width: width, height: width == 60 ? 16 : 24)
        session.press(.right, .left)
        let words = Set(session.text.split { $0 == " " || $0 == "│" || $0 == "\n" })
        let card = session.state.start.card
        let note = session.state.start.plan.preset.summary.prefix { $0 != "(" }
        for word in "\(card.architecture) labelled images \(note)".split(separator: " ") {
            #expect(words.contains(word), "\(word)")
        }
        #expect(session.text.contains("1 000"))
    }

    @Test("every empty panel explains what will appear in it", arguments: Panel.allCases)
    func emptyPanels(panel: Panel) throws {
        var session = Session(at: .start)
        session.press(.enter)
        session.press(.character(Character("\(panel.rawValue)")), .character("f"))
        let rows = session.grid.glyphRows.dropFirst(3).dropLast(2).joined()
        #expect(rows.contains(panel == .parameters ? "weight_bits" : "appear"), "\(rows)")
    }

    @Test(
        "a chart over units has their names on its axis, as many as fit",
        arguments: [(80, 24, false), (120, 40, true)])
    func unitNames(width: Int, height: Int, fitsAll: Bool) {
        let text = Session(at: .heldOut, width: width, height: height).text
        let axis = text.split(separator: "\n").first { $0.contains("╰stem") }
        #expect(axis?.contains("blocks.1─") == true)
        #expect(axis?.contains("blocks.2─") == fitsAll)
    }

    @Test("runs side by side are named in the legend in the order of the list")
    func legendOrder() throws {
        let lines = Session(at: .comparison).text.split(separator: "\n")
        let legend = lines.filter { $0.contains("━") }
        #expect(legend.count == 2)
        #expect(legend[0].contains("w4a4-mgrq-2") && legend[1].contains("w3a8-glf-1"))
    }

    @Test("on a large screen a result takes the rows that it needs, and the log gets the others")
    func heights() throws {
        let session = Session(at: .finished, width: 200, height: 60)
        let layout = Layout(session.state)
        #expect(try #require(layout.frame(of: .reconstruction)).height <= 20)
        #expect(try #require(layout.frame(of: .contributions)).height <= 16)
        #expect(try #require(layout.frame(of: .log)).height >= 20)
    }

    @Test("columns stay near one another on a wide screen")
    func columns() throws {
        var session = Session(at: .comparison, width: 200, height: 60)
        let names = try #require(session.text.split(separator: "\n").last { $0.contains("w3a8-glf-1") })
        #expect(!names.contains("w4a4-mgrq-2" + String(repeating: " ", count: 30)))
        session = Session(at: .waiting, width: 200, height: 60)
        session.press(.character("5"), .character("f"))
        let row = try #require(session.text.split(separator: "\n").first { $0.contains("images per step") })
        let beforeLast = try #require(row.split(separator: "time per step").first)
        #expect(!beforeLast.contains(String(repeating: " ", count: 40)))
    }

    @Test("NaN and infinities leave gaps in a chart")
    func gaps() {
        var session = Session(at: .running)
        for (step, value) in [Double.nan, .infinity, -.infinity, -1, 0].enumerated() {
            session.tell([
                .stepped(
                    StepSample(
                        unit: 3, attempt: 1, step: 300 + 10 * step, steps: 600, loss: value,
                        terms: Terms(block: value), weighted: Terms(block: value, global: value),
                        gradientNorms: Terms(local: value)))
            ])
        }
        session.state.chart.smoothing = 0
        session.press(.character("v"))
        #expect(session.text.contains("log-y not possible"))
    }
}
