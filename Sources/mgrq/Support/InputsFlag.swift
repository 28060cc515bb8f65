internal import ArgumentParser

/// The flag of commands that read what a run was made with.
struct InputsFlag: ParsableArguments {
    @Flag(
        name: .customLong("accept-changed-inputs"),
        help:
            "Continue where the checkpoint or the images are not those that the plan or the run was made with."
    )
    var acceptsChanges = false
}
