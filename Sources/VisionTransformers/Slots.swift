internal import TensorCore

// Units number their buffers, parameters and sites by enums of integers; these overloads take the cases as they are.

extension Tape {
    /// One buffer.
    subscript(slot: some RawRepresentable<Int>) -> Matrix { buffers[slot.rawValue] }
}

extension Array {
    /// The element whose index is the case's number.
    subscript(position: some RawRepresentable<Int>) -> Element { self[position.rawValue] }
}

extension SiteTransform {
    func isIdentity(_ site: some RawRepresentable<Int>) -> Bool { isIdentity(site.rawValue) }

    func apply(_ site: some RawRepresentable<Int>, _ values: Matrix, into out: Matrix) {
        apply(site.rawValue, values, into: out)
    }

    func backward(
        _ site: some RawRepresentable<Int>, gradient: Matrix, values: Matrix, transformed: Matrix
    ) {
        backward(site.rawValue, gradient: gradient, values: values, transformed: transformed)
    }
}

extension ModelUnit {
    func transformed(
        _ site: some RawRepresentable<Int>, _ values: Matrix, by transform: some SiteTransform,
        into out: Matrix
    ) -> Matrix {
        transformed(site.rawValue, values, by: transform, into: out)
    }

    func addLocal(
        _ local: LocalGradients?, _ index: some RawRepresentable<Int>, tape: Tape, to gradient: Matrix
    ) {
        addLocal(local, index.rawValue, tape: tape, to: gradient)
    }
}
