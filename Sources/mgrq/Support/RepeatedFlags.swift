internal import ArgumentParser
internal import Foundation
internal import Runs

/// Refuses a flag with one value that is given twice; of its values the parser would take the last one in silence.
///
/// - Parameter arguments: Those of the process, without its name.
/// - Throws: `RunFailure(.usage)` with the flag.
func checkRepeatedFlags(_ arguments: [String]) throws(RunFailure) {
    var (seen, repeated): (Set<Substring>, [Substring]) = ([], [])
    for argument in arguments.prefix(while: { $0 != "--" }) where argument.hasPrefix("--") {
        let name = argument.dropFirst(2).prefix { $0 != "=" }
        if !seen.insert(name).inserted { repeated.append(name) }
    }
    guard !repeated.isEmpty, let command = arguments.first(where: { !$0.hasPrefix("-") }) else { return }
    let single = flagsWithOneValue(of: command)
    guard let name = repeated.first(where: { single.contains(String($0)) }) else { return }
    throw RunFailure(.usage, "--\(name) is given more than once; it accepts one value")
}

/// The long names of a command's flags that have one value, as the parser describes them.
private func flagsWithOneValue(of command: String) -> Set<String> {
    struct Description: Decodable {
        struct Command: Decodable {
            var commandName: String
            var subcommands: [Command]?
            var arguments: [Argument]?
        }
        struct Argument: Decodable {
            struct Name: Decodable { var name: String }
            var kind: String
            var isRepeating: Bool
            var names: [Name]?
        }
        var command: Command
    }
    guard let all = try? JSONDecoder().decode(Description.self, from: Data(Mgrq._dumpHelp().utf8)) else {
        preconditionFailure("the parser describes itself in another form")
    }
    let found = all.command.subcommands?.first { $0.commandName == command }
    let single = (found?.arguments ?? []).filter { $0.kind == "option" && !$0.isRepeating }
    return Set(single.flatMap { $0.names ?? [] }.map(\.name))
}
