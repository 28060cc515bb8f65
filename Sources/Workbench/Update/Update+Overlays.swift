internal import Runs
internal import TerminalUI

extension WorkbenchState {
    mutating func performInOverlay(_ action: Action) -> [WorkbenchEffect] {
        switch overlay {
        case .quit:
            if action == .confirm { return stopAndQuit() }
            overlay = nil
        case .help(let help): moveHelp(help, action)
        case .themes(let picker): pickTheme(picker, action)
        case .export(let dialog): return performInExport(dialog, action)
        case .palette(let palette): return performInPalette(palette, action)
        case .open(let dialog): return performInOpen(dialog, action)
        case .redo(let dialog): return performInRedo(dialog, action)
        case .attempts(let view): return performInAttempts(view, action)
        case .rollBack(let unit):
            overlay = nil
            return action == .confirm ? [.send(.rollBack(unit: unit))] : []
        case .site(let view): return performInSite(view, action)
        case .images(let view): return performInImages(view, action)
        case nil: break
        }
        return []
    }

    private mutating func moveHelp(_ help: HelpOverlay, _ action: Action) {
        var help = help
        let overlay = Layout(self).overlay
        let page = max(1, overlay.height - 4)
        let rows = HelpText.rows(
            of: settings.keys, matching: help.filter.text, width: overlay.width - 4)
        let last = max(0, rows.count - page)
        switch action {
        case .cancel where !help.filter.isEmpty: help = HelpOverlay()
        case .cancel:
            self.overlay = nil
            return
        case .up: help.offset -= 1
        case .down: help.offset += 1
        case .pageUp: help.offset -= page
        case .pageDown: help.offset += page
        default: break
        }
        help.offset = min(max(help.offset, 0), last)
        self.overlay = .help(help)
    }

    private mutating func pickTheme(_ picker: ThemePicker, _ action: Action) {
        let index = themeNames.firstIndex(of: theme) ?? 0
        func name(_ index: Int) -> String {
            themeNames.isEmpty ? theme : themeNames[min(max(index, 0), themeNames.count - 1)]
        }
        switch action {
        case .up: theme = name(index - 1)
        case .down: theme = name(index + 1)
        case .first: theme = name(0)
        case .last: theme = name(themeNames.count - 1)
        case .cancel:
            theme = picker.previous
            overlay = nil
        case .confirm:
            overlay = nil
            memory.theme = theme
        default: break
        }
    }
}
