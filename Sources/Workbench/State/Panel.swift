/// A part of the run screen that can have the focus.
package enum Panel: Int, CaseIterable, Sendable {
    /// The units and what became of them.
    case units = 1
    /// The block loss over the steps.
    case reconstruction
    /// The share of each supervision term.
    case contributions
    /// Size against accuracy for many bit-widths.
    case sweep
    /// The hyperparameters.
    case parameters
    /// What happened.
    case log

    /// The name in titles and in help.
    package var name: String {
        switch self {
        case .units: "Units"
        case .reconstruction: "Reconstruction"
        case .contributions: "Contributions"
        case .sweep: "Sweep"
        case .parameters: "Parameters"
        case .log: "Log"
        }
    }

    /// The name where there is little room.
    var shortName: String {
        switch self {
        case .units: "Units"
        case .reconstruction: "Recon"
        case .contributions: "Contrib"
        case .sweep: "Sweep"
        case .parameters: "Params"
        case .log: "Log"
        }
    }

    /// The panel after this one, first after last.
    var next: Panel { Panel(rawValue: rawValue % Panel.allCases.count + 1) ?? .units }

    /// The panel before this one, last before first.
    var previous: Panel { Panel(rawValue: rawValue > 1 ? rawValue - 1 : Panel.allCases.count) ?? .units }
}
