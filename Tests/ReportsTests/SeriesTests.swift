import Runs
import SampleRun
import Testing
import Vocabulary

@testable import Reports

@Suite("Series of a run")
struct SeriesTests {
    private let series = ReportSamples.finished().series

    @Test("read back from JSON and from a page as what they were")
    func roundTrip() throws {
        #expect(series.attempts.count == 4 && series.sweep.count == 25 && series.evaluations.count == 3)
        #expect(try RunSeries(file: series.json(), path: "x") == series)
        let page = try ReportSamples.page(ReportSamples.finished())
        #expect(try RunSeries(file: Array(page.utf8), path: "x") == series)
    }

    @Test("name every measurement of every step, the chosen attempt apart from the others")
    func names() throws {
        let second = try #require(series.attempts.first { $0.attempt == 2 })
        #expect(second.unit == "blocks.0" && second.isChosen)
        #expect(series.attempts.filter(\.isChosen).map(\.unit) == ["stem", "blocks.0", "head"])
        let names = second.series.map(\.name)
        for name in ["loss", "block_loss", "weighted_global", "gradient_norm_local", "cosine_block_global"] {
            #expect(names.contains(name), "\(name)")
        }
        let loss = try #require(second.series.first { $0.name == "block_loss" })
        #expect(loss.steps == nil && loss.values.count == second.steps.count)
        // Measured at probed steps only.
        let norm = try #require(second.series.first { $0.name == "gradient_norm_block" })
        #expect(second.values(of: norm).count == norm.values.count)
    }

    @Test("keep a value that is not finite as unknown, in every format")
    func notFinite() throws {
        let sample = SampleRun(blocks: 0, steps: 10)
        var events = sample.opening + sample.unit(0, through: 3)
        for index in events.indices {
            guard case .stepped(var step) = events[index] else { continue }
            step.terms.block = .infinity
            events[index] = .stepped(step)
        }
        let series = ReportSamples.run(events).series
        let block = try #require(series.attempts[0].series.first { $0.name == "block_loss" })
        #expect(block.values == [nil])
        #expect(try RunSeries(file: series.json(), path: "x") == series)
        #expect(String(decoding: series.csv, as: UTF8.self).contains("stem,1,1,block_loss,\r\n"))
    }

    @Test("leave steps out of a page that would be too long, but never the last one")
    func thinned() throws {
        let thin = series.thinned(toValues: 100)
        #expect(thin.stride > 1 && thin.attempts.map(\.steps.last) == series.attempts.map(\.steps.last))
        let count = thin.attempts.reduce(0) { $0 + $1.count }
        #expect(count < series.attempts.reduce(0) { $0 + $1.count } / 2)
        #expect(try RunSeries(file: thin.json(), path: "x") == thin)
        #expect(series.thinned(toValues: 1_000_000) == series)
    }

    @Test(
        "are refused with the file's name where it holds none",
        arguments: [
            "", "{}", "<html></html>", "{\"schema\": 2}", RunSeries.opening, RunSeries.opening + "{}",
            RunSeries.opening + "{}" + RunSeries.closing,
        ])
    func refusals(text: String) {
        #expect { try RunSeries(file: Array(text.utf8), path: "a/page.html") } throws: {
            guard let failure = $0 as? RunFailure else { return false }
            return failure.kind == .badData && failure.message.hasPrefix("a/page.html ")
        }
    }

    @Test("are refused where values and steps differ in number, or the schema is another")
    func inconsistent() throws {
        var broken = series
        broken.attempts[0].series[0].values.removeLast()
        #expect(throws: RunFailure.self) { try RunSeries(file: broken.json(), path: "x") }
        var later = series
        later.schema = 2
        #expect(throws: RunFailure.self) { try RunSeries(file: later.json(), path: "x") }
    }

    // MARK: - CSV

    @Test("make a table of five columns, quoted where a name asks for it (RFC 4180)")
    func csv() throws {
        var quoted = series
        quoted.attempts[0].unit = "a, \"b\"\nc"
        let text = String(decoding: quoted.csv, as: UTF8.self)
        #expect(text.hasPrefix("unit,attempt,step,series,value\r\n\"a, \"\"b\"\"\nc\",1,1,loss,"))
        let rows = String(decoding: series.csv, as: UTF8.self).split(separator: "\r\n")
        #expect(rows.allSatisfy { $0.split(separator: ",", omittingEmptySubsequences: false).count == 5 })
        let values = series.attempts.reduce(0) { $0 + $1.count }
        #expect(
            rows.count > values
                && rows.contains("blocks.0,2,,seconds,\(series.attempts[2].outcome?.seconds ?? 0)"))
        #expect(rows.contains("head,1,,calibrated_loss,\(series.attempts[3].outcome?.calibratedLoss ?? 0)"))
        #expect(rows.contains(",,,final/top1,90.9") && rows.contains { $0.hasPrefix(",,,sweep/w8a8/kl,") })
    }

    // MARK: - TensorBoard

    @Test("are checked by CRC-32C in TensorBoard's files", arguments: [("123456789", 0xE306_9283), ("", 0)])
    func crc(text: String, value: UInt32) {
        #expect(TensorBoardFile.crc32c(Array(text.utf8)) == value)
    }

    @Test("make records of TensorBoard, the chosen attempts apart from the others")
    func tensorBoard() throws {
        let files = series.tensorBoard(end: 1_700_000_000)
        let name = "events.out.tfevents.1700000000.mgrq"
        #expect(files.map(\.name) == [name, "attempt-1/\(name)"])
        let events = try TensorBoardRecords.events(files[0].bytes)
        #expect(events[0].version == "brain.Event:2" && events.dropFirst().allSatisfy { $0.version == nil })
        let losses = events.filter { $0.tag == "unit/blocks.0/block_loss" }
        let known = try #require(series.attempts[2].series.first { $0.name == "block_loss" })
        #expect(losses.map(\.step) == series.attempts[2].steps)
        #expect(losses.map(\.value) == known.values)
        #expect(losses.allSatisfy { $0.time > 1_699_999_000 && $0.time <= 1_700_000_000 })
        #expect(zip(losses, losses.dropFirst()).allSatisfy { $0.time <= $1.time })
        #expect(events.contains { $0.tag == "units/final_kl" && $0.step == 3 })
        #expect(events.contains { $0.tag == "model/final/top1" && $0.value == 90.9 })
        let others = try TensorBoardRecords.events(files[1].bytes)
        #expect(Set(others.compactMap(\.tag)).allSatisfy { $0.hasPrefix("unit/blocks.0/") })
    }
}

/// A reader of TensorBoard's files that shares nothing with the writer but the check of bytes.
enum TensorBoardRecords {
    struct Event {
        var time = 0.0
        var step = 0
        var version: String?
        var tag: String?
        var value: Float?
    }

    struct Damage: Error {}

    static func events(_ bytes: [UInt8]) throws -> [Event] {
        var (rest, events) = (bytes[...], [Event]())
        func take(_ count: Int) throws -> [UInt8] {
            guard rest.count >= count else { throw Damage() }
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        func number(_ bytes: [UInt8]) -> UInt64 { bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
        func check(_ bytes: [UInt8]) throws {
            let masked = UInt32(number(try take(4))) &- 0xA282_EAD8
            guard masked << 15 | masked >> 17 == TensorBoardFile.crc32c(bytes) else { throw Damage() }
        }
        while !rest.isEmpty {
            let length = try take(8)
            try check(length)
            let record = try take(Int(number(length)))
            try check(record)
            var event = Event()
            try read(record) { field, value in
                switch field {
                case 1: event.time = Double(bitPattern: number(value))
                case 2: event.step = Int(number(value))
                case 3: event.version = String(decoding: value, as: UTF8.self)
                default:
                    try read(value) { _, value in
                        try read(value) { field, value in
                            if field == 1 { event.tag = String(decoding: value, as: UTF8.self) }
                            if field == 2 { event.value = Float(bitPattern: UInt32(number(value))) }
                        }
                    }
                }
            }
            events.append(event)
        }
        return events
    }

    /// The fields of a message, numbers as little-endian bytes.
    private static func read(_ bytes: [UInt8], _ body: (Int, [UInt8]) throws -> Void) throws {
        var index = 0
        func varint() throws -> UInt64 {
            var (value, shift) = (UInt64(0), UInt64(0))
            while index < bytes.count {
                value |= UInt64(bytes[index] & 0x7F) << shift
                shift += 7
                index += 1
                if bytes[index - 1] < 0x80 { return value }
            }
            throw Damage()
        }
        while index < bytes.count {
            let tag = try varint()
            let count: Int
            switch tag & 7 {
            case 0:
                let value = try varint()
                try body(Int(tag >> 3), (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) })
                continue
            case 1: count = 8
            case 2: count = Int(try varint())
            case 5: count = 4
            default: throw Damage()
            }
            guard index + count <= bytes.count else { throw Damage() }
            try body(Int(tag >> 3), Array(bytes[index..<index + count]))
            index += count
        }
    }
}
