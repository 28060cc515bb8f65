internal import Safetensors

/// Some names for a sentence: the first few in quotation marks, and how many more there are.
func listed(_ names: some Collection<String>, limit: Int = 4) -> String {
    let shown = names.prefix(limit).map { "“\(printable($0))”" }.joined(separator: ", ")
    return names.count > limit ? "\(shown) and \(names.count - limit) more" : shown
}
