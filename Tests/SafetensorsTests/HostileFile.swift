import Safetensors
import Testing

/// Bytes that are not a safetensors file, and the expected error.
struct HostileFile: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    let code: SafetensorsError.Code
    /// The byte that the error must report; nil if any is accepted.
    var byte: Int?
    /// The tensor that the error must name.
    var tensor: String?

    private init(
        _ description: String, _ bytes: [UInt8], _ code: SafetensorsError.Code, byte: Int? = nil,
        tensor: String? = nil
    ) {
        testDescription = description
        self.bytes = bytes
        self.code = code
        self.byte = byte
        self.tensor = tensor
    }

    /// A file with this header and as many zero bytes of data.
    private init(
        _ description: String, _ header: String, data: Int = 0, _ code: SafetensorsError.Code,
        byte: Int? = nil,
        tensor: String? = nil
    ) {
        self.init(
            description, safetensors(header, data: Array(repeating: 0, count: data)), code, byte: byte,
            tensor: tensor)
    }

    /// A file with one tensor `a` whose fields are given.
    private init(
        _ description: String, type: String = "U8", shape: String, offsets: String, data: Int = 4,
        _ code: SafetensorsError.Code
    ) {
        self.init(
            description, #"{"a":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":\#(offsets)}}"#,
            data: data,
            code, tensor: "a")
    }

    static let all = lengths + syntax + strings + entries + numbers + layouts

    static let lengths: [HostileFile] = [
        HostileFile("empty file", [], .truncated, byte: 0),
        HostileFile("seven bytes", Array(repeating: 0, count: 7), .truncated, byte: 7),
        HostileFile("a header of no bytes", Array(repeating: 0, count: 8), .malformedHeader, byte: 8),
        HostileFile("a header of one byte", safetensors("{"), .malformedHeader, byte: 8),
        HostileFile(
            "a header longer than the file", [200, 0, 0, 0, 0, 0, 0, 0] + Array("{}".utf8), .truncated,
            byte: 10),
        HostileFile(
            "a header one byte longer than the file", [3, 0, 0, 0, 0, 0, 0, 0, 123, 125], .truncated, byte: 10
        ),
        HostileFile(
            "a header of 2⁶⁴ − 1 bytes", Array(repeating: 255, count: 8) + [123, 125], .headerTooLarge,
            byte: 0),
        HostileFile("a header of 2⁶³ bytes", [0, 0, 0, 0, 0, 0, 0, 128, 123, 125], .headerTooLarge, byte: 0),
        HostileFile(
            "a header of 100,000,001 bytes", [1, 225, 245, 5, 0, 0, 0, 0, 123, 125], .headerTooLarge, byte: 0),
        HostileFile(
            "a ZIP archive", Array("PK\u{3}\u{4}\u{14}\0\u{8}\u{8}\0\0\0\0".utf8), .headerTooLarge, byte: 0),
    ]

    static let syntax: [HostileFile] = [
        HostileFile("white space before the brace", #" {}"#, .malformedHeader, byte: 8),
        HostileFile("a list", #"[]"#, .malformedHeader, byte: 8),
        HostileFile("no closing brace", #"{ "#, .malformedHeader, byte: 10),
        HostileFile("text after the closing brace", #"{}x"#, .malformedHeader, byte: 10),
        HostileFile("a second object", #"{}{}"#, .malformedHeader, byte: 10),
        HostileFile("zero bytes as padding", "{}\0\0", .malformedHeader, byte: 10),
        HostileFile("a comma at the end", #"{"__metadata__":{},}"#, .malformedHeader, byte: 27),
        HostileFile("a comma at the start", #"{,}"#, .malformedHeader, byte: 9),
        HostileFile("no colon", #"{"__metadata__"{}}"#, .malformedHeader, byte: 23),
        HostileFile("no comma", #"{"__metadata__":{}"a":1}"#, .malformedHeader, byte: 26),
        HostileFile("a key without quotation marks", #"{a:1}"#, .malformedHeader, byte: 9),
        HostileFile("metadata that is a string", #"{"__metadata__":"x"}"#, .malformedHeader, byte: 24),
        HostileFile("metadata with a number", #"{"__metadata__":{"x":1}}"#, .malformedHeader, byte: 29),
        HostileFile("two metadata", #"{"__metadata__":{},"__metadata__":{}}"#, .duplicateKey),
        HostileFile("two entries in the metadata", #"{"__metadata__":{"x":"1","x":"1"}}"#, .duplicateKey),
        HostileFile("a tensor that is a number", #"{"a":1}"#, .malformedHeader, byte: 13, tensor: "a"),
        HostileFile(
            "nothing but braces, deep", String(repeating: #"{"a":"#, count: 100_000), .malformedHeader,
            tensor: "a"),
        HostileFile(
            "an unknown field of lists, deep", #"{"a":{"x":"# + String(repeating: "[", count: 100_000),
            .malformedHeader, tensor: "a"),
        HostileFile(
            "an unknown field of objects, deep",
            #"{"a":{"x":"# + String(repeating: #"{"y":"#, count: 100_000),
            .malformedHeader, tensor: "a"),
        HostileFile(
            "an unknown field that is not a JSON value", #"{"a":{"x":nil}}"#, .malformedHeader, byte: 18,
            tensor: "a"),
        HostileFile("an unknown field of +1", #"{"a":{"x":+1}}"#, .malformedHeader, byte: 18, tensor: "a"),
        HostileFile("an unknown field of 1.", #"{"a":{"x":1.}}"#, .malformedHeader, byte: 18, tensor: "a"),
        HostileFile("an unknown field of 01", #"{"a":{"x":01}}"#, .malformedHeader, byte: 18, tensor: "a"),
        HostileFile("an unknown field of 1e", #"{"a":{"x":1e}}"#, .malformedHeader, byte: 18, tensor: "a"),
    ]

    static let strings: [HostileFile] = [
        HostileFile("a key without an end", #"{"abc"#, .malformedHeader, byte: 9),
        HostileFile("a key that ends in a backslash", #"{"abc\"#, .malformedHeader, byte: 14),
        HostileFile("an unknown escape", #"{"a\x":1}"#, .malformedHeader, byte: 11),
        HostileFile("an escape cut short", #"{"\u12"#, .malformedHeader, byte: 14),
        HostileFile("an escape with a wrong digit", #"{"\u12g4":1}"#, .malformedHeader, byte: 14),
        HostileFile("half a surrogate pair", #"{"\ud800":1}"#, .malformedHeader, byte: 10),
        HostileFile("the second half alone", #"{"\udc00":1}"#, .malformedHeader, byte: 10),
        HostileFile("two first halves", #"{"\ud800\ud800":1}"#, .malformedHeader, byte: 10),
        HostileFile("a line break in a key", "{\"a\n\":1}", .malformedHeader, byte: 11),
        HostileFile("a zero byte in a key", "{\"a\0\":1}", .malformedHeader, byte: 11),
        HostileFile(
            "invalid UTF-8 in a key", safetensors([123, 34, 0xFF, 34, 58, 49, 125]), .malformedHeader,
            byte: 10),
        HostileFile(
            "invalid UTF-8 after an escape", safetensors(Array(#"{"\n"#.utf8) + [0xC3, 34, 58, 49, 125]),
            .malformedHeader, byte: 10),
        HostileFile(
            "overlong UTF-8 in a key", safetensors([123, 34, 0xC0, 0xAF, 34, 58, 49, 125]), .malformedHeader,
            byte: 10),
        HostileFile(
            "a surrogate in UTF-8", safetensors([123, 34, 0xED, 0xA0, 0x80, 34, 58, 49, 125]),
            .malformedHeader,
            byte: 10),
        HostileFile(
            "invalid UTF-8 outside strings", safetensors([123, 0xFF, 125]), .malformedHeader, byte: 9),
    ]

    static let entries: [HostileFile] = [
        HostileFile(
            "two tensors of one name",
            #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#,
            data: 2, .duplicateKey, tensor: "a"),
        HostileFile(
            "two tensors of one name, one escaped",
            #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#,
            .duplicateKey, tensor: "a"),
        HostileFile(
            "two types", #"{"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#,
            .duplicateKey,
            tensor: "a"),
        HostileFile(
            "no type", #"{"a":{"shape":[0],"data_offsets":[0,0]}}"#, .malformedHeader, byte: 13, tensor: "a"),
        HostileFile("no shape", #"{"a":{"dtype":"U8","data_offsets":[0,0]}}"#, .malformedHeader, tensor: "a"),
        HostileFile("no offsets", #"{"a":{"dtype":"U8","shape":[0]}}"#, .malformedHeader, tensor: "a"),
        HostileFile("an unknown type", type: "I4", shape: "[4]", offsets: "[0,4]", .unsupportedType),
        HostileFile("a type in small letters", type: "u8", shape: "[4]", offsets: "[0,4]", .unsupportedType),
        HostileFile("a shape that is a number", shape: "4", offsets: "[0,4]", .malformedHeader),
        HostileFile("a shape in a shape", shape: "[[4]]", offsets: "[0,4]", .malformedHeader),
        HostileFile("a shape of text", shape: #"["4"]"#, offsets: "[0,4]", .malformedHeader),
        HostileFile("a shape with a comma at the end", shape: "[4,]", offsets: "[0,4]", .malformedHeader),
        HostileFile("a shape that is null", shape: "null", offsets: "[0,4]", .malformedHeader),
        HostileFile("one offset", shape: "[4]", offsets: "[0]", .malformedHeader),
        HostileFile("three offsets", shape: "[4]", offsets: "[0,4,4]", .malformedHeader),
        HostileFile("half a byte", type: "F4", shape: "[7]", offsets: "[0,4]", .badShape),
        HostileFile("three quarters of a byte", type: "F6_E2M3", shape: "[5]", offsets: "[0,4]", .badShape),
    ]

    static let numbers: [HostileFile] = [
        HostileFile("a negative extent", shape: "[-4]", offsets: "[0,4]", .badShape),
        HostileFile("two negative extents", shape: "[-2,-2]", offsets: "[0,4]", .badShape),
        HostileFile("an extent with a fraction", shape: "[4.0]", offsets: "[0,4]", .badShape),
        HostileFile("an extent with an exponent", shape: "[4e0]", offsets: "[0,4]", .badShape),
        HostileFile("an extent with a zero before it", shape: "[04]", offsets: "[0,4]", .malformedHeader),
        HostileFile("an extent with a sign", shape: "[+4]", offsets: "[0,4]", .malformedHeader),
        HostileFile("an extent of 2⁶³", shape: "[9223372036854775808]", offsets: "[0,4]", .badShape),
        HostileFile("an extent of 2⁶⁴ + 4", shape: "[18446744073709551620]", offsets: "[0,4]", .badShape),
        HostileFile(
            "an extent of a thousand digits", shape: "[1" + String(repeating: "0", count: 1_000) + "]",
            offsets: "[0,4]", .badShape),
        HostileFile("an extent that is not a number", shape: "[NaN]", offsets: "[0,4]", .malformedHeader),
        HostileFile("a product of 2⁸⁰", shape: "[1099511627776,1099511627776]", offsets: "[0,4]", .badShape),
        HostileFile(
            "a product of 2⁶⁴ that would wrap to 0", shape: "[4294967296,4294967296]", offsets: "[0,0]",
            data: 0,
            .badShape),
        HostileFile(
            "a product that overflows before a zero", shape: "[1099511627776,1099511627776,0]",
            offsets: "[0,0]",
            data: 0, .badShape),
        HostileFile(
            "as many elements as 62 bits count", type: "F64", shape: "[4611686018427387904]",
            offsets: "[0,4]", .badShape),
        HostileFile(
            "an extent of 2⁴⁰ in a small file", shape: "[1099511627776]", offsets: "[0,4]", .badOffsets),
        HostileFile(
            "65 extents", shape: "[" + Array(repeating: "1", count: 65).joined(separator: ",") + "]",
            offsets: "[0,1]",
            .badShape),
        HostileFile("offsets that run backwards", shape: "[4]", offsets: "[4,0]", .badOffsets),
        HostileFile("a negative offset", shape: "[4]", offsets: "[-4,0]", .badOffsets),
        HostileFile("an offset of 2⁶³", shape: "[4]", offsets: "[0,9223372036854775808]", .badOffsets),
        HostileFile(
            "offsets just below 2⁶³", shape: "[1]", offsets: "[9223372036854775806,9223372036854775807]",
            .badOffsets),
        HostileFile("too few bytes for the shape", shape: "[5]", offsets: "[0,4]", .badOffsets),
        HostileFile("too many bytes for the shape", shape: "[3]", offsets: "[0,4]", .badOffsets),
        HostileFile("bytes of another type", type: "F32", shape: "[4]", offsets: "[0,4]", .badOffsets),
        HostileFile("bytes for a scalar of none", type: "F32", shape: "[]", offsets: "[0,0]", .badOffsets),
    ]

    static let layouts: [HostileFile] = [
        HostileFile("data without a tensor", "{}", data: 1, .surplus, byte: 10),
        HostileFile("a byte after the last tensor", layout("[0,4]", "[4,8]"), data: 9, .surplus),
        HostileFile(
            "a byte less than the last tensor", layout("[0,4]", "[4,8]"), data: 7, .truncated, tensor: "b"),
        HostileFile("no data at all", layout("[0,4]", "[4,8]"), .truncated, tensor: "a"),
        HostileFile("a hole at the start", layout("[1,5]", "[5,9]"), data: 9, .hole, tensor: "a"),
        HostileFile("a hole in the middle", layout("[0,4]", "[5,9]"), data: 9, .hole, tensor: "b"),
        HostileFile("an overlap of one byte", layout("[0,4]", "[3,7]"), data: 7, .overlap, tensor: "b"),
        HostileFile(
            "two tensors with the same bytes", layout("[0,4]", "[0,4]"), data: 4, .overlap, tensor: "b"),
    ]

    private static func layout(_ first: String, _ second: String) -> String {
        #"{"a":{"dtype":"U8","shape":[4],"data_offsets":\#(first)},"#
            + #""b":{"dtype":"F32","shape":[],"data_offsets":\#(second)}}"#
    }
}
