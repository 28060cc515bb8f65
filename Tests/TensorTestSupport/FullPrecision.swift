package import TensorCore
internal import VisionTransformers

/// Leaves every site unchanged.
package struct FullPrecision: SiteTransform {
    package init() {}
    package func isIdentity(_ site: Int) -> Bool { true }
    package func apply(_ site: Int, _ values: Matrix, into out: Matrix) {
        preconditionFailure("site \(site) is an identity")
    }
    package func backward(_ site: Int, gradient: Matrix, values: Matrix, transformed: Matrix) {}
}
