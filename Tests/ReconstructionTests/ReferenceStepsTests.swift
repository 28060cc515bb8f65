import Runs
import TensorTestSupport
import Testing

/// The first steps of every preset that learns, against an implementation in PyTorch with automatic derivatives.
///
/// PyTorch computed in float64. In float32 it differs from itself by up to 2e-5 in terms and gradients and 3e-6 in what
/// is learned, and so does the engine; the tolerances leave room for another order of summation. A step moves a weight by
/// up to 0.03 of its quantizer's step, AdaRound's variable by as much, and a scale by 0.5 %.
@Suite("Steps against PyTorch")
struct ReferenceStepsTests {
    static let runs = Preset.allCases.filter(\.learns)
        .flatMap { preset in ReferenceRun.Levels.allCases.map { ReferenceRun(preset: preset, levels: $0) } }

    @Test("terms, gradients and what they move are PyTorch's", arguments: runs)
    func steps(run: ReferenceRun) throws {
        let expected = try run.expected()
        let measured = try run.measured(like: expected)
        #expect(measured.keys.sorted() == expected.keys.sorted())
        for (name, wanted) in expected.sorted(by: { $0.key < $1.key }) {
            let found = try #require(measured[name])
            try #require(found.count == wanted.count, "\(name)")
            switch name.split(separator: ".")[0] {
            case "start":
                #expect(relativeError(found, wanted) < 1e-4, "\(name)")
            case "after":
                let units = try run.unit(of: name, wanted)
                let difference = zip(zip(found, wanted), units).map { abs($0.0 - $0.1) / $1 }.max() ?? 0
                #expect(difference < (name.contains("scales") ? 3e-6 : 3e-5), "\(name)")
            default:
                for (index, (value, want)) in zip(found, wanted).enumerated() {
                    #expect(
                        value.isNaN && want.isNaN || abs(value - want) <= 1e-4 * abs(want),
                        "\(name)[\(index)]: \(value), not \(want)")
                }
            }
        }
    }
}
