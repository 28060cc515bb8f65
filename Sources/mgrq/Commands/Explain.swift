internal import ArgumentParser
internal import RunText
internal import Runs

/// `mgrq explain`.
struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says what a hyperparameter does, its values, its default, and when to change it.")

    @Argument(help: ArgumentHelp("A hyperparameter; without, all are listed.", valueName: "key"))
    var key: String?

    @Flag(help: "Print all as the page docs/hyperparameters.md.")
    var markdown = false

    func run() throws {
        if markdown {
            guard key == nil else {
                throw RunFailure(.usage, "--markdown prints every hyperparameter; give no key with it")
            }
            return try printText(HyperparameterText.page)
        }
        guard let key else { return try print(HyperparameterText.overview) }
        guard let field = HyperparameterField.named(key) else {
            let error = PlanError.unknownKey(key, at: "", known: HyperparameterField.all.map(\.key))
            throw RunFailure(.usage, "\(error)")
        }
        try print(HyperparameterText.lines(of: field))
    }

    private func print(_ lines: [String]) throws {
        for line in lines { try printLine(line) }
    }
}
