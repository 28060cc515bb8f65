import Runs
import Testing
import Vocabulary

@Suite("Comparisons")
struct ComparisonTests {
    @Test("a spread is the mean and the sample standard deviation")
    func spread() throws {
        let spread = try #require(Spread([1, 2, 3, 6]))
        #expect(spread.mean == 3)
        #expect(try #require(spread.deviation) * 3 == (14.0 * 3).squareRoot())
        #expect(try #require(Spread([5])).deviation == nil)
        #expect(Spread([]) == nil)
    }

    @Test("a variant is a preset with changes under a name")
    func variant() throws {
        let variant = try Variant(parsing: "block only=mgrq,global_weight=0,local_weight=0")
        #expect(variant.name == "block only")
        #expect(variant.preset == .mgrq)
        #expect(
            variant.changes == [
                HyperparameterChange(key: "global_weight", value: "0"),
                HyperparameterChange(key: "local_weight", value: "0"),
            ])
    }

    @Test(
        "a text that is not a variant is refused with the accepted form",
        arguments: ["", "mgrq", "=mgrq", "a=nothing", "a=mgrq,steps", "a=mgrq,=3"])
    func refusal(text: String) {
        let error = #expect(throws: RunFailure.self) { try Variant(parsing: text) }
        #expect(error?.kind == .usage)
    }

    @Test("a preset's and a variant's own changes win over shared ones")
    func sharedChanges() throws {
        let shared = [
            HyperparameterChange(key: "steps", value: "7"), HyperparameterChange(key: "batch", value: "9"),
        ]
        func plan(_ variant: Variant) throws -> RunPlan {
            try variant.plan(
                from: RunPlan(model: "m"), shared: shared, weightBits: 3, activationBits: 5, seed: 8)
        }
        let calibrated = try plan(Variant(.calibrate))
        #expect(calibrated.hyperparameters.steps == 0)
        #expect(calibrated.hyperparameters.batch == 9)
        #expect(calibrated.preset == .calibrate)
        let learned = try plan(Variant(parsing: "x=mgrq,batch=3"))
        #expect(learned.hyperparameters.steps == 7)
        #expect(learned.hyperparameters.batch == 3)
        #expect(learned.hyperparameters.weightBits == 3)
        #expect(learned.hyperparameters.activationBits == 5)
        #expect(learned.seed == 8)
        #expect(throws: PlanError.self) { try plan(Variant(parsing: "x=mgrq,stepz=3")) }
    }

    @Test(
        "a difference in KL is below the noise floor where it is less than the greater one of the two",
        arguments: [
            (0.1, 0.3, true), (0.3, 0.1, true), (0.1, 0.1, false), (nil, 0.3, nil), (0.3, nil, nil),
        ] as [(Double?, Double?, Bool?)])
    func noiseFloor(own: Double?, other: Double?, expected: Bool?) throws {
        func row(_ floor: Double?) -> ComparisonRow {
            var report = Samples.report
            report.noiseFloor = floor.map { NoiseFloor(kl: $0, changed: 0) }
            return ComparisonRow(name: "a", plan: RunPlan(model: "m"), runs: [(1, report)])
        }
        func predictions(_ kl: Float) -> Predictions {
            Predictions(labels: nil, fullPrecision: [0, 1, 2], final: [0, 1, 2], kl: [kl, kl, kl])
        }
        let difference = try #require(
            ComparisonDifference(
                row(own), from: row(other), predictions: [predictions(0.5)], others: [predictions(0.75)]))
        #expect(difference.klIsBelowNoiseFloor == expected)
        #expect(row(own).noiseFloor?.mean == own)
    }

    @Test("processor time and KL on calibration images are those of all seeds, or unknown")
    func measuredByEverySeed() {
        func row(_ processor: [Double?]) -> ComparisonRow {
            let runs = processor.enumerated().map { seed, seconds in
                var report = Samples.report
                report.processorSeconds = seconds
                report.units[report.units.count - 1].finalKl = Double(seed)
                return (seed: UInt64(seed), report: report)
            }
            return ComparisonRow(name: "a", plan: RunPlan(model: "m"), runs: runs)
        }
        #expect(row([10, 30]).processorSeconds?.mean == 20)
        #expect(row([10, 30]).calibrationKl?.mean == 0.5)
        #expect(row([10, nil]).processorSeconds == nil)
    }
}
