/// What the cosine between the gradients of two terms means.
package enum GradientAlignment: String, Sendable {
    /// They pull the same way.
    case aligned
    /// One undoes what the other does.
    case conflicting
    /// Neither.
    case independent

    /// The meaning of a cosine, −1 to 1.
    package init(cosine: Double) {
        self = cosine > 0.1 ? .aligned : cosine < -0.1 ? .conflicting : .independent
    }
}
