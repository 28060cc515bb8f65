internal import Runs
internal import TerminalUI
internal import Vocabulary

/// What was measured at the steps of one attempt, in constant memory however many steps there are.
package struct UnitCurves: Equatable, Sendable {
    /// How many parts a series has: twice the columns of a wide panel.
    static let capacity = 256

    /// The number of steps of the attempt.
    let steps: Int
    /// The block term as measured.
    private(set) var loss: SeriesBins
    /// Each term's weighted loss; 0 where a term is switched off.
    private(set) var weighted: TermSeries
    /// The norm of each weighted term's gradient, at the steps where it was probed.
    private(set) var gradients: TermSeries
    /// The cosine between each two terms' gradients, at the steps where they were probed.
    private(set) var cosines: [TermPair: SeriesBins] = [:]
    /// Every operator's part of the local terms, at the steps where they were probed; in the order of the unit.
    private(set) var operators: [OperatorSeries] = []

    init(steps: Int) {
        self.steps = max(steps, 2)
        let range = 1...Double(self.steps)
        loss = SeriesBins(range: range, capacity: Self.capacity)
        weighted = TermSeries(range: range)
        gradients = TermSeries(range: range)
    }

    /// Adds what a step measured.
    mutating func append(_ sample: StepSample) {
        let x = Double(sample.step)
        loss.add(x: x, y: sample.terms.block ?? sample.loss)
        weighted.append(sample.weighted, at: x)
        if let norms = sample.gradientNorms {
            gradients.append(norms, at: x)
        }
        for pair in TermPair.allCases {
            guard let cosine = sample.gradientCosines.flatMap({ pair.value(in: $0) }) else { continue }
            cosines[pair, default: Self.probes(steps)].add(x: x, y: cosine)
        }
        for local in sample.operatorLosses ?? [] {
            let index = operators.firstIndex { $0.name == local.name } ?? operators.count
            if index == operators.count {
                operators.append(OperatorSeries(name: local.name, losses: Self.probes(steps)))
            }
            operators[index].losses.add(x: x, y: local.loss)
        }
    }

    /// An empty series for what is measured at a few steps only.
    private static func probes(_ steps: Int) -> SeriesBins {
        SeriesBins(range: 1...Double(steps), capacity: capacity / 4)
    }
}

/// Two supervision terms.
enum TermPair: CaseIterable, Hashable, Sendable {
    case blockGlobal, blockLocal, globalLocal

    /// The terms.
    var terms: (Term, Term) {
        switch self {
        case .blockGlobal: (.block, .global)
        case .blockLocal: (.block, .local)
        case .globalLocal: (.global, .local)
        }
    }

    /// The cosine between their gradients; nil where one of them is switched off.
    func value(in cosines: GradientCosines) -> Double? {
        switch self {
        case .blockGlobal: cosines.blockGlobal
        case .blockLocal: cosines.blockLocal
        case .globalLocal: cosines.globalLocal
        }
    }
}

/// What was measured of one operator of a unit.
struct OperatorSeries: Equatable, Sendable {
    /// The operator's name, such as `qkv`.
    let name: String
    /// Its part of the local terms.
    var losses: SeriesBins
}

/// A series for each supervision term, all with values at the same places.
struct TermSeries: Equatable, Sendable {
    private var block: SeriesBins
    private var global: SeriesBins
    private var local: SeriesBins
    /// The values added last; nil before the first.
    private(set) var latest: Terms?

    init(range: ClosedRange<Double>) {
        block = SeriesBins(range: range, capacity: UnitCurves.capacity)
        (global, local) = (block, block)
    }

    mutating func append(_ values: Terms, at x: Double) {
        latest = values
        block.add(x: x, y: values.block ?? 0)
        global.add(x: x, y: values.global ?? 0)
        local.add(x: x, y: values.local ?? 0)
    }

    /// The values nearest to a place.
    func values(nearest x: Double) -> Terms? {
        guard let block = block.bin(nearest: x), let global = global.bin(nearest: x),
            let local = local.bin(nearest: x)
        else { return nil }
        func known(_ value: Double, _ latest: Double?) -> Double? { latest == nil ? nil : value }
        return Terms(
            block: known(block.bin.mean, latest?.block), global: known(global.bin.mean, latest?.global),
            local: known(local.bin.mean, latest?.local))
    }

    /// The three series as parts of a whole.
    var samples: [ShareSample] {
        zip(block.points, zip(global.points, local.points)).map { block, others in
            ShareSample(x: block.x, block: block.y, global: others.0.y, local: others.1.y)
        }
    }
}
