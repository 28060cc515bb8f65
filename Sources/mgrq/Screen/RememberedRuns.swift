internal import Files
internal import Foundation
internal import Runs
internal import Workbench

/// Looks at the folder of a remembered run.
func runFolder(_ path: String) -> RunFolder {
    guard RunDirectory.isRun(path) else { return .missing }
    let directory = RunDirectory(path: path)
    do throws(RunFailure) {
        return .run(try facts(of: directory))
    } catch {
        return .unreadable(error.message)
    }
}

private func facts(of directory: RunDirectory) throws(RunFailure) -> RunFacts {
    RunFacts(
        plan: try directory.plan(), report: directory.hasReport ? try directory.report() : nil,
        isInUse: directory.isInUse)
}

/// Reads runs to show them side by side, each compared with the first.
///
/// - Throws: `RunFailure` for the first run that cannot be read.
func comparedRuns(_ paths: [String]) throws(RunFailure) -> [ComparedRun] {
    var runs: [ComparedRun] = []
    var first: Predictions?
    for path in paths {
        let directory = try RunDirectory(run: path)
        let facts = try facts(of: directory)
        let predictions = facts.report == nil ? nil : try directory.predictions()
        let progress = try recordedRun(path).progress
        var (kl, top1): (PairedDifference?, PairedDifference?) = (nil, nil)
        if let own = predictions, let others = first, own.isPaired(with: others) {
            if let a = own.right, let b = others.right { top1 = PairedDifference(shares: [a], [b]) }
            if let a = own.kl, let b = others.kl {
                kl = PairedDifference([a.map(Double.init)], [b.map(Double.init)])
            }
        }
        if runs.isEmpty { first = predictions }
        runs.append(ComparedRun(directory: path, facts: facts, progress: progress, kl: kl, top1: top1))
    }
    return runs
}

/// Measures the load of the machine and the memory of this process.
///
/// - Returns: Nil where the kernel does not tell.
func machineUse() -> MachineUse? {
    guard let load = try? readFile("/proc/loadavg", limit: 1 << 10),
        let status = try? readFile("/proc/self/statm", limit: 1 << 10),
        let average = String(decoding: load, as: UTF8.self).split(separator: " ").first.flatMap({ Double($0) }
        ),
        let pages = String(decoding: status, as: UTF8.self).split(separator: " ").dropFirst().first
            .flatMap({ Int($0) })
    else { return nil }
    return MachineUse(
        load: average, cores: ProcessInfo.processInfo.activeProcessorCount,
        bytes: pages * Int(sysconf(Int32(_SC_PAGESIZE))))
}
