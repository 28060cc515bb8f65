public import TensorCore

extension ImageSet {
    /// Writes images as the numbers that a model reads.
    ///
    /// - Parameters:
    ///   - indices: Places in `0 ..< count`.
    ///   - preprocessing: Mean and standard deviation of each channel.
    ///   - matrix: `[indices.count, channels · height · width]`, row i for the i-th place.
    /// - Throws: `DatasetError` if the preprocessing is for another number of channels.
    public func normalise(
        _ indices: some Collection<Int>, with normalisation: Normalisation, into matrix: Matrix
    ) throws(DatasetError) {
        let size = channels * height * width
        precondition(
            matrix.rows == indices.count && matrix.columns == size,
            "\(indices.count) images of \(size) values do not fill \(matrix.rows) × \(matrix.columns)")
        guard normalisation.mean.count == channels else {
            throw DatasetError(
                .badPreprocessing, file: file, tensor: "images",
                detail: "the images have \(channels) channels, but mean and standard deviation are given for "
                    + "\(normalisation.mean.count)")
        }
        let tables = (0..<channels).flatMap { normalisation.table(channel: $0) }
        let area = height * width
        for (row, index) in indices.enumerated() {
            precondition(index >= 0 && index < count, "image \(index) is outside 0 ..< \(count)")
            let target = unsafe matrix.rows(row..<row + 1).pointer
            for channel in 0..<channels {
                let source = index * size + channel * area
                for place in 0..<area {
                    unsafe target[channel * area + place] = tables[channel << 8 | Int(pixels[source + place])]
                }
            }
        }
    }

    /// Images as the numbers that a model reads, in a matrix of their own.
    ///
    /// - Parameters:
    ///   - indices: Places in `0 ..< count`.
    ///   - preprocessing: Mean and standard deviation of each channel.
    /// - Returns: `[indices.count, channels · height · width]`, row i for the i-th place.
    /// - Throws: `DatasetError` if the preprocessing is for another number of channels.
    public func normalised(
        _ indices: some Collection<Int>, with normalisation: Normalisation
    ) throws(DatasetError) -> Matrix {
        let matrix = Matrix(rows: indices.count, columns: channels * height * width)
        try normalise(indices, with: normalisation, into: matrix)
        return matrix
    }
}
