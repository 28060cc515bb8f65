package import Files

/// Why a safetensors file cannot be read or written, with the place where that was found.
///
/// The description is one sentence that starts with the file, then the tensor and the byte where they
/// are known. Names that come out of the file are shortened and shown without control characters, so
/// that the sentence is safe to print on a terminal.
package struct SafetensorsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong, for programs.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// There is no such file.
        case missing
        /// The file is there but cannot be opened, is not a regular file, or changed while in use.
        case unreadable
        /// The file ends before what it announces.
        case truncated
        /// The file goes on after what it announces.
        case surplus
        /// The announced length of the header is beyond 100,000,000 bytes.
        case headerTooLarge
        /// The header is not the JSON that the format asks for.
        case malformedHeader
        /// Two tensors, two entries of the metadata, or two fields of a tensor have one name.
        case duplicateKey
        /// The type is none of the format's.
        case unsupportedType
        /// The extents are not a shape, or their product exceeds 64 bits.
        case badShape
        /// The range of bytes is impossible or does not fit the shape and the type.
        case badOffsets
        /// Two tensors share bytes.
        case overlap
        /// Bytes between two tensors belong to none.
        case hole
        /// The file holds no tensor of the name that was asked for.
        case missingTensor
        /// The tensor has another type than the caller can use.
        case wrongType
        /// A value does not exist in the type that was asked for.
        case badValue
        /// The file to write cannot be made where it was asked for.
        case cannotCreate
        /// Writing began and failed.
        case cannotWrite
        /// The system gives no memory for it.
        case noMemory
    }

    /// What went wrong, for programs.
    package let code: Code
    /// The path as given by the caller.
    package let file: String
    /// The tensor in question, if it is known.
    package let tensor: String?
    /// The distance from the start of the file to the place in question, in bytes, if there is one.
    package let byte: Int?
    /// What was found and what is accepted, without the place.
    package let detail: String

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - code: What went wrong, for programs.
    ///   - file: The path as given by the caller.
    ///   - tensor: The tensor in question.
    ///   - byte: The distance from the start of the file.
    ///   - detail: What was found and what is accepted.
    package init(_ code: Code, file: String, tensor: String? = nil, byte: Int? = nil, detail: String) {
        self.code = code
        self.file = file
        self.tensor = tensor
        self.byte = byte
        self.detail = detail
    }

    /// One sentence: where, what, and what is accepted.
    package var description: String {
        var place = printable(file)
        if let tensor { place += ", tensor \(quoted(tensor))" }
        if let byte { place += ", byte \(byte)" }
        return "\(place): \(detail)"
    }
}

extension SafetensorsError: FileFailure {
    /// Makes the error for a file that cannot be read or written at all.
    package init(_ error: FileError) {
        let code: Code =
            switch error.code {
            case .missing: .missing
            case .circularLink, .unreadable, .notAFile, .tooLarge: .unreadable
            case .cannotCreate: .cannotCreate
            case .cannotWrite: .cannotWrite
            case .noMemory: .noMemory
            }
        self.init(code, file: error.path, detail: error.detail)
    }
}

/// A name from outside in quotation marks, shortened, without control characters.
package func quoted(_ name: String) -> String { "'\(printable(name, limit: 120))'" }

/// Text from outside, cut at `limit` characters; characters that control a terminal are written as escapes, such as `\t`
/// and `\u001b`.
package func printable(_ text: String, limit: Int = 4096) -> String {
    var result = String.UnicodeScalarView()
    for (index, scalar) in text.unicodeScalars.enumerated() {
        if index == limit {
            result.append("…")
            break
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator:
            let short: [Unicode.Scalar: String] = ["\t": "\\t", "\n": "\\n", "\r": "\\r"]
            result.append(contentsOf: (short[scalar] ?? hexadecimalEscape(of: scalar)).unicodeScalars)
        default: result.append(scalar)
        }
    }
    return String(result)
}
