internal import Files
internal import Foundation
internal import Runs
internal import TerminalUI
internal import Workbench

/// Settings, themes and the workbench's memory, in the folders of the XDG base directory specification.
struct ScreenFiles {
    /// The contents of the files.
    struct Contents {
        /// The settings, flags included.
        var settings: WorkbenchSettings
        /// The themes.
        var themes: ThemeLibrary
        /// Problems in files that were skipped, a sentence each.
        var problems: [String]
    }

    private let options: ScreenOptions
    private let environment = ProcessInfo.processInfo.environment

    init(options: ScreenOptions) {
        self.options = options
    }

    /// The settings file.
    var configPath: String? {
        options.config ?? folder("XDG_CONFIG_HOME", ".config").map { "\($0)/mgrq/config.yaml" }
    }
    /// The file of the memory.
    private var statePath: String? {
        folder("XDG_STATE_HOME", ".local/state").map { "\($0)/mgrq/state.json" }
    }
    /// The folder for compiled terminal descriptions.
    var cacheFolder: String? { folder("XDG_CACHE_HOME", ".cache").map { "\($0)/mgrq/terminfo" } }

    /// A folder that a variable names, or the one below the home folder.
    private func folder(_ variable: String, _ standard: String) -> String? {
        // The specification ignores relative paths.
        if let path = environment[variable], path.hasPrefix("/") { return path }
        guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
        return "\(home)/\(standard)"
    }

    /// Reads settings and themes.
    ///
    /// - Throws: `RunFailure`: `.missingInput` for a missing file of --config, `.badData` for settings that cannot
    ///   be used, `.usage` for such flags.
    func read() throws(RunFailure) -> Contents {
        var contents = Contents(settings: try settings(), themes: .builtIn, problems: [])
        for folder in themeFolders { addThemes(in: folder, to: &contents) }
        let fromFile = contents.settings.theme
        try options.apply(to: &contents.settings)
        if let path = options.themeFile {
            let name = try addTheme(path, to: &contents)
            if options.theme == nil { contents.settings.theme = name }
        }
        if let name = contents.settings.theme, contents.themes.theme(named: name) == nil {
            let known = contents.themes.themes.map(\.name)
            let near = closest(to: name, among: known).map { "did you mean “\($0)”?" }
            let advice = near ?? "there is \(known.joined(separator: ", "))"
            let isFlag = options.theme != nil || fromFile != name
            throw RunFailure(
                isFlag ? .usage : .badData,
                "\(isFlag ? "" : "\(configPath ?? "the settings"): ")there is no theme “\(name)”; \(advice)")
        }
        return contents
    }

    private func settings() throws(RunFailure) -> WorkbenchSettings {
        guard let path = configPath else { return WorkbenchSettings() }
        if options.config == nil, !exists(path) { return WorkbenchSettings() }
        do throws(SettingsProblem) {
            return try WorkbenchSettings(yaml: try text(of: path), file: path)
        } catch {
            throw RunFailure(.badData, "\(error)")
        }
    }

    private func text(of path: String) throws(SettingsProblem) -> String {
        let bytes: [UInt8]
        do {
            bytes = try readFile(path, limit: 1 << 20)
        } catch {
            throw SettingsProblem(file: path, line: nil, message: error.detail)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SettingsProblem(file: path, line: nil, message: "the file is not UTF-8 text")
        }
        return text
    }

    /// Folders of themes; a later folder replaces themes of the same name.
    private var themeFolders: [String] {
        let beside = ProcessEnvironment.executable.map {
            "\(parent(of: parent(of: $0)))/share/mgrq/themes"
        }
        let data = folder("XDG_DATA_HOME", ".local/share").map { "\($0)/mgrq/themes" }
        let config = folder("XDG_CONFIG_HOME", ".config").map { "\($0)/mgrq/themes" }
        return [beside, data, config].compactMap(\.self)
    }

    /// Adds the theme of --theme-file.
    ///
    /// - Throws: `RunFailure` if it cannot be used.
    private func addTheme(_ path: String, to contents: inout Contents) throws(RunFailure) -> String {
        guard isFile(path) else { throw RunFailure(.missingInput, "--theme-file: there is no file \(path)") }
        do throws(SettingsProblem) {
            return try contents.themes.add(try text(of: path), file: path)
        } catch {
            throw RunFailure(.badData, "\(error)")
        }
    }

    private func addThemes(in folder: String, to contents: inout Contents) {
        let names = ((try? names(in: folder)) ?? []).filter { $0.hasSuffix(".yaml") }
        // A theme may inherit from a later one, so failed themes are tried again after the others.
        var (waiting, last) = (names, [SettingsProblem]())
        while !waiting.isEmpty {
            var failed: [String] = []
            last = []
            for name in waiting {
                do throws(SettingsProblem) {
                    let path = joined(folder, name)
                    _ = try contents.themes.add(try text(of: path), file: path)
                } catch {
                    failed.append(name)
                    last.append(error)
                }
            }
            guard failed.count < waiting.count else { break }
            waiting = failed
        }
        contents.problems += last.map(\.description)
    }

    // MARK: - Memory

    /// How long a session waits for another one that writes the memory, in milliseconds.
    private static let patience = 2000

    /// The memory; empty if there is none.
    ///
    /// Paths of runs in the current folder are relative.
    func memory() -> WorkbenchMemory {
        let here = FileManager.default.currentDirectoryPath + "/"
        return stored().locatingRuns { $0.hasPrefix(here) ? String($0.dropFirst(here.count)) : $0 }
    }

    /// The memory as it is in the file; empty if there is none.
    private func stored() -> WorkbenchMemory {
        guard let statePath, let text = try? text(of: statePath) else { return WorkbenchMemory() }
        return WorkbenchMemory(json: text)
    }

    /// Writes the memory on top of what other sessions have written meanwhile.
    ///
    /// - Throws: `RunFailure` where it cannot be written; nothing else depends on it.
    func remember(_ memory: WorkbenchMemory) throws(RunFailure) {
        guard let statePath else { return }
        let here = FileManager.default.currentDirectoryPath
        let located = memory.locatingRuns { $0.hasPrefix("/") ? $0 : joined(here, $0) }
        _ = try RunFailure.wrapping(try makeFolders(parent(of: statePath)))
        let lock = try lock(of: statePath)
        defer { withExtendedLifetime(lock) {} }
        let before = stored()
        let merged = located.merged(over: before)
        guard merged != before else { return }
        try RunFailure.wrapping(try writeFile(Array(merged.json.utf8), to: statePath))
    }

    /// Waits until no other session writes the memory.
    private func lock(of statePath: String) throws(RunFailure) -> FileLock {
        for _ in 0..<Self.patience / 10 {
            if let lock = try RunFailure.wrapping(try FileLock("\(statePath).lock")) { return lock }
            usleep(10_000)
        }
        throw RunFailure(.cannotCreate, "\(statePath).lock is held by another process; nothing is remembered")
    }

    /// Writes the settings as a file with comments, where there is none yet.
    ///
    /// - Returns: The file.
    /// - Throws: `RunFailure(.cannotCreate)`.
    func write(_ settings: WorkbenchSettings) throws(RunFailure) -> String {
        guard let path = configPath else {
            throw RunFailure(
                .cannotCreate, "there is no place for settings: neither XDG_CONFIG_HOME nor HOME is set")
        }
        guard !exists(path) else {
            throw RunFailure(.cannotCreate, "\(path) exists already and is not overwritten")
        }
        _ = try RunFailure.wrapping(try makeFolders(parent(of: path)))
        try RunFailure.wrapping(try writeFile(Array(settings.yaml.utf8), to: path))
        return path
    }
}
