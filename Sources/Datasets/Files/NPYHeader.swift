internal import Safetensors

/// What stands before the elements of an npy array.
///
/// Source: numpy/lib/format.py, versions 1.0 to 3.0.
struct NPYHeader: Equatable {
    /// The types of elements that are read: letter and bytes of a `descr` such as `<f4`.
    struct ElementType: Equatable {
        /// `f` floats, `i` and `u` integers.
        var kind: Character
        /// Bytes in an element.
        var width: Int
    }

    /// The elements' type, little-endian.
    var type: ElementType
    /// Whether the first axis varies fastest.
    var isFortran: Bool
    /// The extents, outermost axis first.
    var shape: [Int]
    /// The bytes before the elements.
    var length: Int

    /// The first bytes of every npy file.
    static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    /// The longest description that is read.
    private static let greatestLength = 1 << 20

    /// Reads and checks a header.
    ///
    /// - Parameters:
    ///   - bytes: The whole array: header and elements.
    ///   - file: For errors.
    ///   - name: The array's name in an archive, for errors.
    /// - Throws: `DatasetError` with `.malformed` for a broken header or another number of elements than it announces,
    ///   `.wrongType` for elements that are not read.
    init(parsing bytes: Span<UInt8>, file: String, name: String?) throws(DatasetError) {
        func malformed(_ detail: String) -> DatasetError {
            DatasetError(.malformed, file: file, tensor: name, detail: detail)
        }
        guard bytes.count >= 10, Self.magic.indices.allSatisfy({ bytes[$0] == Self.magic[$0] }) else {
            throw malformed("this is not an npy array, which would begin with \\x93NUMPY")
        }
        let version = bytes[6]
        guard 1...3 ~= version, bytes[7] == 0 else {
            throw malformed("the npy version is \(version).\(bytes[7]); 1.0 to 3.0 are read")
        }
        let start = version == 1 ? 10 : 12
        guard bytes.count >= start else { throw malformed("the header ends early") }
        let announced = (8..<start).reversed().reduce(0) { $0 << 8 | Int(bytes[$1]) }
        guard announced <= Self.greatestLength else {
            throw malformed("the header announces \(announced) bytes; up to \(Self.greatestLength) are read")
        }
        guard announced <= bytes.count - start else {
            throw malformed(
                "the header announces \(announced) bytes, but the file has \(bytes.count - start) more")
        }
        let text = (start..<start + announced).map { bytes[$0] }
        length = start + announced
        var literal = PythonLiteral(text)
        guard let fields = literal.dictionary() else {
            throw malformed(
                "the header is not the dictionary of descr, fortran_order and shape that it must be")
        }
        guard case .text(let descr)? = fields["descr"], case .truth(let isFortran)? = fields["fortran_order"],
            case .numbers(let shape)? = fields["shape"], fields.count == 3
        else {
            throw DatasetError(
                .wrongType, file: file, tensor: name,
                detail:
                    "the header does not describe a plain array: it needs descr, fortran_order and shape, and no "
                    + "records")
        }
        self.isFortran = isFortran
        self.shape = shape
        type = try Self.type(descr, file: file, name: name)
        var size = type.width
        for extent in shape {
            let (product, overflows) = size.multipliedReportingOverflow(by: extent)
            guard !overflows else {
                throw malformed("the shape \(shape) has more elements than can be counted")
            }
            size = product
        }
        guard size == bytes.count - length else {
            throw malformed(
                "the shape \(shape) of \(descr) takes \(size) bytes, but \(bytes.count - length) follow the header"
            )
        }
    }

    private static func type(
        _ descr: String, file: String, name: String?
    ) throws(DatasetError) -> ElementType {
        let letters = Array(descr)
        let known: [Character: [Int]] = ["f": [2, 4, 8], "i": [1, 2, 4, 8], "u": [1, 2, 4, 8]]
        guard letters.count == 3, let width = letters[2].wholeNumberValue,
            known[letters[1]]?.contains(width) == true,
            letters[0] == "<" || (letters[0] == "|" || letters[0] == ">") && width == 1
        else {
            let reason =
                letters.dropFirst().first == "O"
                ? "Python objects, which are never loaded"
                : letters.first == ">" ? "big-endian" : "of a type that is not read"
            throw DatasetError(
                .wrongType, file: file, tensor: name,
                detail:
                    "the elements, “\(printable(String(descr.prefix(40))))”, are \(reason); |u1, <f2, <f4 and <f8 are "
                    + "read as images, and little-endian integers as labels")
        }
        return ElementType(kind: letters[1], width: width)
    }
}

/// Reads the few Python literals that an npy header is made of.
private struct PythonLiteral {
    enum Value {
        case text(String)
        case truth(Bool)
        case numbers([Int])
    }

    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The dictionary that all bytes make; nil where they make none.
    mutating func dictionary() -> [String: Value]? {
        var result: [String: Value] = [:]
        guard take("{") else { return nil }
        while !take("}") {
            guard let key = text(), take(":"), let value = value(),
                result.updateValue(value, forKey: key) == nil,
                take(",") || peek("}")
            else { return nil }
        }
        skipBlanks()
        return place == bytes.count ? result : nil
    }

    private mutating func value() -> Value? {
        if let text = text() { return .text(text) }
        if takeWord("True") { return .truth(true) }
        if takeWord("False") { return .truth(false) }
        guard take("(") else { return nil }
        var numbers: [Int] = []
        while !take(")") {
            guard numbers.count < 32, let number = number(), take(",") || peek(")") else { return nil }
            numbers.append(number)
        }
        return .numbers(numbers)
    }

    private mutating func number() -> Int? {
        skipBlanks()
        var digits = ""
        while place < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[place]) {
            digits.unicodeScalars.append(Unicode.Scalar(bytes[place]))
            place += 1
        }
        // Python 2 wrote long integers so.
        if place < bytes.count, bytes[place] == UInt8(ascii: "L") { place += 1 }
        return Int(digits)
    }

    private mutating func text() -> String? {
        skipBlanks()
        guard place < bytes.count, bytes[place] == UInt8(ascii: "'") || bytes[place] == UInt8(ascii: "\"")
        else {
            return nil
        }
        let end = bytes[(place + 1)...].firstIndex(of: bytes[place])
        guard let end else { return nil }
        let content = bytes[place + 1..<end]
        guard !content.contains(UInt8(ascii: "\\")) else { return nil }
        place = end + 1
        return String(validating: content, as: UTF8.self)
    }

    private mutating func skipBlanks() {
        while place < bytes.count, bytes[place] == 0x20 || bytes[place] == 0x0A { place += 1 }
    }

    private mutating func peek(_ character: Character) -> Bool {
        skipBlanks()
        return place < bytes.count && bytes[place] == character.asciiValue
    }

    private mutating func take(_ character: Character) -> Bool {
        guard peek(character) else { return false }
        place += 1
        return true
    }

    private mutating func takeWord(_ word: String) -> Bool {
        skipBlanks()
        guard bytes[place...].starts(with: word.utf8) else { return false }
        place += word.utf8.count
        return true
    }
}
