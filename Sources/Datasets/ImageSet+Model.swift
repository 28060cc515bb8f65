internal import Safetensors

extension ImageSet {
    /// An image's path relative to the set's folder; nil in an array.
    package func path(of index: Int) -> String? {
        guard case .files(_, let paths) = content else { return nil }
        return paths[index]
    }

    /// Whether the images are floats that are used as they are.
    var isNormalised: Bool {
        guard case .array(let array) = content else { return false }
        return array.element != .uint8
    }

    /// Checks that a model can read the images.
    ///
    /// Files are brought to any size; arrays must have the model's.
    ///
    /// - Parameter pipeline: The model's input.
    /// - Throws: `DatasetError` with both sizes if they differ.
    package func require(_ pipeline: PreprocessingPipeline) throws(DatasetError) {
        switch content {
        case .files:
            guard pipeline.channels == 1 || pipeline.channels == 3 else {
                throw DatasetError(
                    .wrongModel, file: file,
                    detail:
                        "the model reads \(pipeline.channels) channels, but image files become 1 (gray) or 3 (red, "
                        + "green, blue); give an array")
            }
        case .array(let array):
            guard array.channels == pipeline.channels, array.height == pipeline.height,
                array.width == pipeline.width
            else {
                throw DatasetError(
                    .wrongModel, file: file, tensor: "images",
                    detail:
                        "the images have \(array.channels) × \(array.height) × \(array.width) values (channels, height, "
                        + "width), but the model reads \(pipeline.channels) × \(pipeline.height) × \(pipeline.width)"
                )
            }
        }
    }

    /// The class of each image as a model numbers it.
    ///
    /// Names of class folders, or of a file of labels, that the model has are numbered as the model does. Other names are
    /// numbered in sorted order, as torchvision does, if there is one for each class of the model.
    ///
    /// - Parameters:
    ///   - classes: The number of the model's classes.
    ///   - names: The model's names of them, if it has any.
    /// - Returns: `[count]` classes, each in `0 ..< classes`.
    /// - Throws: `DatasetError` if there are no labels, or they do not fit the model.
    package func labels(classes: Int, names: [String]?) throws(DatasetError) -> [Int] {
        guard let labels else {
            throw DatasetError(
                .noLabels, file: file,
                detail:
                    "the images have no labels; class folders, a file of labels or an array 'labels' of shape "
                    + "[\(count)] is needed")
        }
        guard let classNames else {
            if let place = labels.firstIndex(where: { $0 >= classes }) {
                throw DatasetError(
                    .badLabel, file: file, tensor: path(of: place) == nil ? "labels" : nil,
                    detail:
                        "the label of image \(path(of: place).map { "“\(printable($0))”" } ?? "\(place)") is "
                        + "\(labels[place]), but the model has the classes 0 to \(classes - 1)")
            }
            return labels
        }
        let numbers = Dictionary(
            (names ?? []).enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let unknown = classNames.filter { numbers[$0] == nil }
        if unknown.isEmpty {
            let map = classNames.compactMap { numbers[$0] }
            return labels.map { map[$0] }
        }
        guard unknown.count == classNames.count else {
            throw DatasetError(
                .wrongClasses, file: file,
                detail: "the model has no classes \(listed(unknown)), though it has the other "
                    + "\(classNames.count - unknown.count) of the images' classes; it has \(listed(names ?? []))"
            )
        }
        guard classNames.count == classes else {
            throw DatasetError(
                .wrongClasses, file: file,
                detail:
                    "the images are of \(classNames.count) classes (\(listed(classNames))), but the model has "
                    + "\(classes)" + (names.map { ", such as \(listed($0))" } ?? ""))
        }
        return labels
    }
}
