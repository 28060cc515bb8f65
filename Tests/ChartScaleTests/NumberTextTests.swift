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
        "axis labels",
        arguments: [
            (0, "0"), (2500, "2500"), (10000, "10k"), (1.5e6, "1.5M"), (2e9, "2G"), (0.05, "0.05"),
            (1e-4, "1e-4"),
            (-0.002, "-2e-3"), (5e12, "5e12"),
        ] as [(Double, String)])
    func axis(value: Double, expected: String) {
        #expect(NumberText.axis(value) == expected)
    }

    @Test("a text reads back within its digits", arguments: 0..<200 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = TestGenerator(seed: seed)
        let value = pow(10, Double.random(in: -12...12, using: &random))
        let read = try #require(Double(NumberText.significant(value, digits: 4)))
        #expect(abs(read - value) <= 0.5001e-3 * value)
    }
}
