internal import CKernels

/// A set of machine instructions that the kernels are compiled for.
///
/// All levels with fused multiply-add (every level but `baseline`) compute the same bits.
package enum InstructionLevel: CaseIterable, Sendable {
    /// What every processor of this architecture has.
    case baseline
    /// AVX2 and FMA, on x86-64.
    case avx2
    /// AVX-512 F, BW, DQ and VL, on x86-64.
    case avx512
    /// The vector instructions of 64-bit ARM.
    case neon

    /// The levels that this machine can run, `baseline` first.
    package static var available: [InstructionLevel] {
        allCases.filter { ck_level_is_available($0.number) }
    }

    /// The level in use: the best available one, unless another was forced.
    package static var current: InstructionLevel {
        allCases.first { $0.number == ck_current_level() } ?? .baseline
    }

    /// Makes all kernels of the process use `level` from now on; for tests and benchmarks.
    ///
    /// - Parameter level: One of the available levels; another one is a programming error.
    package static func force(_ level: InstructionLevel) {
        precondition(available.contains(level), "this machine cannot run \(level); it can run \(available)")
        ck_set_level(level.number)
    }

    private var number: ck_level {
        switch self {
        case .baseline: CK_BASELINE
        case .avx2: CK_AVX2
        case .avx512: CK_AVX512
        case .neon: CK_NEON
        }
    }
}
