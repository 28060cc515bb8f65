import ChartScale
import TestSupport
import Testing

@Suite("Axes")
struct AxisTests {
    @Test("linear ticks go in steps of 1, 2 and 5")
    func linearTicks() {
        #expect(Axis(0...5000).ticks(count: 3).map(\.label) == ["0", "2000", "4000"])
        #expect(Axis(0...5000).ticks(count: 2).map(\.label) == ["0", "5000"])
        #expect(Axis(-1...1).ticks(count: 4).map(\.label) == ["-1.0", "-0.5", "0", "0.5", "1.0"])
    }

    @Test("logarithmic ticks are decades, with 2 and 5 between where there is room")
    func logTicks() {
        #expect(
            Axis(1e-4...0.1, scale: .log).ticks(count: 5).map(\.label) == ["1e-4", "1e-3", "1e-2", "1e-1"])
        #expect(Axis(1...10, scale: .log).ticks(count: 6).map(\.label) == ["1", "2", "5", "10"])
    }

    @Test(
        "a logarithmic axis of less than a decade is tight, with equal steps that are different numbers",
        arguments: [[0.87, 1.23], [9.4e-3, 0.0106], [0.98, 1.3], [2.0, 9], [0.11, 0.9]])
    func shortLog(values: [Double]) {
        let axis = Axis(fitting: values, scale: .log)
        #expect(axis.scale == .log)
        #expect(axis.range.lowerBound > values[0] - (values[1] - values[0]) / 2)
        #expect(axis.range.upperBound < values[1] + (values[1] - values[0]) / 2)
        for count in [3, 4, 6] {
            let labels = axis.ticks(count: count).map(\.label)
            #expect(labels.count >= 2 && Set(labels).count == labels.count, "\(labels)")
        }
    }

    @Test(
        "a logarithmic axis of little more than a decade has ticks beside the power of ten in it",
        arguments: [[0.12, 1.3], [0.05, 1.05], [0.3, 4], [9e-4, 0.02]])
    func decade(values: [Double]) {
        for count in [3, 4, 6] {
            let labels = Axis(fitting: values, scale: .log).ticks(count: count).map(\.label)
            #expect(labels.count >= 2 && labels.count <= count + 3, "\(labels)")
        }
    }

    @Test("values that are not finite are left out of the range")
    func gaps() {
        let axis = Axis(fitting: [.nan, 3, .infinity, 7, -.infinity])
        #expect(axis.range == 3...7)
        #expect(axis.position(.nan) == nil && axis.position(.infinity) == nil)
    }

    @Test("a logarithm of what is not positive becomes linear, and the scale says so", arguments: [0.0, -1])
    func fallback(value: Double) {
        #expect(Axis(fitting: [value, 5], scale: .log).scale == .linear)
        #expect(Axis(fitting: [0.5, 5], scale: .log).scale == .log)
        #expect(Axis(fitting: [0.5, 5], scale: .log).position(value) == nil)
    }

    @Test(
        "any values give an axis that contains them, with finite positions and rising ticks inside",
        arguments: AxisScale.allCases, 0..<100 as Range<UInt64>)
    func anyValues(scale: AxisScale, seed: UInt64) {
        var random = TestGenerator(seed: seed)
        let specials: [Double] = [
            0, -0.0, 1e300, -1e300, 1.7e308, .leastNonzeroMagnitude, .leastNormalMagnitude / 8, .nan,
            .infinity, 1, -1, 1e-300,
        ]
        let values = (0..<Int.random(in: 0...5, using: &random)).map { _ in
            Bool.random(using: &random)
                ? specials.randomElement(using: &random) ?? 0 : Double.random(in: -1e3...1e3, using: &random)
        }
        let axis = Axis(fitting: values, scale: scale)
        #expect(axis.range.lowerBound < axis.range.upperBound)
        for value in values where value.isFinite && value.magnitude < 1e299 {
            guard let position = axis.position(value) else {
                #expect(axis.scale == .log && value <= 0)
                continue
            }
            #expect((-1e-6...1 + 1e-6).contains(position), "\(value) in \(axis.range)")
        }
        for count in [0, 1, 4, 20] {
            let ticks = axis.ticks(count: count).map(\.value)
            #expect(ticks == ticks.sorted() && Set(ticks).count == ticks.count)
            #expect(ticks.count <= 3 * count + 12)
            for tick in ticks {
                #expect((-1e-6...1 + 1e-6).contains(axis.position(tick) ?? .nan), "\(tick) in \(axis.range)")
            }
        }
    }

    @Test("a value is found again at its position", arguments: AxisScale.allCases, [0.0, 0.25, 0.5, 0.9, 1])
    func inverse(scale: AxisScale, position: Double) throws {
        let axis = Axis(1e-3...20, scale: scale)
        let found = try #require(axis.position(axis.value(at: position)))
        #expect(abs(found - position) < 1e-9)
    }
}

@Suite("Series bins")
struct SeriesBinsTests {
    @Test("lowest, mean and highest value of each part")
    func statistics() {
        var bins = SeriesBins(range: 0...4, capacity: 4)
        for (x, y) in [(0.0, 2.0), (0.5, 4), (0.9, 3), (2.1, 7)] { bins.add(x: x, y: y) }
        #expect(bins.points == [ChartPoint(x: 0.5, y: 3), ChartPoint(x: 2.5, y: 7)])
        #expect(bins.band == [BandPoint(x: 0.5, low: 2, high: 4), BandPoint(x: 2.5, low: 7, high: 7)])
    }

    @Test("what is not finite is a gap, unless its part has other values")
    func gaps() {
        var bins = SeriesBins(range: 0...4, capacity: 4)
        bins.add(x: 0, y: .nan)
        bins.add(x: 1, y: .infinity)
        bins.add(x: 1.5, y: 5)
        #expect(bins.points.map(\.y.isNaN) == [true, false])
        #expect(bins.band.count == 1)
        bins.add(x: .nan, y: 1)
        bins.add(x: -1, y: 1)
        #expect(bins.points.count == 2)
    }

    @Test(
        "beyond its range it halves, and keeps count, extremes and mean", arguments: 0..<20 as Range<UInt64>)
    func halving(seed: UInt64) {
        var random = TestGenerator(seed: seed)
        var bins = SeriesBins(range: 0...10, capacity: 16)
        let values = (0..<2000).map { _ in Double.random(in: -5...5, using: &random) }
        for (index, value) in values.enumerated() { bins.add(x: Double(index), y: value) }
        #expect(bins.bins.count == 16)
        #expect(bins.upperBound >= 1999 && bins.upperBound < 4 * 2000)
        #expect(bins.bins.map(\.count).reduce(0, +) == values.count)
        #expect(bins.bins.map(\.low).min() == values.min())
        #expect(bins.bins.map(\.high).max() == values.max())
        let sum = bins.bins.filter { $0.count > 0 }.map { $0.mean * Double($0.count) }.reduce(0, +)
        #expect(abs(sum - values.reduce(0, +)) < 1e-9 * 2000)
    }

    @Test(
        "any range and any x end quickly",
        arguments: [0...0, 0...Double.leastNonzeroMagnitude, 0...1e300, -1e300...1e300, 1e18...1e18])
    func extremes(range: ClosedRange<Double>) {
        var bins = SeriesBins(range: range, capacity: 3)
        for x in [0.0, .leastNonzeroMagnitude, 1, 1e17, 1e299, .infinity] { bins.add(x: x, y: 1) }
        #expect(bins.bins.count == 4)
    }
}
