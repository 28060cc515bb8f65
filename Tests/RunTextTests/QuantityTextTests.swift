import Testing

import RunText

@Suite("Quantity text")
struct QuantityTextTests {
    @Test(
        "fixed decimals round to nearest and keep their zeros",
        arguments: [
            (91.2, 2, "91.20"), (0.004, 2, "0.00"), (-0.004, 2, "0.00"), (-1.5, 1, "−1.5"),
            (99.999, 2, "100.00"),
            (3, 0, "3"), (.nan, 2, "–"), (.infinity, 2, "–"),
        ] as [(Double, Int, String)])
    func fixed(value: Double, decimals: Int, expected: String) {
        #expect(QuantityText.fixed(value, decimals: decimals) == expected)
    }

    @Test(
        "powers of ten carry over where rounding reaches ten",
        arguments: [
            (3.14e-4, "3.1e-4"), (9.99e-4, "1.0e-3"), (12345, "1.2e4"), (-2e-7, "−2.0e-7"), (0, "0"),
            (.leastNonzeroMagnitude, "4.9e-324"), (.nan, "–"),
        ] as [(Double, String)])
    func scientific(value: Double, expected: String) {
        #expect(QuantityText.scientific(value) == expected)
    }

    @Test(
        "a measure has three digits, below 0.1 with a power of ten",
        arguments: [
            (0.0123, "1.23e-2"), (0.123, "0.123"), (1.234, "1.23"), (123.44, "123"), (0.00123, "1.23e-3"),
            (0, "0"), (.nan, "–"), (.infinity, "–"),
        ] as [(Double, String)])
    func measure(value: Double, expected: String) {
        #expect(QuantityText.measure(value) == expected)
    }

    @Test(
        "a pair has one notation and says by how much it has changed",
        arguments: [
            (0.0106, 0.0094, "1.06e-2 → 9.40e-3 (−11 %)"), (0.114, 0.0213, "1.14e-1 → 2.13e-2 (−81 %)"),
            (2, 2, "2.00 → 2.00 (0 %)"), (1, 1.004, "1.00 → 1.00 (+0.4 %)"), (1, 12.2, "1.00 → 12.2 (×12)"),
            (0, 1, "0 → 1.00"), (1, .nan, "1.00 → –"),
        ] as [(Double, Double, String)])
    func pair(before: Double, after: Double, expected: String) {
        #expect(QuantityText.pair(before, after) == expected)
    }

    @Test(
        "a ratio reads as a factor and as a change",
        arguments: [
            (0.887, "×0.89", "−11 %"), (1, "×1.00", "0 %"), (2.06, "×2.1", "+106 %"), (55.4, "×55", "×55"),
            (12_345, "×1.2e4", "×1.2e4"), (.nan, "–", "–"), (9.96, "×10", "×10"), (0.9996, "×1.00", "0 %"),
        ] as [(Double, String, String)])
    func ratio(ratio: Double, factor: String, change: String) {
        #expect(QuantityText.factor(ratio) == factor)
        #expect(QuantityText.change(ratio) == change)
    }

    @Test(
        "sizes and counts name their unit",
        arguments: [
            (812, "812 B", "812"), (98_210, "98.2 kB", "98 210"), (4_310_000, "4.31 MB", "4 310 000"),
            (1_200_000_000, "1.20 GB", "1 200 000 000"),
        ])
    func sizes(value: Int, bytes: String, count: String) {
        #expect(QuantityText.bytes(value) == bytes)
        #expect(QuantityText.count(value) == count)
    }

    @Test(
        "times read as a clock and as a span",
        arguments: [
            (0.42, "00:00", "0.42 s"), (12.34, "00:12", "12.3 s"), (451, "07:31", "7 min 31 s"),
            (4051, "1:07:31", "1 h 07 min"), (.infinity, "–", "–"), (-3, "00:00", "0.00 s"),
        ] as [(Double, String, String)])
    func times(seconds: Double, clock: String, duration: String) {
        #expect(QuantityText.clock(seconds) == clock)
        #expect(QuantityText.duration(seconds) == duration)
    }

    @Test(
        "what is estimated reads as such",
        arguments: [
            (0.44, "0.4 s"), (9.96, "10 s"), (58.8, "59 s"), (99.6, "1 min 40 s"), (128, "2 min 10 s"),
            (598, "10 min 00 s"), (1685, "28 min"), (7530, "2 h 06 min"), (.infinity, "–"), (-3, "0.0 s"),
        ] as [(Double, String)])
    func roughTimes(seconds: Double, expected: String) {
        #expect(QuantityText.roughDuration(seconds) == expected)
    }

    @Test(
        "estimated sizes have two digits that count",
        arguments: [
            (-1, "0 B"), (87, "87 B"), (999, "1.0 kB"), (98_210, "98 kB"), (502_740_000, "500 MB"),
            (2_197_047_000, "2.2 GB"), (310_000_000, "310 MB"), (5_400_000_000_000, "5.4 TB"),
        ])
    func roughSizes(value: Int, expected: String) {
        #expect(QuantityText.roughBytes(value) == expected)
    }
}
