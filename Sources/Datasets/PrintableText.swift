/// Text from outside without characters that a terminal would obey.
func printable(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: result.append("\u{FFFD}")
        default: result.append(scalar)
        }
    }
    return String(result)
}

/// Some names for a sentence: the first few in quotation marks, and how many more there are.
func listed(_ names: some Collection<String>, limit: Int = 4) -> String {
    let shown = names.prefix(limit).map { "“\(printable($0))”" }.joined(separator: ", ")
    return names.count > limit ? "\(shown) and \(names.count - limit) more" : shown
}
