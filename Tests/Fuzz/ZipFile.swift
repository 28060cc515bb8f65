import TensorCore

/// A ZIP file in parts, as `torch.save` and `numpy.savez` write it.
struct ZipFile {
    struct Entry {
        var name: [UInt8]
        /// 0 stored, 8 deflated.
        var method: UInt64
        var content: [UInt8]
        /// The length and the checksum of the content when inflated; of what is stored they follow from it.
        var length: UInt64
        var checksum: UInt64
    }

    var entries: [Entry] = []

    /// Takes a file apart; nil where it is none.
    init?(_ bytes: [UInt8]) {
        func number(_ place: Int, _ width: Int) -> Int {
            guard place >= 0, place + width <= bytes.count else { return -1 }
            return (0..<width).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
        }
        guard bytes.starts(with: [0x50, 0x4B, 3, 4]), number(bytes.count - 22, 4) == 0x0605_4B50 else {
            return nil
        }
        var place = number(bytes.count - 6, 4)
        for _ in 0..<number(bytes.count - 12, 2) {
            guard number(place, 4) == 0x0201_4B50 else { return nil }
            let (name, local) = (number(place + 28, 2), number(place + 42, 4))
            let start = local + 30 + number(local + 26, 2) + number(local + 28, 2)
            let end = start + number(place + 20, 4)
            guard start > 0, start <= end, end <= bytes.count, place + 46 + name <= bytes.count else {
                return nil
            }
            entries.append(
                Entry(
                    name: Array(bytes[place + 46..<place + 46 + name]), method: UInt64(number(place + 10, 2)),
                    content: Array(bytes[start..<end]), length: UInt64(number(place + 24, 4)),
                    checksum: UInt64(number(place + 16, 4))))
            place += 46 + name + number(place + 30, 2) + number(place + 32, 2)
        }
    }

    /// The file put together again, lengths and checksums right.
    var bytes: [UInt8] {
        var (file, directory): ([UInt8], [UInt8]) = ([], [])
        func little(_ value: UInt64, _ width: Int) -> [UInt8] {
            (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
        }
        for entry in entries {
            let isStored = entry.method == 0
            let sizes =
                little(isStored ? UInt64(checksum(of: entry.content)) : entry.checksum, 4)
                + little(UInt64(entry.content.count), 4)
                + little(isStored ? UInt64(entry.content.count) : entry.length, 4)
                + little(UInt64(entry.name.count), 2)
            let method = little(entry.method, 2) + little(0, 4)
            directory += [0x50, 0x4B, 1, 2, 20, 0, 20, 0, 0, 0] + method + sizes
            directory += little(0, 12) + little(UInt64(file.count), 4) + entry.name
            file +=
                [0x50, 0x4B, 3, 4, 20, 0, 0, 0] + method + sizes + little(0, 2) + entry.name + entry.content
        }
        let count = little(UInt64(entries.count), 2)
        return file + directory + [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + count + count
            + little(UInt64(directory.count), 4) + little(UInt64(file.count), 4) + [0, 0]
    }
}

extension Mutator {
    /// Changes the content of an entry, its pickle's opcodes, or the list of entries.
    mutating func change(_ file: inout ZipFile) {
        guard !file.entries.isEmpty else { return }
        let index = generator.index(below: file.entries.count)
        let pickle = file.entries.firstIndex { $0.name.suffix(8) == Array("data.pkl".utf8) }
        switch generator.index(below: 12) {
        case 0...3: changeContent(of: &file.entries[index].content)
        case 4:
            let other = generator.index(below: file.entries.count)
            file.entries.swapAt(index, other)
        case 5: file.entries[index].name = file.entries[generator.index(below: file.entries.count)].name
        case 6: file.entries.remove(at: index)
        case 7: file.entries[index].method = any(of: [0, 8, 12]) ?? 0
        case 8:
            file.entries[index].content.removeLast(
                min(file.entries[index].content.count, 1 + generator.index(below: 4)))
        default:
            if let pickle {
                var code = PickleCode(file.entries[pickle].content)
                change(&code)
                file.entries[pickle].content = code.bytes
            } else {
                changeContent(of: &file.entries[index].content)
            }
        }
    }
}
