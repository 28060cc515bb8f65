internal import Runs
package import TerminalUI

/// What the export dialog can write.
package enum ExportKind: String, CaseIterable, Hashable, Sendable {
    /// The quantized model.
    case packed
    /// The plan with every decision.
    case recipe
    /// What every step measured.
    case curves
    /// The screen.
    case picture

    /// The format of what the engine writes; nil for what it does not.
    var format: ExportFormat? {
        switch self {
        case .packed: .packed
        case .recipe: .recipe
        case .curves, .picture: nil
        }
    }

    /// How the file's name would have to end, since that says in which of several formats; nil where it is right.
    func endingsInstead(of path: String) -> String? {
        switch self {
        case .packed, .recipe: nil
        case .curves: CurvesFormat(path: path) == nil ? CurvesFormat.endings : nil
        case .picture: PictureFormat(path: path) == nil ? PictureFormat.endings : nil
        }
    }
}

/// The export dialog.
package struct ExportDialog: Equatable, Sendable {
    /// Where it is.
    package enum Stage: Equatable, Sendable {
        /// The path is edited.
        case editing
        /// It is found out whether the path can be written.
        case checking
        /// There is a file at the path.
        case overwriting
        /// The file is written.
        case writing
        /// It was written: so many bytes, and what is known of them.
        case done(bytes: Int, summary: String)
    }

    /// What is written.
    package var kind: ExportKind
    /// The path of each kind.
    package var paths: [ExportKind: EditLine]
    /// Where the dialog is.
    package var stage = Stage.editing
    /// Why the last try failed.
    package var problem: String?
    /// How the path could go on.
    package var suggestions: [String] = []

    /// The path of what is written.
    package var line: EditLine {
        get { paths[kind] ?? EditLine() }
        set { paths[kind] = newValue }
    }

    /// The path as text.
    var path: String { line.text }

    /// Chooses what stands so many lines further down, from the last the first again.
    mutating func turn(by offset: Int) {
        let kinds = ExportKind.allCases
        let index = (kinds.firstIndex(of: kind) ?? 0) + offset
        kind = kinds[(index + kinds.count) % kinds.count]
        (problem, suggestions) = (nil, [])
    }
}
