package import TerminalUI

/// What is to be opened: a checkpoint with images, a plan, or a run.
package struct OpenRequest: Equatable, Sendable {
    /// The checkpoint, or a plan's file, or a run's folder.
    package var model: String
    /// The calibration images; empty for those of the model or the plan.
    package var calibration = ""
    /// The evaluation images; empty for those of the model or the plan.
    package var evaluation = ""
}

/// The dialog that asks for what to open.
package struct OpenDialog: Equatable, Sendable {
    /// What can be typed.
    package enum Field: Int, CaseIterable, Sendable {
        /// The checkpoint, a plan or a run.
        case model
        /// The calibration images.
        case calibration
        /// The evaluation images.
        case evaluation

        /// The name on the screen.
        var name: String {
            switch self {
            case .model: "model"
            case .calibration: "calibration"
            case .evaluation: "evaluation"
            }
        }
    }

    /// The fields in which something was typed or completed; in others, what is typed replaces what is offered.
    var touched: Set<Field> = []
    /// The texts by field.
    package internal(set) var lines: [EditLine]
    /// The selected field.
    package internal(set) var field = Field.model
    /// How the text of the selected field could go on.
    package internal(set) var suggestions: [String] = []
    /// Whether it is being found out what is there.
    package internal(set) var isOpening = false
    /// Why the last try failed.
    package internal(set) var problem: String?

    init(_ request: OpenRequest) {
        lines = [request.model, request.calibration, request.evaluation].map { EditLine($0) }
    }

    /// The text of the selected field.
    package var line: EditLine {
        get { lines[field.rawValue] }
        set { lines[field.rawValue] = newValue }
    }

    /// What is asked for.
    var request: OpenRequest {
        OpenRequest(model: lines[0].text, calibration: lines[1].text, evaluation: lines[2].text)
    }
}
