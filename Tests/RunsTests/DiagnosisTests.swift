import Runs
import Testing
import Vocabulary

@Suite("Why a unit was put back")
struct DiagnosisTests {
    private func diagnosis(
        _ losses: [Double], isFinite: Bool = true, _ change: (inout Hyperparameters) -> Void = { _ in }
    ) -> RevertDiagnosis {
        var course = LossCourse()
        for loss in losses { course.add(loss) }
        var hyperparameters = Hyperparameters()
        change(&hyperparameters)
        return course.diagnosis(
            hyperparameters, isFinite: isFinite, secondsPerStep: 0.25, otherSeconds: 2)
    }

    @Test("a loss that rose blames the learning rate, and tells from which step on")
    func rose() {
        let losses = [1, 0.9, 0.8] + (4...40).map { Double($0) / 2 }
        let found = diagnosis(losses)
        #expect(found.cause == .rose && found.step == 4)
        #expect(found.blamed == HyperparameterChange(key: "weight_learning_rate", value: "0.03"))
        #expect(found.suggested == HyperparameterChange(key: "weight_learning_rate", value: "0.003"))
        #expect(found.seconds == 52)
        #expect(
            found.sentence
                == "rose from step 4 on: weight_learning_rate 0.03 is too high here; "
                + "try weight_learning_rate 0.003, about 52 s")
        let scales = diagnosis(losses) { $0.weightLearningRate = 0 }
        #expect(scales.blamed.key == "scale_learning_rate" && scales.suggested.value == "0.0005")
    }

    @Test("a loss that stayed where it was asks for more steps")
    func flat() {
        let found = diagnosis((0..<200).map { 1 + 0.01 * Double($0 % 2) })
        #expect(found.cause == .flat && found.seconds == 102)
        #expect(found.suggested == HyperparameterChange(key: "steps", value: "400"))
        #expect(found.sentence == "flat: 200 steps are too few here; try steps 400, about 102 s")
    }

    @Test("a loss that was no number blames the learning rate at that step")
    func notFinite() {
        let found = diagnosis([1, 1, .nan], isFinite: false)
        #expect(found.cause == .notFinite && found.step == 3)
        #expect(found.suggested.value == "0.003")
    }
}
