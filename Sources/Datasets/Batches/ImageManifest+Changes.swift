internal import Files
package import Vocabulary

extension ImageManifest {
    /// The SHA-256 of what decides what a model sees and is measured by: the images in their order, by place, path, label
    /// and content, and the names of the classes; not where the set lies.
    package var contentDigest: String {
        var digest = SHA256()
        func add(_ fields: [String?]) {
            digest.add(fields.map { $0 ?? "" }.joined(separator: "\u{0}") + "\n")
        }
        add([sha256])
        add(classNames ?? [])
        for image in images {
            add(["\(image.index)", image.path, image.label.map { "\($0)" }, image.sha256])
        }
        return digest.hex
    }

    /// What is not as in an earlier manifest, as predicates of files; empty where the content is the same.
    package func changes(since earlier: ImageManifest) -> [String] {
        guard contentDigest != earlier.contentDigest else { return [] }
        if sha256 != earlier.sha256 { return ["\(source) has changed"] }
        func file(_ image: Entry) -> String {
            image.path.map { joined(source, $0) } ?? "image \(image.index)"
        }
        func byPath(_ manifest: ImageManifest) -> [String: Entry] {
            Dictionary(manifest.images.map { ($0.path ?? "\($0.index)", $0) }) { first, _ in first }
        }
        let (before, now) = (byPath(earlier), byPath(self))
        var result: [String] = []
        for image in images {
            guard let old = before[image.path ?? "\(image.index)"] else {
                result.append("\(file(image)) was not among the images")
                continue
            }
            if old.sha256 != image.sha256 { result.append("\(file(image)) has changed") }
            if old.label != image.label { result.append("\(file(image)) has another label") }
        }
        for image in earlier.images where now[image.path ?? "\(image.index)"] == nil {
            result.append("\(file(image)) is not among the images any more")
        }
        if classNames != earlier.classNames { result.append("\(source) has other names of classes") }
        return result.isEmpty ? ["\(source) has its images in another order"] : result
    }

    /// The manifest of images that were read outside a run.
    ///
    /// - Parameters:
    ///   - set: Where they come from.
    ///   - used: The places of the images that were used, and the SHA-256 of each file, as `ImageBatch` has them.
    ///   - pipeline: How they were prepared.
    ///   - reading: How files were read.
    /// - Throws: `DatasetError` where an array's file cannot be read.
    package init(
        all set: ImageSet, used: [(index: Int, hash: String?)], pipeline: PreprocessingPipeline,
        reading: ImageOptions
    ) throws(DatasetError) {
        try self.init(set, choice: .all, pipeline: pipeline, reading: reading, used: used, skipped: [])
    }
}
