internal import Checkpoints
internal import Datasets
internal import Files
internal import Quantization
internal import Runs
internal import Safetensors

/// The kind of any error of the engine, which decides the exit code, and its sentence.
func failure(of error: any Error) -> RunFailure {
    switch error {
    case let failure as RunFailure:
        failure
    case let error as FileError:
        RunFailure(error)
    case let error as PlanError:
        RunFailure(.badData, "\(error)")
    case let error as CheckpointError:
        switch error {
        case .file(let cause): failure(of: cause)
        case .missing(let sentence): RunFailure(.missingInput, sentence)
        case .unusable(let sentence): RunFailure(.badData, sentence)
        case .problems: RunFailure(.badData, "\(error)")
        }
    case let error as SafetensorsError:
        switch error.code {
        case .missing: RunFailure(.missingInput, "\(error)")
        case .unreadable, .cannotWrite: RunFailure(.inputOutput, "\(error)")
        case .cannotCreate: RunFailure(.cannotCreate, "\(error)")
        case .noMemory: RunFailure(.system, "\(error)")
        default: RunFailure(.badData, "\(error)")
        }
    case let error as DatasetError:
        if let cause = error.cause {
            RunFailure(failure(of: cause).kind, "\(error)")
        } else {
            switch error.code {
            case .missing: RunFailure(.missingInput, "\(error)")
            case .unreadable: RunFailure(.inputOutput, "\(error)")
            case .noMemory: RunFailure(.system, "\(error)")
            default: RunFailure(.badData, "\(error)")
            }
        }
    case let error as QuantizationError:
        RunFailure(.badData, "\(error)")
    default:
        RunFailure(.internal, "unexpected error: \(error)")
    }
}

/// Carries work out; its errors become `RunFailure`s.
func reportingFailures<Result>(_ work: () throws -> Result) throws(RunFailure) -> Result {
    do {
        return try work()
    } catch {
        throw failure(of: error)
    }
}
