internal import CImageCodecs

/// Memory for bytes that grows when needed and is used again; for one thread.
@safe final class ScratchBytes {
    private(set) var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int

    init() {
        capacity = 64
        unsafe base = .allocate(capacity: capacity)
    }

    /// Makes room for bytes and for what the loops read and write after them; earlier contents are lost.
    @discardableResult
    func reserve(_ count: Int) -> UnsafeMutablePointer<UInt8> {
        let wanted = count + Int(IMAGE_SPARE_BYTES)
        if wanted > capacity {
            unsafe base.deallocate()
            unsafe base = .allocate(capacity: wanted)
            capacity = wanted
        }
        return unsafe base
    }

    deinit {
        unsafe base.deallocate()
    }
}
