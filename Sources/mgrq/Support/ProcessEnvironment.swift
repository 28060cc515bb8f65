internal import Files
internal import Foundation
internal import Runs
internal import Vocabulary

/// The environment of the process.
enum ProcessEnvironment {
    /// The path of the program; nil if unknown.
    static var executable: String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    }

    /// Resolves references to files.
    static var references: ReferenceResolver {
        ReferenceResolver(
            environment: ProcessInfo.processInfo.environment, executable: executable,
            currentFolder: FileManager.default.currentDirectoryPath)
    }

    /// A plan whose references lead to the same files from every working directory.
    static func located(_ plan: RunPlan) -> RunPlan {
        plan.located(in: FileManager.default.currentDirectoryPath)
    }

    /// A run directory that does not exist yet, in the working directory.
    ///
    /// - Parameters:
    ///   - plan: Gives the model's name.
    ///   - purpose: The second part of the name; nil takes the plan's bits and preset.
    /// - Returns: Such as `runs/fashion-vit-w4a4-mgrq-1`.
    static func newRunDirectory(for plan: RunPlan, purpose: String? = nil) -> String {
        let model =
            switch Reference(plan.model) {
            case .sample(let name): name
            case .path(let path): URL(filePath: path).deletingPathExtension().lastPathComponent
            }
        let bits = "w\(plan.hyperparameters.weightBits)a\(plan.hyperparameters.activationBits)"
        let stem = "runs/\(model)-\(purpose ?? "\(bits)-\(plan.preset.rawValue)")"
        var number = 1
        while exists("\(stem)-\(number)") {
            number += 1
        }
        return "\(stem)-\(number)"
    }
}
