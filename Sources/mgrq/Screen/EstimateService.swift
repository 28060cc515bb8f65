internal import Engine
internal import NCursesTerminal
internal import Runs
internal import Synchronization

/// Answers what plans will take, one after the other, on its own thread.
///
/// A model is read and timed once; every further plan for the same files and image size is answered at once.
final class EstimateService: Sendable {
    /// What an estimator is made for.
    private struct Subject: Equatable {
        let resources: RunResources
        let imageSize: Int?
    }

    private struct Work {
        var waiting: [RunPlan] = []
        var isWorking = false
        /// What the last model was found to take.
        var known: (subject: Subject, estimator: RunEstimator)?
        /// Grows whenever what is in work is of no use any more.
        var round = 0
    }

    private let threads: Int
    private let heldOutImages: Int
    private let answer: @Sendable (RunPlan, Result<RunEstimate, RunFailure>) -> Void
    private let work = Mutex(Work())

    /// Prepares a desk; nothing is read before it is asked.
    ///
    /// - Parameters:
    ///   - threads: The number of threads that runs work with.
    ///   - heldOutImages: The number of images that runs compare attempts on.
    ///   - answer: Takes every answer, on the desk's thread.
    init(
        threads: Int, heldOutImages: Int,
        answer: @escaping @Sendable (RunPlan, Result<RunEstimate, RunFailure>) -> Void
    ) {
        (self.threads, self.heldOutImages, self.answer) = (threads, heldOutImages, answer)
    }

    /// Asks what a plan will take.
    ///
    /// Drops waiting plans for other files: the question about another model has replaced them.
    func ask(_ plan: RunPlan) {
        let begins = work.withLock { work in
            work.waiting.removeAll {
                $0.model != plan.model || $0.calibration != plan.calibration
                    || $0.evaluation != plan.evaluation || $0.imageSize != plan.imageSize
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

    /// Drops what waits and what is in work; a model that is timed while a run works seems slower than it is.
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
        let subject = Subject(resources: try resources(of: plan), imageSize: plan.imageSize)
        if let known = work.withLock({ $0.known }), known.subject == subject { return known.estimator }
        let estimator = try RunEstimator(
            resources: subject.resources, imageSize: subject.imageSize, threads: threads,
            heldOutImages: heldOutImages)
        work.withLock { work in
            if work.round == round { work.known = (subject, estimator) }
        }
        return estimator
    }
}
