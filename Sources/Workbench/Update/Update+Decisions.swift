internal import Runs
internal import TerminalUI
internal import Vocabulary

extension WorkbenchState {
    /// What can be decided at a gate about units that are quantized.
    mutating func decide(_ action: Action) -> [WorkbenchEffect] {
        guard let unit = shownUnit, let run else { return [] }
        switch action {
        case .redo: overlay = .redo(RedoDialog(unit: unit, usesDraft: !editor.draft.isEmpty))
        case .redoStale: return [.send(.redoStale)]
        case .attempts: overlay = .attempts(AttemptsView(unit: unit, attempt: run.units[unit].attempt))
        case .rollBack: overlay = .rollBack(unit: unit)
        case .undoDecision: return [.send(.undo)]
        case .evaluate:
            notify("the model is evaluated as it is now")
            return [.send(.evaluate)]
        case .cancelAttempt:
            notify("the attempt is given up")
            return [.send(.cancelAttempt)]
        case .inspectSite: return lookAtSite(of: unit, site: 0)
        case .images:
            let images: RunImages = (run.summary?.evaluationImages ?? 0) > 0 ? .evaluation : .calibration
            return lookAt(ImageRequest(images: images, count: imagesPerPage))
        case .scope: changeScope()
        case .heldOut:
            let hasLabels = run.heldOut?.fullPrecision.top1 != nil
            heldOutMeasure =
                switch heldOutMeasure {
                case nil: hasLabels ? .top1 : .kl
                case .top1: .kl
                case .kl: nil
                }
        default: break
        }
        return []
    }

    private mutating func changeScope() {
        guard let run else { return }
        if draftUnit != nil {
            editor.unit = nil
        } else {
            editor.unit = max(run.firstComingUnit, min(shownUnit ?? 0, run.units.count - 1))
        }
        notify(
            draftUnit.map { "changes are for \(run.units[$0].name) alone" }
                ?? "changes are for all coming units")
    }

    /// Why a decision cannot be taken now.
    func obstacleToDeciding(_ action: Action) -> String? {
        guard let run else { return "no run is in work" }
        guard let unit = shownUnit else { return "the units are not known yet" }
        if action == .attempts {
            let attempts = run.ledger?.attempts[unit] ?? []
            return attempts.isEmpty ? "\(run.units[unit].name) has no attempt that has ended" : nil
        }
        if action == .heldOut {
            return run.heldOut == nil ? "no held-out images have been measured" : nil
        }
        if run.hasEnded { return "the run has ended; \(key(.newRun)) goes to the start screen" }
        if run.isSweeping { return "a sweep is in work: \(key(.sweep)) stops it" }
        guard let gate = run.gate else {
            return "this is done at a gate: \(key(.pause)) waits at the next one"
        }
        let done = run.ledger?.unitsDone ?? 0
        switch action {
        case .redo, .rollBack:
            return unit < done ? nil : "\(run.units[unit].name) is not quantized yet; select one that is"
        case .redoStale: return run.units.contains(where: \.isStale) ? nil : "no unit is stale"
        case .undoDecision: return run.ledger?.undoable == nil ? "there is no decision to take back" : nil
        case .evaluate: return run.summary?.evaluationImages == 0 ? "there are no evaluation images" : nil
        case .inspectSite: return run.units[unit].siteNames.isEmpty ? "the unit has no site" : nil
        case .scope: return gate < run.units.count ? nil : "no unit is left that could have other parameters"
        default: return nil
        }
    }

    /// Whether the footer shows an action: there is no obstacle, and it changes something.
    func isAvailable(_ action: Action) -> Bool {
        switch overlay {
        case nil: obstacle(to: action) == nil
        case .redo: action != .switchFormat || !editor.draft.isEmpty
        case .attempts(let view): isAvailable(action, in: view)
        case .site(let view): isAvailable(action, in: view)
        case .images(let view): isAvailable(action, in: view)
        default: true
        }
    }

    private func isAvailable(_ action: Action, in view: AttemptsView) -> Bool {
        let attempts = run?.ledger?.attempts ?? []
        let numbers = attempts.indices.contains(view.unit) ? attempts[view.unit].map(\.attempt) : []
        switch action {
        case .confirm: return obstacleToChoosing(view) == nil
        case .left: return view.attempt != numbers.first
        case .right: return view.attempt != numbers.last
        case .down: return attempts.indices.contains(view.unit + 1) && !attempts[view.unit + 1].isEmpty
        default: return true
        }
    }

    private func isAvailable(_ action: Action, in view: SiteView) -> Bool {
        let count = run?.units[view.unit].siteNames.count ?? 0
        switch action {
        case .confirm: return view.bits.map { $0 != view.inspection?.bits } ?? false
        case .left: return view.site > 0
        case .right: return view.site + 1 < count
        case .down: return (view.request.group ?? -1) + 1 < view.inspection?.groupCount ?? 1
        case .pageDown: return view.request.head + 1 < view.inspection?.attention?.heads ?? 1
        case .switchFormat: return view.inspection?.attention != nil
        case .zoomIn:
            return view.inspection != nil
                && (view.bits ?? view.inspection?.bits) != Hyperparameters.bitWidths.last
        default: return true
        }
    }

    private func isAvailable(_ action: Action, in view: ImagesView) -> Bool {
        switch action {
        case .left: return view.request.offset > 0
        case .right: return view.page.map { view.request.offset + view.request.count < $0.total } ?? false
        case .switchFormat: return run?.summary?.evaluationImages ?? 0 > 0
        default: return true
        }
    }

    // MARK: - Dialogs

    mutating func performInRedo(_ dialog: RedoDialog, _ action: Action) -> [WorkbenchEffect] {
        switch action {
        case .switchFormat where !editor.draft.isEmpty:
            overlay = .redo(RedoDialog(unit: dialog.unit, usesDraft: !dialog.usesDraft))
            return []
        case .confirm:
            overlay = nil
            return [.send(.redo(unit: dialog.unit, changes: redoChanges(dialog)))]
        case .cancel: overlay = nil
        default: break
        }
        return []
    }

    /// What another attempt would have other than the chosen one.
    func redoChanges(_ dialog: RedoDialog) -> [HyperparameterChange] {
        guard dialog.usesDraft, let run, run.units.indices.contains(dialog.unit) else { return [] }
        let used = run.units[dialog.unit].hyperparameters
        return used.changes(to: editor.applied(to: used))
    }

    mutating func performInAttempts(_ view: AttemptsView, _ action: Action) -> [WorkbenchEffect] {
        guard let run, let ledger = run.ledger else { return [] }
        let attempts = ledger.attempts[view.unit].map(\.attempt)
        let index = attempts.firstIndex(of: view.attempt) ?? 0
        var view = view
        switch action {
        case .left: view.attempt = attempts[max(0, index - 1)]
        case .right: view.attempt = attempts[min(attempts.count - 1, index + 1)]
        case .up, .down:
            let next = view.unit + (action == .up ? -1 : 1)
            guard ledger.attempts.indices.contains(next), !ledger.attempts[next].isEmpty else { return [] }
            view = AttemptsView(unit: next, attempt: run.units[next].attempt)
            choose(unit: next)
        case .confirm:
            if let obstacle = obstacleToChoosing(view) { return say(obstacle, .warning) }
            overlay = nil
            return [.send(.choose(unit: view.unit, attempt: view.attempt))]
        case .cancel:
            overlay = nil
            return []
        default: break
        }
        overlay = .attempts(view)
        return []
    }

    /// Why the selected attempt cannot be chosen.
    func obstacleToChoosing(_ view: AttemptsView) -> String? {
        guard let run, let ledger = run.ledger else { return "no run is in work" }
        if run.hasEnded { return "the run has ended: its attempts are as they are" }
        guard run.gate != nil, !run.isSweeping else {
            return "an attempt is chosen at a gate: \(key(.pause)) waits at the next one"
        }
        if view.unit > ledger.unitsDone { return "units before this one are not quantized" }
        return ledger.chosenAttempt(of: view.unit)?.attempt == view.attempt
            ? "this attempt is the chosen one" : nil
    }

    // MARK: - Looking

    mutating func lookAtSite(of unit: Int, site: Int) -> [WorkbenchEffect] {
        guard let run, run.units[unit].siteNames.indices.contains(site) else { return [] }
        let request = SiteRequest(site: run.units[unit].siteNames[site])
        var view = SiteView(unit: unit, site: site, request: request)
        if case .site(let old) = overlay { view.inspection = old.inspection }
        overlay = .site(view)
        return [.send(.inspectSite(request))]
    }

    mutating func performInSite(_ view: SiteView, _ action: Action) -> [WorkbenchEffect] {
        var view = view
        let groups = view.inspection?.groupCount ?? 1
        let heads = view.inspection?.attention?.heads ?? 1
        switch action {
        case .left, .right: return lookAtSite(of: view.unit, site: view.site + (action == .left ? -1 : 1))
        case .up:
            guard let group = view.request.group else { return [] }
            view.request.group = group > 0 ? group - 1 : nil
        case .down:
            let next = view.request.group.map { $0 + 1 } ?? 0
            guard groups > 1, next < groups else { return [] }
            view.request.group = next
        case .pageUp, .pageDown:
            let head = view.request.head + (action == .pageUp ? -1 : 1)
            guard view.inspection?.attention != nil, (0..<heads).contains(head) else { return [] }
            view.request.head = head
        case .switchFormat:
            guard view.inspection?.attention != nil else { return [] }
            let count = max(1, run?.summary?.calibrationImages ?? 1)
            view.request.image = (view.request.image + 1) % count
        case .zoomIn, .zoomOut: return chooseBits(view, by: action == .zoomIn ? 1 : -1)
        case .confirm: return applyBits(view)
        case .cancel:
            overlay = nil
            return []
        default: return []
        }
        overlay = .site(view)
        return [.send(.inspectSite(view.request))]
    }

    private mutating func chooseBits(_ view: SiteView, by offset: Int) -> [WorkbenchEffect] {
        var view = view
        guard let bits = view.bits ?? view.inspection?.bits else { return [] }
        let widths = Hyperparameters.bitWidths
        let index = (widths.firstIndex(of: bits) ?? 0) + offset
        view.bits = widths[min(max(index, 0), widths.count - 1)]
        overlay = .site(view)
        return []
    }

    /// Gives a site other bits: by a change where its unit is to come, by another attempt where it is quantized.
    private mutating func applyBits(_ view: SiteView) -> [WorkbenchEffect] {
        guard let run, let bits = view.bits, bits != view.inspection?.bits else {
            return say("\(key(.zoomIn)) and \(key(.zoomOut)) choose other bits first", .warning)
        }
        let sites = [SiteOverride(match: view.request.site, bits: bits)]
        overlay = nil
        if view.unit < run.ledger?.unitsDone ?? 0 {
            return [.send(.redo(unit: view.unit, changes: [], sites: sites))]
        }
        return [.send(.change(unit: view.unit, [], sites: sites))]
    }

    /// How many images a page has.
    var imagesPerPage: Int { ImagesGrid(Layout(self).imagesArea).count }

    mutating func lookAt(_ request: ImageRequest) -> [WorkbenchEffect] {
        var view = ImagesView(request: request)
        if case .images(let old) = overlay { view.page = old.page }
        overlay = .images(view)
        return [.send(.inspectImages(request))]
    }

    mutating func performInImages(_ view: ImagesView, _ action: Action) -> [WorkbenchEffect] {
        var request = view.request
        request.count = imagesPerPage
        switch action {
        case .left:
            guard request.offset > 0 else { return [] }
            request.offset = max(0, request.offset - request.count)
        case .right:
            guard let page = view.page, request.offset + view.request.count < page.total else { return [] }
            request.offset += view.request.count
        case .switchFormat:
            guard (run?.summary?.evaluationImages ?? 0) > 0 else {
                return say("there are no evaluation images", .warning)
            }
            request.images = request.images == .evaluation ? .calibration : .evaluation
            request.offset = 0
        case .cancel:
            overlay = nil
            return []
        default: return []
        }
        return lookAt(request)
    }

    /// Takes an answer to someone who looked.
    mutating func take(lookedAt event: RunEvent) {
        switch (event, overlay) {
        case (.siteInspected(let inspection), .site(var view)) where inspection.request == view.request:
            view.inspection = inspection
            overlay = .site(view)
        case (.imagesInspected(let page), .images(var view)) where page.request == view.request:
            view.page = page
            overlay = .images(view)
        default: break
        }
    }
}
