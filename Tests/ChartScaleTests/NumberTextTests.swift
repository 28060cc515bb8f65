import Glibc
import ChartScale
import TestSupport
import Testing

@Suite("Numbers as text")
struct NumberTextTests {
    @Test(
        "significant digits",
        arguments: [
            (0.0022, "0.0022"), (1240, "1240"), (3.1e-5, "3.1e-5"), (0, "0"), (-79.14, "-79.1"),
            (999.96, "1000"),
            (123456, "123000"), (1e7, "1e7"), (0.001, "0.001"), (9.999e-4, "0.001"), (.nan, "nan"),
            (-.infinity, "-inf"),
            (1e-300, "0"), (5e22, "5e22"),
        ] as [(Double, String)])
    func significant(value: Double, expected: String) {
        #expect(NumberText.significant(value) == expected)
    }

    @Test(
        "fixed decimals",
        arguments: [
            (79.14, 1, "79.1"), (79.15, 0, "79"), (-0.04, 1, "0.0"), (0.5, 2, "0.50"), (1e18, 1, "1e18"),
            (.nan, 1, "nan"),
            (99.95, 1, "100.0"),
        ] as [(Double, Int, String)])
    func fixed(value: Double, decimals: Int, expected: String) {
        #expect(NumberText.fixed(value, decimals: decimals) == expected)
    }

    @Test(
        "the labels of an axis are different numbers in one notation",
        arguments: [
            ([0, 2500, 5000], false, ["0", "2500", "5000"]), ([0, 5000, 10000], false, ["0", "5k", "10k"]),
            ([2500, 5000, 12500], false, ["2.5k", "5.0k", "12.5k"]),
            ([0.9, 0.95, 1, 1.05], false, ["0.90", "0.95", "1.00", "1.05"]),
            ([0.0095, 0.01, 0.0105], false, ["0.0095", "0.0100", "0.0105"]),
            ([9.5e-4, 1e-3, 1.05e-3], false, ["0.95e-3", "1.00e-3", "1.05e-3"]),
            ([-0.5, 0, 0.5], false, ["-0.5", "0", "0.5"]),
            ([1e-4, 1e-3, 0.01, 0.1], true, ["1e-4", "1e-3", "1e-2", "1e-1"]),
            ([0.01, 0.1, 1, 10], true, ["0.01", "0.1", "1", "10"]),
            ([1, 100, 10000, 1e6], true, ["1", "100", "10k", "1M"]), ([1e-6, 1], true, ["1e-6", "1e0"]),
            ([2e9, 4e9], false, ["2G", "4G"]), ([0, 5e12], false, ["0", "5e12"]), ([0], false, ["0"]),
        ] as [([Double], Bool, [String])])
    func labels(values: [Double], spansDecades: Bool, expected: [String]) {
        #expect(NumberText.labels(values, spansDecades: spansDecades) == expected)
    }

    @Test(
        "numbers that are compared have one notation",
        arguments: [
            ([0.0106, 9.4e-3], ["1.06e-2", "9.40e-3"]), ([0.114, 0.0213], ["1.14e-1", "2.13e-2"]),
            ([0.114, 1.2], ["0.114", "1.20"]), ([12.34, 1234], ["12.3", "1230"]),
            ([0, 0.5], ["0", "0.500"]),
            ([0.09999], ["1.00e-1"]), ([-2e-7], ["-2.00e-7"]), ([9999.6], ["1.00e4"]),
        ] as [([Double], [String])])
    func comparable(values: [Double], expected: [String]) {
        #expect(NumberText.comparable(values) == expected)
    }

    @Test("a text reads back within its digits", arguments: 0..<200 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = TestGenerator(seed: seed)
        let value = pow(10, Double.random(in: -12...12, using: &random))
        let read = try #require(Double(NumberText.significant(value, digits: 4)))
        #expect(abs(read - value) <= 0.5001e-3 * value)
    }
}
