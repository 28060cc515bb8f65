import TensorCore

import Glibc

/// The products of OpenBLAS, where it is installed: somebody else's opinion.
@safe struct OpenBLAS {
    private typealias Product =
        @convention(c) (
            Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>, Int32,
            UnsafePointer<Float>, Int32, Float, UnsafeMutablePointer<Float>, Int32
        ) -> Void

    private let product: Product

    /// Loads the library; nil where there is none.
    init?() {
        guard let library = unsafe dlopen("libopenblas.so.0", RTLD_NOW),
            let symbol = unsafe dlsym(library, "cblas_sgemm")
        else { return nil }
        unsafe product = unsafeBitCast(symbol, to: Product.self)
    }

    /// `c = op(a) · op(b)`.
    func multiply(_ a: Matrix, _ b: Matrix, into c: Matrix, transposeA: Bool, transposeB: Bool) {
        let rowMajor: Int32 = 101
        let inner = transposeA ? a.rows : a.columns
        unsafe product(
            rowMajor, transposeA ? 112 : 111, transposeB ? 112 : 111, Int32(c.rows), Int32(c.columns),
            Int32(inner), 1, a.pointer, Int32(a.stride), b.pointer, Int32(b.stride), 0, c.pointer,
            Int32(c.stride))
    }
}
