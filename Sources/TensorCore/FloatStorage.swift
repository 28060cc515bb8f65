/// A block of floats, aligned to 64 bytes, that several views share.
///
/// The storage has no notion of who may write when; `Matrix` and `Vector` are views of it with
/// reference semantics. The rule that keeps this sound: within one parallel section every element is
/// written by at most one task, and no task reads what another writes; `WorkerPool` is the barrier
/// between sections.
@safe package final class FloatStorage: @unchecked Sendable {
    // `@unchecked Sendable`: the pointer never changes, and the rule above orders accesses to what it points to.
    private let base: UnsafeMutablePointer<Float>

    /// The number of floats.
    package let count: Int

    /// Makes a block of zeros.
    ///
    /// - Parameter count: The number of floats; may be 0.
    package init(count: Int) {
        precondition(count >= 0, "a storage cannot hold \(count) floats")
        self.count = count
        let bytes = max(64, (count * MemoryLayout<Float>.stride + 63) & ~63)
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        unsafe raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        unsafe base = raw.bindMemory(to: Float.self, capacity: bytes / MemoryLayout<Float>.stride)
    }

    deinit {
        unsafe base.deallocate()
    }

    /// The address of one float, for kernels that have checked their bounds.
    @unsafe package func pointer(at offset: Int) -> UnsafeMutablePointer<Float> {
        unsafe base + offset
    }

    /// One float; users go through a view.
    package subscript(index: Int) -> Float {
        get {
            precondition(index >= 0 && index < count, "index \(index) is outside 0 ..< \(count)")
            return unsafe base[index]
        }
        set {
            precondition(index >= 0 && index < count, "index \(index) is outside 0 ..< \(count)")
            unsafe base[index] = newValue
        }
    }
}
