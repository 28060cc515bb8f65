package import TerminalUI

/// All themes that can be chosen: the built-in ones and those that the user added.
package struct ThemeLibrary: Hashable, Sendable {
    /// The themes: built-in ones first, then the user's in the order they were added.
    package private(set) var themes: [Theme] = []
    private var documents: [String: ThemeDocument] = [:]
    private var texts: [String: String] = [:]

    /// The files of themes/: the default of dark terminals, that of light ones, then the others by name.
    private static let files = [
        PackageResources.ink_yaml, PackageResources.paper_yaml, PackageResources.blue_orange_yaml,
        PackageResources.contrast_dark_yaml, PackageResources.contrast_light_yaml,
        PackageResources.ember_yaml,
        PackageResources.mono_yaml, PackageResources.terminal_yaml,
    ]

    /// The themes built into the program.
    package static let builtIn: ThemeLibrary = {
        var library = ThemeLibrary()
        for file in files {
            do throws(SettingsProblem) {
                _ = try library.add(String(decoding: file, as: UTF8.self), file: "themes/")
            } catch {
                // The tests load the same files.
                preconditionFailure("a built-in theme is broken: \(error)")
            }
        }
        return library
    }()

    /// The theme for unknown terminals.
    package static var defaultTheme: Theme { builtIn.themes[0] }

    private init() {}

    /// The theme of this name.
    package func theme(named name: String) -> Theme? {
        themes.first { $0.name == name }
    }

    /// The file of the theme of this name.
    package func text(of name: String) -> String? { texts[name] }

    /// Adds a theme file; one of the same name is replaced.
    ///
    /// - Parameters:
    ///   - text: The whole file.
    ///   - file: Its name, for messages.
    /// - Returns: The name of the theme.
    /// - Throws: Why the file cannot be used; the library is unchanged.
    package mutating func add(_ text: String, file: String) throws(SettingsProblem) -> String {
        let document = try ThemeDocument(yaml: text, file: file)
        let theme = try joined(document, file: file).resolved()
        documents[document.name] = document
        texts[document.name] = text
        if let index = themes.firstIndex(where: { $0.name == theme.name }) {
            themes[index] = theme
        } else {
            themes.append(theme)
        }
        return document.name
    }

    /// The document with everything it inherits.
    private func joined(_ document: ThemeDocument, file: String) throws(SettingsProblem) -> ThemeDocument {
        var result = document
        var seen: Set = [document.name]
        var next = document.parent
        while let name = next {
            guard seen.insert(name).inserted else {
                throw SettingsProblem(
                    file: file, line: nil, message: "the theme inherits from itself through “\(name)”")
            }
            guard let parent = documents[name] else {
                let known = themes.map(\.name).joined(separator: ", ")
                throw SettingsProblem(
                    file: file, line: nil,
                    message: "there is no theme “\(name)” to inherit from; there is \(known)")
            }
            result = result.inheriting(parent)
            next = parent.parent
        }
        let base = themes.first { $0.variant == document.variant }.flatMap { documents[$0.name] }
        return base.map { result.inheriting($0) } ?? result
    }
}
