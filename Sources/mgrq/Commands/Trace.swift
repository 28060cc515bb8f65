internal import ArgumentParser
internal import Engine
internal import RunText
internal import Runs

/// `mgrq trace`.
struct Trace: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes what a quantized model computes for some images, unit by unit.",
        discussion: """
            A safetensors file has the pixels, the input and the output of every unit, and the codes of every site \
            (its values where it is in full precision): the reference to compare another implementation with, operator by \
            operator.
            """)

    @OptionGroup var target: ModelOnImages

    @Option(
        name: .customLong("images"), parsing: .unconditional,
        help: ArgumentHelp("The number of images, spread evenly over the set.", valueName: "n"))
    var count = "8"

    @Option(help: ArgumentHelp("The safetensors file; an existing one is replaced.", valueName: "file"))
    var output: String

    func run() throws {
        let count = try imageCount(count, flag: "--images")
        let found = try target.find(ProcessEnvironment.references)
        let result = try traceModelOrRun(
            path: found.path, dataPath: found.dataPath, count: count, images: found.options,
            outputPath: output, threads: found.threads, warn: { printError("warning: \($0)") })
        try printLine(
            "wrote \(result.tensors) tensors of \(result.images) images to \(output), "
                + QuantityText.bytes(result.bytes))
    }
}

/// The number of images that a flag asks for.
///
/// - Throws: `RunFailure(.usage)` for what is no number from 1 on.
func imageCount(_ text: String, flag: String) throws(RunFailure) -> Int {
    guard let count = Int(text), (1...1_000_000).contains(count) else {
        throw RunFailure(.usage, "\(flag) cannot be “\(text)”; it accepts 1 through 1000000")
    }
    return count
}
