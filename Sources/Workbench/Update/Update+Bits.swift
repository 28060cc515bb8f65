internal import Runs
internal import TerminalUI
internal import Vocabulary

extension WorkbenchState {
    /// The entries of `bits PATTERN WIDTH`: names to begin with, then the command with what it reaches.
    func bitsEntries(_ words: [String], isNext: Bool) -> [PaletteEntry] {
        guard words.count >= 3 || (words.count == 2 && isNext) else {
            return siteNames.map {
                PaletteEntry(
                    command: "bits \($0)", text: "", keys: "", obstacle: nil, isIncomplete: true)
            }
                + (words.count == 2 && (words[1].contains("*") || siteNames.isEmpty)
                    ? [bitsEntry(words[1], "")] : [])
        }
        return [bitsEntry(words[1], words.dropFirst(2).joined(separator: " "))]
    }

    private func bitsEntry(_ pattern: String, _ width: String) -> PaletteEntry {
        let reached = siteNames.count { matches(pattern: pattern, name: $0) }
        let place = draftUnit.flatMap { run?.units[$0].name } ?? "the coming units"
        let sites = run == nil ? "sites" : "\(reached) \(reached == 1 ? "site" : "sites") of \(place)"
        var obstacle = width.isEmpty ? nil : obstacleToBits(pattern, width)
        if obstacle == nil, run != nil, reached == 0 {
            obstacle = "no site of \(place) is called “\(pattern)”; * stands for anything"
        }
        return PaletteEntry(
            command: "bits \(pattern)" + (width.isEmpty ? "" : " \(width)"),
            text: "\(sites) that match; accepts 2 through 8, or 16",
            keys: "", obstacle: obstacle, isIncomplete: width.isEmpty)
    }

    /// The sites that an override can still reach; unknown before a run.
    private var siteNames: [String] {
        guard let run else { return [] }
        let units =
            draftUnit.map { $0..<$0 + 1 } ?? min(run.firstComingUnit, run.units.count)..<run.units.count
        return run.units[units].flatMap(\.siteNames)
    }

    private func obstacleToBits(_ pattern: String, _ width: String) -> String? {
        guard let bits = Int(width), Hyperparameters.bitWidths.contains(bits) else {
            return "bits cannot be “\(width)”; they are 2 through 8, or 16"
        }
        return run == nil ? nil : obstacleToDrafting
    }

    /// Gives the sites that a pattern names other bits: in the plan before a run, in the coming units at a gate.
    mutating func setBits(of pattern: String, to width: String) -> [WorkbenchEffect] {
        if let obstacle = obstacleToBits(pattern, width) { return say(obstacle, .error) }
        let override = SiteOverride(match: pattern, bits: Int(width) ?? 0)
        guard run != nil else {
            start.plan.sites.append(override)
            return say("\(pattern) = \(width) bits; the last match wins", .success)
        }
        return [.send(.change(unit: draftUnit, [], sites: [override]))]
    }
}
