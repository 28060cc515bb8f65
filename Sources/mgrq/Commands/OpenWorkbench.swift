internal import ArgumentParser
internal import Runs

/// `mgrq workbench`.
struct OpenWorkbench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workbench",
        abstract: "Opens the workbench.",
        discussion: """
            Without flags it shows the bundled ViT, to be quantized to 4 bits with the preset mgrq. Where there is no \
            terminal, the same is done at once, with plain lines.
            """)

    @Argument(help: "A plan to begin with, such as a recipe that was exported.")
    var plan: String?

    @OptionGroup var options: RunOptions

    @OptionGroup var screen: ScreenOptions

    @Flag(help: "Do without a screen, even on a terminal.")
    var plain = false

    func run() throws {
        let plan = try options.composedPlan(path: plan, model: "sample:fashion-vit")
        guard TerminalCheck.isInteractive, !plain else {
            return try carryOut(plan, options: options, json: false)
        }
        try WorkbenchSession(plan: plan, options: options, screen: screen).run()
    }
}
