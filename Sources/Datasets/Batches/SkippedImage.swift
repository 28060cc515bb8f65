/// An image that was left out because it cannot be used.
package struct SkippedImage: Hashable, Sendable, Codable {
    /// Its place in the set.
    package let index: Int
    /// Its path relative to the folder; nil in an array.
    package let path: String?
    /// One sentence that names the image and what is wrong with it.
    package let reason: String
}
