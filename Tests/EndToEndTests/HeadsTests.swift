import Foundation
import Testing

@Suite("The number of attention heads at the command line", .serialized)
struct HeadsFlagTests {
    private let place: Workplace

    init() throws {
        place = try Workplace()
        try place.write(
            SmallModel.configuration.replacingOccurrences(of: #""num_heads": 2, "#, with: ""),
            to: "model/config.json")
    }

    @Test("a model that does not say its number is refused by every command, and accepted with --heads")
    func flag() throws {
        for command in [
            ["inspect", "model"], ["evaluate", "model", "--data", "evaluation.safetensors"],
            ["run"] + Workplace.job + ["--output", "out"],
        ] {
            let refused = try place.run(command)
            #expect(refused.status == 65)
            #expect(
                (refused.errors + refused.output).contains("the number of attention heads is not known"),
                "\(refused.errors)")
        }
        _ = try place.succeed(["evaluate", "model", "--data", "evaluation.safetensors", "--heads", "2"])
        let usage = try place.run(["inspect", "model", "--heads", "0"])
        #expect(usage.status == 64 && usage.errors.contains("1 through 4096"), "\(usage.errors)")
    }

    @Test("the number is in the plan, so that recipes, evaluations of runs and exports use it")
    func plan() throws {
        _ = try place.succeed(["run"] + Workplace.job + ["--output", "out", "--heads", "4"])
        #expect(try place.text("out/plan.yaml").contains("heads: 4\n"))
        let evaluated = try place.succeed(["evaluate", "out", "--json"])
        let report = try jsonObject(try place.data("out/report.json"))
        let final = try #require(report["final"] as? [String: Any])
        #expect(try jsonObject(evaluated.output)["kl"] as? Double == final["kl"] as? Double)
        _ = try place.succeed(["export", "out", "--format", "recipe", "--output", "recipe.yaml"])
        _ = try place.succeed(["run", "recipe.yaml", "--output", "again"])
        let refused = try place.run(["evaluate", "out", "--heads", "2"])
        #expect(refused.status == 64 && refused.errors.contains("--heads"), "\(refused.errors)")
    }
}
