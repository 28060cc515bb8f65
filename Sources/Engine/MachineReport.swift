internal import Foundation
internal import Kernels

/// What a machine can do, for reports of defects and for benchmarks.
package struct MachineReport: Equatable, Codable, Sendable {
    /// The instructions that products and passes use.
    package var instructions: String
    /// The instructions that this machine has and this program is compiled for.
    package var available: [String]
    /// The number of cores that this process may use.
    package var cores: Int
    /// The bytes of memory.
    package var memoryBytes: UInt64
    /// What one thread can do at most, in billions of float32 operations a second, a multiply-add counting as two.
    package var peakGflops: Double
}

/// Looks at this machine; takes about a tenth of a second.
package func machineReport() -> MachineReport {
    // The best of some: others may use the machine, too.
    let peak = (0..<10).map { _ in peakProbe() }.max() ?? 0
    return MachineReport(
        instructions: "\(InstructionLevel.current)", available: InstructionLevel.available.map { "\($0)" },
        cores: ProcessInfo.processInfo.activeProcessorCount,
        memoryBytes: ProcessInfo.processInfo.physicalMemory, peakGflops: peak)
}

/// The processor time of this process so far, in seconds over all threads.
func processorTime() -> Double {
    // POSIX: `CLOCKS_PER_SEC` is a million everywhere.
    Double(clock()) / 1_000_000
}
