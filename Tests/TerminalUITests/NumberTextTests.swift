import Glibc
import Testing
import TerminalUI

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

    @Test("bytes and durations")
    func units() {
        #expect(NumberText.bytes(412) == "412 B")
        #expect(NumberText.bytes(11_600_000) == "11.6 MB")
        #expect(NumberText.bytes(999_600) == "1 MB")
        #expect(NumberText.duration(.milliseconds(12345)) == "12.3s")
        #expect(NumberText.duration(.seconds(245)) == "4:05")
        #expect(NumberText.duration(.seconds(3723)) == "1:02:03")
    }

    @Test("the logarithm agrees with the C library to the last digits", arguments: 0..<200 as Range<UInt64>)
    func logarithm(seed: UInt64) {
        var random = TestGenerator(seed: seed)
        let x = pow(10, Double.random(in: -300...300, using: &random))
        #expect(abs(decimalLogarithm(x) - log10(x)) <= 4e-16 * max(1, abs(log10(x))))
    }

    @Test("a text reads back within its digits", arguments: 0..<200 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = TestGenerator(seed: seed)
        let value = pow(10, Double.random(in: -12...12, using: &random))
        let read = try #require(Double(NumberText.significant(value, digits: 4)))
        #expect(abs(read - value) <= 0.5001e-3 * value)
    }
}
