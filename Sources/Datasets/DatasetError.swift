package import Files
package import Safetensors

/// Why images cannot be used, with the place where that was found.
package struct DatasetError: FileFailure, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong, for programs.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// There is no such file or folder.
        case missing
        /// The file or the folder cannot be read; `cause` is the error of the file format, if that is at fault.
        case unreadable
        /// The system gives no memory for the file.
        case noMemory
        /// The file does not hold an image that can be decoded.
        case undecodable
        /// The image is larger than the limit.
        case tooLarge
        /// The array file breaks a rule of its format.
        case malformed
        /// The folder is not laid out as a set of images.
        case badFolder
        /// The file of labels cannot be used.
        case badLabelsFile
        /// The elements have a type that cannot be used.
        case wrongType
        /// The extents are not those of images, or of labels for them.
        case wrongShape
        /// There are no images.
        case empty
        /// More images are asked for than there are.
        case tooFew
        /// A float in an array of images is not finite.
        case badFloat
        /// A label is negative or beyond the classes of the model.
        case badLabel
        /// The classes of the images are not those of the model.
        case wrongClasses
        /// Labels are needed and the set has none.
        case noLabels
        /// The images are not of the size or the number of channels that the model reads.
        case wrongModel
        /// Mean and standard deviation do not normalise these images.
        case badPreprocessing
    }

    /// What went wrong, for programs.
    package let code: Code
    /// The path as given by the caller; nil if no file is at fault.
    package let file: String?
    /// The tensor in question, if it is known.
    package let tensor: String?
    /// What was found and what is accepted, without the place.
    package let detail: String
    /// The error of the file format, if the file itself is at fault.
    package let cause: SafetensorsError?

    init(
        _ code: Code, file: String?, tensor: String? = nil, detail: String, cause: SafetensorsError? = nil
    ) {
        self.code = code
        self.file = file
        self.tensor = tensor
        self.detail = detail
        self.cause = cause
    }

    init(_ cause: SafetensorsError) {
        self.init(.unreadable, file: cause.file, tensor: cause.tensor, detail: cause.detail, cause: cause)
    }

    /// Makes the error for a file that cannot be read at all.
    package init(_ error: FileError) {
        let code: Code =
            switch error.code {
            case .missing: .missing
            case .tooLarge: .tooLarge
            case .noMemory: .noMemory
            default: .unreadable
            }
        self.init(code, file: error.path, detail: error.detail)
    }

    /// One sentence: where, what, and what is accepted.
    package var description: String {
        if let cause { return cause.description }
        let place = [file.map { printable($0) }, tensor.map { "tensor '\($0)'" }].compactMap(\.self).joined(
            separator: ", ")
        return place.isEmpty ? detail : "\(place): \(detail)"
    }
}
