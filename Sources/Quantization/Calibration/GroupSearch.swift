internal import Kernels
internal import TensorCore

/// The parameters found for one group.
struct GroupFit: Equatable, Sendable {
    /// The step, or δ.
    var scale: Float
    /// The code of 0, or the step of exponents.
    var zeroPoint: Float
    /// The mean squared error on the sampled values.
    var error: Double
}

/// Finds parameters for every group of a tensor, groups in parallel.
///
/// Each group is searched by one task from its own values alone, so the result does not depend on the
/// number of threads.
struct GroupSearch {
    let values: Matrix
    let groups: QuantizationGroups
    let count: Int
    /// The number of values of a group that are sampled at most.
    let sampleLimit: Int
    /// How much an error in each column counts; nil means equally.
    var importance: [Float]?

    /// How many groups a task works on: neighbouring channels share cache lines.
    private var bundle: Int { groups == .columns(width: 1) ? 16 : 1 }
    /// The columns that one group has.
    private var width: Int {
        switch groups {
        case .columns(let width): width
        case .rows: values.columns
        }
    }
    /// The rows that one group has.
    private var height: Int {
        switch groups {
        case .columns: values.rows
        case .rows: values.rows / count
        }
    }

    /// Searches.
    ///
    /// - Parameters:
    ///   - pool: Carries out one task for each group, or for a few.
    ///   - fit: Finds the parameters of one group; called on several threads at once.
    /// - Returns: One fit per group.
    /// - Throws: `QuantizationError.groupsDoNotFit`, `.noValues`, `.invalidImportance`,
    ///   `.nonFiniteValues` for the first group that has such values.
    func run(
        pool: WorkerPool, fit: (ValueSample) -> GroupFit
    ) throws(QuantizationError) -> [GroupFit] {
        guard values.rows > 0, values.columns > 0 else { throw .noValues }
        guard groups.fit(rows: values.rows, columns: values.columns, count: count) else {
            throw .groupsDoNotFit(groups: groups, count: count, rows: values.rows, columns: values.columns)
        }
        try checkImportance()
        let fits = TaskResults(count: count, repeating: GroupFit?.none)
        let places = samplePlaces()
        pool.run((count + bundle - 1) / bundle) { task, _ in
            let range = task * bundle..<min((task + 1) * bundle, count)
            let gathered = gather(range, places: places)
            for group in range {
                fits[group] = sample(group, gathered[group - range.lowerBound], places: places).map(fit)
            }
        }
        if let group = (0..<count).first(where: { fits[$0] == nil }) {
            throw .nonFiniteValues(group: group, groups: count)
        }
        return fits.values.compactMap(\.self)
    }

    private func checkImportance() throws(QuantizationError) {
        guard let importance else { return }
        guard importance.count == values.columns else {
            throw .channelCounts(what: "the importance", found: importance.count, expected: values.columns)
        }
        for (column, value) in importance.enumerated() where !(value >= 0 && value.isFinite) {
            throw .invalidImportance(value, column: column)
        }
    }

    /// Where the sampled elements lie within a group, row by row; nil if all of them are used.
    ///
    /// One place in each of as many equal stretches, at random within it: no period of the data can
    /// agree with that, and the same places are chosen every time.
    private func samplePlaces() -> [Int]? {
        let total = width * height
        guard total > sampleLimit else { return nil }
        var generator = SeededGenerator(seed: 0, stream: "calibration sample")
        return (0..<sampleLimit).map { index in
            let (start, end) = (index * total / sampleLimit, (index + 1) * total / sampleLimit)
            return start + generator.index(below: end - start)
        }
    }

    /// The row of the matrix that is the row `index` of a group.
    private func row(_ index: Int, of group: Int) -> Int {
        switch groups {
        case .columns: index
        case .rows(let perGroup): (index / perGroup * count + group) * perGroup + index % perGroup
        }
    }

    /// The first column of a group.
    private func firstColumn(of group: Int) -> Int {
        switch groups {
        case .columns(let width): group * width
        case .rows: 0
        }
    }

    /// The looked-at values of neighbouring groups.
    private func gather(_ range: Range<Int>, places: [Int]?) -> [[Float]] {
        let size = places?.count ?? width * height
        var result = range.map { _ in
            var values: [Float] = []
            values.reserveCapacity(size)
            return values
        }
        if let places {
            for (index, group) in range.enumerated() {
                for place in places {
                    let row = unsafe values.line(
                        row(place / width, of: group), from: firstColumn(of: group), count: width)
                    result[index].append(unsafe row[place % width])
                }
            }
        } else {
            for line in 0..<height {
                for (index, group) in range.enumerated() {
                    let row = unsafe values.line(
                        row(line, of: group), from: firstColumn(of: group), count: width)
                    unsafe result[index].append(contentsOf: row)
                }
            }
        }
        return result
    }

    /// The looked-at values of a group in order; nil if any of its values is infinite or not a number.
    private func sample(_ group: Int, _ gathered: [Float], places: [Int]?) -> ValueSample? {
        let first = firstColumn(of: group)
        let weights = importance.map { importance in
            (places ?? Array(0..<width * height)).map { importance[first + $0 % width] }
        }
        guard places != nil else { return ValueSample(gathered, weights: weights, extremes: nil) }
        var scan = RangeScan()
        for line in 0..<height {
            let row = unsafe values.line(row(line, of: group), from: first, count: width)
            unsafe scan.take(row)
        }
        guard let extremes = scan.range else { return nil }
        return ValueSample(gathered, weights: weights, extremes: extremes)
    }
}

extension Matrix {
    /// Some neighbouring elements of a row, which live as long as the matrix's storage.
    @unsafe func line(_ row: Int, from column: Int, count: Int) -> UnsafeBufferPointer<Float> {
        precondition(
            row >= 0 && row < rows && column >= 0 && count >= 0 && column + count <= columns,
            "\(count) elements at (\(row), \(column)) are outside \(rows) × \(columns)")
        return unsafe UnsafeBufferPointer(start: pointer + row * stride + column, count: count)
    }
}
