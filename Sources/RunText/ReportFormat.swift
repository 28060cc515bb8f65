/// What a run did and measured, as files.
///
/// The command line and the workbench list these; `Reports` writes them.
package enum ReportFormat: String, CaseIterable, Sendable {
    /// One page of HTML with charts, which needs nothing else.
    case html
    /// Every measurement as JSON.
    case json
    /// Every measurement as one long table.
    case csv
    /// Every measurement as a log for TensorBoard: a folder.
    case tensorboard

    /// The content in a few words.
    package var summary: String {
        switch self {
        case .html: "a page with every chart, to read and to send round"
        case .json: "every measurement, as a list for each quantity"
        case .csv: "every measurement, as one long table"
        case .tensorboard: "every measurement, as a folder for TensorBoard"
        }
    }

    /// The extension of file names, without a dot; nil for a folder.
    package var fileExtension: String? {
        switch self {
        case .html: "html"
        case .json: "json"
        case .csv: "csv"
        case .tensorboard: nil
        }
    }
}
