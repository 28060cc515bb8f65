internal import Safetensors

extension ImageSet {
    /// The class of each image as a model numbers it.
    ///
    /// Names of class folders, or of a file of labels, become the numbers that the model gives them, without regard to
    /// case where that is unambiguous. WordNet ids that a
    /// model of 1,000 classes does not name are ImageNet-1k's. Other names are numbered in sorted order, as torchvision
    /// does, if there is one for each class of the model.
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
        if let classNames {
            let numbers = try numbers(of: classNames, classes: classes, names: names)
            return labels.map { numbers[$0] }
        }
        if let place = labels.firstIndex(where: { $0 >= classes }) {
            throw DatasetError(
                .badLabel, file: file, tensor: path(of: place) == nil ? "labels" : nil,
                detail:
                    "the label of image \(path(of: place).map { "“\(printable($0))”" } ?? "\(place)") is "
                    + "\(labels[place]), but the model has the classes 0 to \(classes - 1)")
        }
        return labels
    }

    /// What a person should know of the labels, one sentence each.
    ///
    /// - Parameters:
    ///   - classes: The number of the model's classes.
    ///   - names: The model's names of them, if it has any.
    /// - Returns: Sentences; none for labels that do not fit the model.
    package func labelNotes(classes: Int, names: [String]?) -> [String] {
        guard let classNames, let numbers = try? numbers(of: classNames, classes: classes, names: names)
        else {
            return []
        }
        let place = file.map { printable($0) } ?? "the set"
        var notes: [String] = []
        if numbers.count < classes {
            notes.append("\(place): the images are of \(numbers.count) of the model's \(classes) classes")
        }
        let isImageNet = classes == 1000 && classNames.allSatisfy(ImageNetClasses.isWordNet)
        if let names, !isImageNet, matches(of: classNames, names: names).allSatisfy({ $0 == nil }) {
            notes.append(
                "\(place): the model has none of the images' classes (\(listed(classNames))) among its names "
                    + "(\(listed(names))), so that they are numbered in sorted order; if that is not the model's, name "
                    + "the folders as the model does, or give labels.csv with its numbers")
        }
        let found = classNames.compactMap { Int($0) }
        if numbers == Array(classNames.indices), found.count == classNames.count, found != found.sorted() {
            let folded = zip(classNames, classNames.dropFirst()).first { (Int($0) ?? 0) > (Int($1) ?? 0) }
            notes.append(
                "\(place): the classes are numbered by their names in the order of text, "
                    + "“\(folded?.0 ?? "")” before “\(folded?.1 ?? "")”; where the names are the model's numbers, give "
                    + "labels.csv")
        }
        return notes
    }

    /// The place of each of the set's classes among the model's names; nil where there is none.
    ///
    /// Case does not count where only one class on either side is meant.
    private func matches(of classNames: [String], names: [String]) -> [Int?] {
        let known = Dictionary(
            names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let folded = Dictionary(grouping: names.indices) { names[$0].lowercased() }
        let own = Dictionary(grouping: classNames) { $0.lowercased() }
        return classNames.map { name in
            if let exact = known[name] { return exact }
            let candidates = folded[name.lowercased()] ?? []
            return candidates.count == 1 && own[name.lowercased()]?.count == 1 ? candidates[0] : nil
        }
    }

    /// The model's number of each of the set's classes.
    private func numbers(
        of classNames: [String], classes: Int, names: [String]?
    ) throws(DatasetError) -> [Int] {
        let matches = matches(of: classNames, names: names ?? [])
        let unknown = zip(classNames, matches).filter { $1 == nil }.map(\.0)
        if unknown.isEmpty { return matches.compactMap(\.self) }
        guard unknown.count == classNames.count else {
            throw DatasetError(
                .wrongClasses, file: file,
                detail: "the model has no classes \(listed(unknown)), though it has the other "
                    + "\(classNames.count - unknown.count) of the images' classes; it has \(listed(names ?? []))"
            )
        }
        if classes == 1000, classNames.allSatisfy(ImageNetClasses.isWordNet) {
            let strange = classNames.filter { ImageNetClasses.numbers[$0] == nil }
            guard strange.isEmpty else {
                throw DatasetError(
                    .wrongClasses, file: file,
                    detail: "the WordNet ids \(listed(strange)) are not among the 1000 classes of ImageNet-1k"
                )
            }
            return classNames.compactMap { ImageNetClasses.numbers[$0] }
        }
        guard classNames.count == classes else {
            throw DatasetError(
                .wrongClasses, file: file,
                detail:
                    "the images are of \(classNames.count) classes (\(listed(classNames))), but the model has "
                    + "\(classes)" + (names.map { ", such as \(listed($0))" } ?? "")
                    + "; name the folders as the model does, or give labels.csv with its numbers")
        }
        return Array(classNames.indices)
    }
}
