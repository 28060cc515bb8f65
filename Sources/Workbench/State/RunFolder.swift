package import Runs

/// The folder of a remembered run, as it is now.
package enum RunFolder: Equatable, Sendable {
    /// It is not where it was, or holds no run any more.
    case missing
    /// It holds a run.
    case run(RunFacts)
    /// It holds a run that cannot be read; the reason is one sentence.
    case unreadable(String)
}

/// What a run's folder says about it.
package struct RunFacts: Equatable, Sendable {
    package let plan: RunPlan
    /// The result; nil for a run that has not finished.
    package let report: RunReport?
    /// Whether another process works on the run.
    package let isInUse: Bool

    package init(plan: RunPlan, report: RunReport?, isInUse: Bool) {
        (self.plan, self.report, self.isInUse) = (plan, report, isInUse)
    }
}

/// A run beside others.
package struct ComparedRun: Equatable, Sendable {
    package let directory: String
    package let facts: RunFacts
    /// Its curves.
    package let progress: RunProgress
    /// The difference of its KL from that of the first run, in nats; nil for the first, and where they cannot be paired.
    package let kl: PairedDifference?
    /// The difference of its top-1 from that of the first run, in points; nil as for `kl`.
    package let top1: PairedDifference?

    package init(
        directory: String, facts: RunFacts, progress: RunProgress, kl: PairedDifference?,
        top1: PairedDifference?
    ) {
        (self.directory, self.facts, self.progress) = (directory, facts, progress)
        (self.kl, self.top1) = (kl, top1)
    }
}

/// The use of the machine.
package struct MachineUse: Equatable, Sendable {
    /// The load of the last minute: how many threads wanted to run.
    package let load: Double
    /// The number of cores.
    package let cores: Int
    /// The memory of this process in bytes.
    package let bytes: Int

    package init(load: Double, cores: Int, bytes: Int) {
        (self.load, self.cores, self.bytes) = (load, cores, bytes)
    }
}
