import Kernels
import Quantization
import Reconstruction
import TensorCore
import Testing
import VisionTransformers
import Vocabulary

@Suite("Calibration of a unit")
struct CalibrationTests {
    private func settings(_ unit: any ModelUnit, bits: Int) -> CalibrationSettings {
        .nearest(unit, bits: bits)
    }

    private func calibrated(
        _ small: SmallTask, _ index: Int, _ settings: CalibrationSettings
    ) throws -> QuantizedUnit {
        let input = small.input(of: index)
        return try calibrate(
            small.model.units[index], weights: small.model.weights[index],
            fullPrecision: small.fullPrecision[index], input: input, fullPrecisionInput: input,
            originals: small.images.rows,
            settings: settings, pool: small.pool
        ).unit
    }

    /// How far a state's output is from full precision, and its activations.
    private func run(_ small: SmallTask, _ index: Int, _ state: QuantizedUnit) -> (error: Double, tape: Tape)
    {
        let unit = small.model.units[index]
        let task = small.task(index, state: state)
        let tape = Tape(shapes: unit.tapeShapes, images: small.images.rows)
        let output = unit.output.matrix(images: small.images.rows)
        state.prepared(for: unit).forward(task.prefixInput, tape: tape, output: output)
        return (squaredDistance(output, task.target), tape)
    }

    @Test(
        "every site and weight has at most 2^bits values, with every solver and attention map",
        arguments: 2...8, [WeightSolver.nearest, .ridgeGptq])
    func codes(bits: Int, solver: WeightSolver) throws {
        let small = SmallTask(seed: 3, images: 12)
        defer { small.pool.shutDown() }
        for (attention, activation) in [
            (AttentionLevels.logSqrt2, GELULevels.uniform),
            (.uniform, .shiftedLog), (.searchedLog, .outputError), (.outputError, .uniform),
        ] {
            let unit = small.model.units[1]
            var settings = settings(unit, bits: bits)
            settings.weightSolver = solver
            settings.attentionLevels = attention
            settings.geluLevels = activation
            let state = try calibrated(small, 1, settings)
            for linear in state.linears {
                let codes = try #require(linear.quantizer.codes(of: linear.weight.matrix()))
                #expect(codes.allSatisfy { Int($0) < 1 << bits })
            }
            let tape = run(small, 1, state).tape
            for (site, quantizer) in zip(unit.sites, state.sites) {
                let codes = try #require(quantizer.codes(of: site.values(in: tape)))
                #expect(codes.allSatisfy { Int($0) < 1 << bits })
            }
        }
    }

    @Test(
        "closed forms leave a smaller error than rounding to the nearest code",
        arguments: 1...3)
    func solvers(seed: UInt64) throws {
        let small = SmallTask(seed: seed, images: 200)
        defer { small.pool.shutDown() }
        var errors: [Double] = []
        for solver in [WeightSolver.nearest, .ridgeGptq] {
            var settings = settings(small.model.units[1], bits: 3)
            settings.weightSolver = solver
            errors.append(run(small, 1, try calibrated(small, 1, settings)).error)
        }
        #expect(errors[1] < errors[0])
    }

    @Test(
        "operands of attention get one group for the tensor where the settings say so, whatever the levels",
        arguments: AttentionLevels.allCases)
    func operandGroups(levels: AttentionLevels) throws {
        let small = SmallTask(seed: 3, images: 12)
        defer { small.pool.shutDown() }
        let unit = small.model.units[1]
        var settings = settings(unit, bits: 4)
        settings.attentionLevels = levels
        let perHead = try calibrated(small, 1, settings)
        settings.operandGroups = .tensor
        let perTensor = try calibrated(small, 1, settings)
        let tape = run(small, 1, perHead).tape
        for (site, states) in zip(unit.sites, zip(perHead.sites, perTensor.sites)) {
            #expect(states.0.groupCount == site.groupCount)
            #expect(states.1.groupCount == 1, "\(site.name)")
            guard site.kind == .operand else { continue }
            // One range for all heads fits less well.
            let noise = [states.0, states.1].map {
                $0.fidelity(on: site.values(in: tape), pool: small.pool).sqnrDb
            }
            #expect(noise[0] > noise[1], "\(site.name)")
        }
    }

    @Test(
        "weights are symmetric with every solver where the settings say so", arguments: WeightSolver.allCases)
    func weightSymmetry(solver: WeightSolver) throws {
        let small = SmallTask(seed: 3, images: 40)
        defer { small.pool.shutDown() }
        var settings = settings(small.model.units[1], bits: 4)
        settings.weightSolver = solver
        settings.weightSymmetry = true
        for linear in try calibrated(small, 1, settings).linears {
            guard case .uniform(let quantizer) = linear.quantizer else {
                Issue.record("\(linear.quantizer)")
                continue
            }
            #expect(quantizer.zeroPoints.allSatisfy { $0 == 8 })
        }
    }

    @Test("the attention map gets the levels that change the unit's output less", arguments: [3, 4, 6])
    func attention(bits: Int) throws {
        let small = SmallTask(seed: 6, images: 12)
        defer { small.pool.shutDown() }
        let unit = small.model.units[1]
        let site = try #require(unit.sites.firstIndex { $0.kind == .attention })
        var quantizers: [SiteQuantizer] = []
        for attention in [AttentionLevels.logSqrt2, .uniform, .searchedLog, .outputError] {
            var settings = settings(unit, bits: bits)
            settings.attentionLevels = attention
            quantizers.append(try calibrated(small, 1, settings).sites[site])
        }
        let errors = quantizers.map { quantizer in
            var state = small.untouched(1)
            state.sites[site] = quantizer
            return run(small, 1, state).error
        }
        #expect(errors[3] == errors[..<3].min())
    }

    @Test(
        "ranges searched by the output of layers leave the unit's sites at most 2^bits values",
        arguments: [2, 3, 8])
    func outputSearch(bits: Int) throws {
        let small = SmallTask(seed: 6, images: 12)
        defer { small.pool.shutDown() }
        let unit = small.model.units[1]
        var settings = settings(unit, bits: bits)
        let before = try calibrated(small, 1, settings)
        settings.rangeSearch = .outputError
        let after = try calibrated(small, 1, settings)
        #expect(bits > 3 || before.sites != after.sites)
        for (site, (old, new)) in zip(unit.sites, zip(before.sites, after.sites)) {
            let isInput = unit.linears.contains { $0.inputSite.map { unit.sites[$0] == site } ?? false }
            #expect(isInput || old == new, "\(site.name)")
        }
        let tape = run(small, 1, after).tape
        for (site, quantizer) in zip(unit.sites, after.sites) {
            let codes = try #require(quantizer.codes(of: site.values(in: tape)))
            #expect(codes.allSatisfy { Int($0) < 1 << bits })
        }
    }

    @Test("inputs after GELU get the levels that change the unit's output less", arguments: [3, 4, 6])
    func activation(bits: Int) throws {
        let small = SmallTask(seed: 6, images: 12)
        defer { small.pool.shutDown() }
        let unit = small.model.units[1]
        let site = try #require(unit.sites.firstIndex { $0.kind == .gelu })
        #expect(unit.sites[site].name.hasSuffix("mlp.fc2.input"))
        var quantizers: [SiteQuantizer] = []
        for activation in [GELULevels.uniform, .shiftedLog, .outputError] {
            var settings = settings(unit, bits: bits)
            settings.geluLevels = activation
            quantizers.append(try calibrated(small, 1, settings).sites[site])
        }
        #expect(quantizers[1].description == "shifted log per tensor")
        let errors = quantizers.map { quantizer in
            var state = small.untouched(1)
            state.sites[site] = quantizer
            return run(small, 1, state).error
        }
        #expect(errors[2] == min(errors[0], errors[1]))
    }

    @Test(
        "every view is summed once, in runs, and no image both teaches and validates",
        arguments: [(10, 10, 4), (25, 10, 3), (40, 10, 100), (7, 10, 2), (3, 1, 8), (1, 1, 1)])
    func views(count: Int, originals: Int, length: Int) {
        let parts = FittedViews(count: count, originals: originals).parts(of: length)
        #expect(parts.flatMap { Array($0.images) }.sorted() == Array(0..<count))
        #expect(parts.allSatisfy { $0.images.count <= length })
        let teachers = Set(parts.filter { !$0.isValidation }.flatMap(\.images).map { $0 % originals })
        let validation = Set(parts.filter(\.isValidation).flatMap(\.images).map { $0 % originals })
        #expect(teachers.isDisjoint(with: validation))
        #expect(teachers.count == min(count, originals) * 4 / 5)
    }
}
