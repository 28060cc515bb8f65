package import Runs

/// Measures a grid of bit-widths with calibrated models, without a run around it.
///
/// - Parameters:
///   - plan: The model, the images and the seed.
///   - request: The grid.
///   - resources: Where the plan's references lead.
///   - options: The threads and the directory of the sweep, which gets the plan and a journal.
///   - sink: Takes every event, in order, on the engine's thread; the last one has `isLast`.
/// - Returns: The sweep's handle; it takes `.stop` and `.stopSweep`.
package func startSweep(
    _ plan: RunPlan, request: SweepRequest, resources: RunResources, options: EngineOptions,
    sink: @escaping @Sendable (RunEvent) -> Void
) -> RunHandle {
    startWork(options: options, sink: sink) { commands in
        RunSession(
            plan: plan, sweep: request, resources: resources, options: options, commands: commands,
            sink: sink
        ).carryOut()
    }
}
