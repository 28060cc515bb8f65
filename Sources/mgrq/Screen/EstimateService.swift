internal import Engine
internal import NCursesTerminal
internal import Runs
internal import Synchronization

/// Estimates the time and memory of plans, one after the other, on its own thread.
///
/// A model is read and timed once; every further plan for the same files, image size and heads is answered at once.
final class EstimateService: Sendable {
    /// The input of an estimator.
    private struct Subject: Equatable {
        let resources: RunResources
        let imageSize: Int?
        let heads: Int?
    }

    private struct Work {
        var waiting: [RunPlan] = []
        var isWorking = false
        /// The estimator of the last model.
        var known: (subject: Subject, estimator: RunEstimator)?
        /// Increases when the estimate in progress is no longer wanted.
        var round = 0
    }

    private let threads: Int
    private let heldOutImages: Int
    private let answer: @Sendable (RunPlan, Result<RunEstimate, RunFailure>) -> Void
    private let work = Mutex(Work())

    /// Makes a service; it reads nothing before the first request.
    ///
    /// - Parameters:
    ///   - threads: The number of threads that runs work with.
    ///   - heldOutImages: The number of images that runs compare attempts on.
    ///   - answer: Takes every estimate, on the service's thread.
    init(
        threads: Int, heldOutImages: Int,
        answer: @escaping @Sendable (RunPlan, Result<RunEstimate, RunFailure>) -> Void
    ) {
        (self.threads, self.heldOutImages, self.answer) = (threads, heldOutImages, answer)
    }

    /// Requests the estimate of a plan, and drops waiting plans for other files.
    ///
    /// - Parameters:
    ///   - plan: The plan.
    ///   - anew: Whether the model is timed again, as the machine may be busier or idler than before.
    func ask(_ plan: RunPlan, anew: Bool = false) {
        let begins = work.withLock { work in
            if anew { work.known = nil }
            work.waiting.removeAll {
                $0.model != plan.model || $0.calibration != plan.calibration
                    || $0.evaluation != plan.evaluation || $0.imageSize != plan.imageSize
                    || $0.heads != plan.heads
            }
            work.waiting.append(plan)
            defer { work.isWorking = true }
            return !work.isWorking
        }
        guard begins else { return }
        do throws(RunFailure) {
            try startEngineThread(prepare: NCursesTerminal.prepareThread) { [self] in answerAll() }
        } catch {
            work.withLock { $0.isWorking = false }
            answer(plan, .failure(error))
        }
    }

    /// Drops all requests: a model timed during a run would seem slower than it is.
    func drop() {
        work.withLock { work in
            work.waiting = []
            work.round += 1
        }
    }

    private func answerAll() {
        while let (plan, round) = next() {
            let result: Result<RunEstimate, RunFailure>
            do throws(RunFailure) {
                result = .success(try estimator(of: plan, round).estimate(plan))
            } catch {
                result = .failure(error)
            }
            if work.withLock({ $0.round == round }) { answer(plan, result) }
        }
    }

    private func next() -> (RunPlan, round: Int)? {
        work.withLock { work in
            work.isWorking = !work.waiting.isEmpty
            return work.waiting.isEmpty ? nil : (work.waiting.removeFirst(), work.round)
        }
    }

    private func estimator(of plan: RunPlan, _ round: Int) throws(RunFailure) -> RunEstimator {
        let subject = Subject(
            resources: try resources(of: plan), imageSize: plan.imageSize, heads: plan.heads)
        if let known = work.withLock({ $0.known }), known.subject == subject { return known.estimator }
        let estimator = try RunEstimator(
            resources: subject.resources, imageSize: subject.imageSize, heads: subject.heads,
            threads: threads,
            heldOutImages: heldOutImages)
        work.withLock { work in
            if work.round == round { work.known = (subject, estimator) }
        }
        return estimator
    }
}
