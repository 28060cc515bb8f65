internal import CImageCodecs
internal import Safetensors

/// Turns image files in memory into pixels of a model's size, one after the other; for one thread.
///
/// Decoding is Pillow's `Image.open(f).convert("RGB")`, or `convert("L")` for one channel: alpha is dropped, palettes are
/// expanded, CMYK is taken for inverted.
@safe package final class ImageDecoder {
    private var image = unsafe image_buffer()
    private let turned = ScratchBytes()
    private let narrowed = ScratchBytes()
    private let cropped = ScratchBytes()

    /// Makes a decoder without memory; it takes what it needs.
    package init() {}

    deinit {
        unsafe image_release(&image)
    }

    /// Decodes, resizes and crops an image.
    ///
    /// - Parameters:
    ///   - bytes: The file.
    ///   - path: Its path, for errors.
    ///   - pipeline: The model's input; `pipeline.channels` is 1 or 3.
    ///   - appliesOrientation: Whether the image is rotated by its Exif orientation.
    ///   - body: Gets the rows of the crop: 1 byte a pixel for one channel, else 4 of which the last means nothing.
    /// - Returns: What `body` returns.
    /// - Throws: `DatasetError` if the bytes do not hold a usable image.
    package func withPixels<Result>(
        of bytes: [UInt8], path: String, pipeline: PreprocessingPipeline, appliesOrientation: Bool,
        _ body: (Span<UInt8>) -> Result
    ) throws(DatasetError) -> Result {
        let format = try decode(bytes, path: path, channels: pipeline.channels)
        defer { releaseLargeMemory() }
        let size = pipeline.channels == 1 ? 1 : 4
        guard let pixels = unsafe image.pixels else { preconditionFailure("an image was decoded to nowhere") }
        var source = unsafe PixelView(
            base: pixels, height: Int(image.height), width: Int(image.width),
            size: size)
        // Pillow turns every TIFF.
        if appliesOrientation || format == .tiff {
            unsafe source = unsafe source.turned(
                by: ExifOrientation(of: bytes.span, format: format), into: turned)
        }
        let (height, width) = unsafe (source.height, source.width)
        guard pipeline.resize != .unchanged || (height, width) == (pipeline.height, pipeline.width) else {
            throw DatasetError(
                .wrongModel, file: path,
                detail:
                    "the image has \(height) × \(width) pixels; the processor resizes none, so that it must have "
                    + "\(pipeline.height) × \(pipeline.width)")
        }
        let resized = pipeline.resizedSize(height: height, width: width)
        guard resized.height > 0, resized.width > 0 else {
            throw DatasetError(
                .undecodable, file: path,
                detail: "the image has \(height) × \(width) pixels, of which the resize leaves "
                    + "\(resized.height) × \(resized.width)")
        }
        unsafe source.resampled(pipeline, through: narrowed, into: cropped)
        let count = pipeline.height * pipeline.width * size
        return unsafe body(UnsafeBufferPointer(start: cropped.base, count: count).span)
    }

    /// Gives memory back that only the largest photos need, so that threads do not all keep it.
    private func releaseLargeMemory() {
        guard unsafe image.capacity + image.scratch_capacity > Self.mostKept else { return }
        unsafe image_release(&image)
    }

    /// How many bytes of decoded pixels are kept for the next image.
    private static let mostKept = 128 << 20

    /// Decodes into `image`.
    private func decode(
        _ bytes: [UInt8], path: String, channels: Int
    ) throws(DatasetError) -> ImageFormat {
        precondition(channels == 1 || channels == 3, "images have 1 or 3 channels, not \(channels)")
        guard !bytes.isEmpty else {
            throw DatasetError(.undecodable, file: path, detail: "the file is empty")
        }
        guard let format = ImageFormat(sniffing: bytes.span) else {
            let other = ImageFormat.nameOfOther(bytes.span).map { "this looks like \($0)" }
            throw DatasetError(
                .undecodable, file: path,
                detail:
                    "\(other ?? "the content is not an image that is known"); \(ImageFormat.names) are read"
            )
        }
        let longest = Int32(ImageSet.greatestImageSide)
        let status = unsafe bytes.withUnsafeBufferPointer { buffer in
            switch format {
            case .jpeg:
                unsafe image_decode_jpeg(buffer.baseAddress, buffer.count, Int32(channels), longest, &image)
            case .png:
                unsafe image_decode_png(buffer.baseAddress, buffer.count, Int32(channels), longest, &image)
            case .webp:
                unsafe image_decode_webp(buffer.baseAddress, buffer.count, Int32(channels), longest, &image)
            case .gif:
                unsafe image_decode_gif(buffer.baseAddress, buffer.count, Int32(channels), longest, &image)
            case .bmp:
                unsafe image_decode_bmp(buffer.baseAddress, buffer.count, Int32(channels), longest, &image)
            case .tiff:
                unsafe image_decode_tiff(buffer.baseAddress, buffer.count, Int32(channels), longest, &image)
            }
        }
        if status != IMAGE_DECODED { throw failure(status, format: format, path: path) }
        return format
    }

    private func failure(_ status: image_status, format: ImageFormat, path: String) -> DatasetError {
        let message = unsafe withUnsafeBytes(of: image.message) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        let (height, width) = unsafe (image.height, image.width)
        let reason = message.isEmpty ? "" : " (\(printable(message)))"
        switch status {
        case IMAGE_TOO_LARGE:
            return DatasetError(
                .tooLarge, file: path,
                detail: "the image has \(height) × \(width) pixels; each side may have up to "
                    + "\(ImageSet.greatestImageSide)")
        case IMAGE_ENDS_EARLY:
            return DatasetError(
                .undecodable, file: path,
                detail: "the \(format.rawValue) image ends early; the file is cut short")
        case IMAGE_UNSUPPORTED:
            return DatasetError(
                .undecodable, file: path,
                detail: "the \(format.rawValue) image is of a kind that is not read\(reason)")
        case IMAGE_NO_MEMORY:
            return DatasetError(.tooLarge, file: path, detail: "there is no memory for the image's pixels")
        default:
            return DatasetError(
                .undecodable, file: path, detail: "the \(format.rawValue) image is damaged\(reason)")
        }
    }
}
