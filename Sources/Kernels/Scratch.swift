internal import CKernels

internal import Glibc

/// Memory that products use while they run: one block for each thread, made at its first product and given
/// back when the thread ends.
enum Scratch {
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let status = unsafe pthread_key_create(&key) { unsafe free($0) }
        precondition(status == 0, "the system refused a thread-specific key (error \(status))")
        return key
    }()

    /// The calling thread's block, aligned to 64 bytes.
    @unsafe static func pointer() -> UnsafeMutablePointer<Float> {
        if let known = unsafe pthread_getspecific(key) {
            return unsafe known.assumingMemoryBound(to: Float.self)
        }
        let count = ck_scratch_count()
        var block: UnsafeMutableRawPointer?
        let status = unsafe posix_memalign(&block, 64, count * MemoryLayout<Float>.stride)
        guard status == 0, let block = unsafe block else {
            fatalError("the system refused \(count * MemoryLayout<Float>.stride) bytes of scratch memory")
        }
        unsafe pthread_setspecific(key, block)
        return unsafe block.bindMemory(to: Float.self, capacity: count)
    }
}
