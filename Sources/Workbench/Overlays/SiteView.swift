internal import RunText
internal import Runs
internal import TerminalUI
internal import Vocabulary

/// A site that is inspected: its values and its quantizer.
struct SiteView: Overlay {
    let unit: Int
    /// The index of the site within the unit.
    let site: Int
    var request: SiteRequest
    /// The answer to the request or to the previous one; nil before the first.
    var inspection: SiteInspection?
    /// Other bits that the site could have.
    var bits: Int?

    /// Whether the answer is still to come.
    private var isWaiting: Bool { inspection?.request != request }

    /// The chosen bits, if they are not those that the site has.
    private var otherBits: Int? { bits == inspection?.bits ? nil : bits }

    static let keys: [KeyBinding] = [
        KeyBinding(
            .headBefore, [.pageUp], [.site], "the previous head of an attention map", .move(.pageUp)),
        KeyBinding(
            .headAfter, [.pageDown], [.site], "the next head of an attention map", hint: "head", rank: 5,
            .move(.pageDown)),
        KeyBinding(
            .nextImage, [.tab], [.site], "the next image of an attention map", hint: "image", rank: 6,
            .on(Self.self, unless: { view, _ in view.obstacleToAttention }) { view, state in
                let count = max(1, state.run?.summary?.calibrationImages ?? 1)
                view.request.image = (view.request.image + 1) % count
                return [.send(.inspectSite(view.request))]
            }),
        KeyBinding(
            .moreBits, ["+"], [.site], "more bits for the site", hint: "bits", rank: 7,
            .on(Self.self, unless: { view, _ in view.obstacleToBits(Hyperparameters.bitWidths.last) }) {
                view, _ in view.changeBits(.down)
            }),
        KeyBinding(
            .fewerBits, ["-"], [.site], "fewer bits for the site",
            .on(Self.self, unless: { view, _ in view.obstacleToBits(Hyperparameters.bitWidths.first) }) {
                view, _ in view.changeBits(.up)
            }),
        KeyBinding(
            .applyBits, [.enter], [.site], "give the site the chosen bits", hint: "apply bits", rank: 1,
            liveHint: {
                ($0.overlay as? Self)?.otherBits.map { "give it \($0) bits" } ?? "apply bits"
            },
            .on(
                Self.self,
                unless: { view, state in
                    view.otherBits != nil
                        ? nil : "\(state.key(.moreBits)) and \(state.key(.fewerBits)) choose other bits first"
                }
            ) { view, state in view.applyBits(in: &state) }),
    ]

    var context: KeyContext { .site }

    private var obstacleToAttention: String? {
        inspection?.attention == nil ? "this site is not an attention map" : nil
    }

    private func obstacleToBits(_ limit: Int?) -> String? {
        guard let inspection else { return "the site is still being inspected" }
        return (bits ?? inspection.bits) == limit ? "there are no other bits in this direction" : nil
    }

    func obstacle(to move: Move, in state: WorkbenchState) -> String? {
        switch move {
        case .left: return site == 0 ? "this is the first site" : nil
        case .right:
            let count = state.run?.units[unit].siteNames.count ?? 0
            return site + 1 >= count ? "this is the last site" : nil
        case .up, .first: return request.group == nil ? "all groups are shown" : nil
        case .down, .last:
            let (next, count) = ((request.group ?? -1) + 1, inspection?.groupCount ?? 1)
            return count <= 1 || next >= count ? "there is no further group" : nil
        case .pageUp, .pageDown:
            let head = request.head + (move.isBackward ? -1 : 1)
            return obstacleToAttention
                ?? ((0..<(inspection?.attention?.heads ?? 1)).contains(head)
                    ? nil : "there is no further head")
        }
    }

    mutating func move(_ move: Move, in state: inout WorkbenchState) -> [WorkbenchEffect] {
        switch move {
        case .left, .right:
            guard let names = state.run?.units[unit].siteNames else { return [] }
            let next = move.target(from: site, count: names.count)
            self = SiteView(
                unit: unit, site: next, request: SiteRequest(site: names[next]), inspection: inspection)
        case .up, .first: request.group = request.group.flatMap { $0 > 0 ? $0 - 1 : nil }
        case .down, .last: request.group = request.group.map { $0 + 1 } ?? 0
        case .pageUp, .pageDown: request.head += move.isBackward ? -1 : 1
        }
        return [.send(.inspectSite(request))]
    }

    private mutating func changeBits(_ move: Move) -> [WorkbenchEffect] {
        let widths = Hyperparameters.bitWidths
        let index = (bits ?? inspection?.bits).flatMap(widths.firstIndex) ?? 0
        bits = widths[move.target(from: index, count: widths.count)]
        return []
    }

    /// Gives the site other bits: by a change if its unit is still to come, by another attempt if it is quantized.
    private func applyBits(in state: inout WorkbenchState) -> [WorkbenchEffect] {
        guard let run = state.run, let otherBits else { return [] }
        let sites = [SiteOverride(match: request.site, bits: otherBits)]
        state.overlay = nil
        if unit < run.ledger?.unitsDone ?? 0 {
            return [.send(.redo(unit: unit, changes: [], sites: sites))]
        }
        return [.send(.change(unit: unit, [], sites: sites))]
    }

    // MARK: - Drawing

    func draw(on canvas: inout Canvas) {
        guard let run = canvas.state.run, run.units.indices.contains(unit) else { return }
        let area = canvas.grid.drawBox(
            canvas.layout.body, title: "Site  \(request.site)",
            trailing: "\(site + 1)/\(run.units[unit].siteNames.count)", focused: true, glyphs: canvas.glyphs
        ).inset(columns: 1, rows: 0)
        drawKeys(in: area.row(area.height - 1), on: &canvas)
        let body = Rect(x: area.x, y: area.y, width: area.width, height: area.height - 2)
        guard let inspection else { return canvas.explain("The site is being inspected.", in: body) }
        canvas.write(pieces(inspection, canvas), in: body.row(0), gap: 3)
        let below = body.droppingRows(2)
        if let attention = inspection.attention {
            let parts = below.columns([.share(1), .share(1.4)])
            inspection.drawHistogram(in: parts[0], on: &canvas)
            attention.draw(request, in: parts[1].dropping(2), on: &canvas)
        } else {
            let parts = below.rows([.share(1), .fixed(below.height >= 12 ? 5 : 0)])
            inspection.drawHistogram(in: parts[0], on: &canvas)
            inspection.drawChannels(request, in: parts[1], on: &canvas)
        }
    }

    private func drawKeys(in row: Rect, on canvas: inout Canvas) {
        var keys: [Action] = otherBits == nil ? [] : [.applyBits]
        keys += [.before, .next]
        if inspection?.groupCount ?? 1 > 1 { keys.append(.below) }
        if inspection?.attention != nil { keys += [.headAfter, .nextImage] }
        canvas.writeKeys(keys + [.moreBits, .closeView], in: row)
    }

    private func pieces(_ inspection: SiteInspection, _ canvas: Canvas) -> [LinePiece] {
        let bits =
            inspection.bits == 16 ? "full precision" : "\(inspection.bits) bits, \(inspection.quantizer)"
        let sqnr = inspection.sqnrDb.map { QuantityText.fixed($0, decimals: 1) + " dB" } ?? "–"
        let clipped = QuantityText.fixed(inspection.clippedShare * 100, decimals: 2)
        let group = request.group.map { "group \($0 + 1)/\(inspection.groupCount)" } ?? ""
        return [
            LinePiece(bits, Style.text.bold, rank: 0),
            LinePiece(
                otherBits.map { "\(canvas.arrow) \($0) bits" } ?? "", Style(.warn).bold, rank: 0),
            LinePiece("SQNR \(sqnr)\(inspection.isWeight ? " to the checkpoint" : "")", rank: 1),
            LinePiece("clipped \(clipped) %", rank: 2),
            LinePiece(inspection.attempt.map { "attempt \($0)" } ?? "as calibrated", .muted, rank: 4),
            LinePiece(group, .muted, rank: 3),
            LinePiece(isWaiting ? "being inspected" : "", Style(.running), rank: 0),
        ]
    }
}

extension WorkbenchState {
    /// Inspects the first site of the unit shown.
    mutating func openSite() -> [WorkbenchEffect] {
        guard let unit = shownUnit, let name = run?.units[unit].siteNames.first else { return [] }
        let request = SiteRequest(site: name)
        overlay = SiteView(unit: unit, site: 0, request: request)
        return [.send(.inspectSite(request))]
    }
}
