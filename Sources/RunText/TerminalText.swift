internal import Runs

/// A line as it may be shown on a terminal: what one would act on, a line end included, is written as an escape.
///
/// Names of files and tensors, labels and flags can hold anything.
///
/// - Parameter line: Without its line end. Tabs stay.
/// - Returns: The line.
package func terminalText(_ line: String) -> String {
    guard line.unicodeScalars.contains(where: \.isControl) else { return line }
    return line.unicodeScalars.reduce(into: "") { text, scalar in
        if scalar.isControl, scalar != "\t" {
            text += scalar.escape
        } else {
            text.unicodeScalars.append(scalar)
        }
    }
}
