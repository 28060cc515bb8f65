package import Vocabulary

/// One editable value of `Hyperparameters`.
///
/// It has a name, the accepted values, and closures that read and write the value as text. The table `all` drives
/// plans, `--set`, the parameter editor and the help.
package struct HyperparameterField: Sendable {
    /// The values that a field accepts.
    package enum Kind: Equatable, Sendable {
        /// 2 through 8, or 16.
        case bits
        /// A whole number.
        case integer(ClosedRange<Int>)
        /// A finite number.
        case number(ClosedRange<Double>)
        /// One of these words.
        case choice([String])
        /// `true` or `false`.
        case flag
    }

    /// The name in plans, flags and on the screen.
    package let key: String
    /// The meaning of the value, in a few words.
    package let summary: String
    /// The effects of a change, in a few words.
    package let affects: String
    /// The accepted values.
    package let kind: Kind
    private let read: @Sendable (Hyperparameters) -> String
    private let write: @Sendable (inout Hyperparameters, String) -> Bool

    /// Whether all units of a model share the value, so that it is fixed before a run.
    package var isShared: Bool { Self.shared.contains { $0.key == key } }

    /// The value as text, in the form that `set` accepts.
    package func value(in hyperparameters: Hyperparameters) -> String { read(hyperparameters) }

    /// Sets the value from text.
    ///
    /// - Throws: `PlanError.badValue` with the key, the text and the accepted values.
    package func set(_ text: String, in hyperparameters: inout Hyperparameters) throws(PlanError) {
        guard write(&hyperparameters, text) else {
            throw .badValue(key: key, value: text, accepted: accepted)
        }
    }

    /// The accepted values, for messages.
    package var accepted: String {
        switch kind {
        case .bits: "2 through 8, or 16 for full precision"
        case .integer(let range): "a whole number from \(range.lowerBound) through \(range.upperBound)"
        case .number(let range): "a number from \(range.lowerBound) through \(range.upperBound)"
        case .choice(let words): words.joined(separator: ", ")
        case .flag: "true or false"
        }
    }

    /// The field with a key; nil if there is none.
    package static func named(_ key: String) -> HyperparameterField? { all.first { $0.key == key } }

    /// Every field in the order of the screen, the most frequently changed first.
    package static let all: [HyperparameterField] =
        commonFields + shared + calibrationFields + learningFields + lossFields

    private static let commonFields: [HyperparameterField] = [
        bits("weight_bits", "bits of weight codes", \.weightBits),
        bits("activation_bits", "bits of activation codes", \.activationBits),
        integer("steps", "optimisation steps per unit", "time, proportionally", 0...1_000_000, \.steps),
        integer(
            "stop_after", "step at which a unit ends early; 0 never", "time, and how much is learned",
            0...1_000_000, \.stopAfter),
        integer("batch", "images per step", "time per step and memory", 1...4096, \.batch),
        choice("rounding", "how weights are rounded", "what is learned", \.rounding),
        number(
            "weight_learning_rate", "learning rate of weights or roundings", "convergence", 0...1,
            \.weightLearningRate),
        number(
            "scale_learning_rate", "learning rate of log activation scales", "convergence", 0...1,
            \.scaleLearningRate),
        number("block_weight", "weight of the block term", "the loss", 0...1e6, \.blockWeight),
        number(
            "global_weight", "weight of the global term", "the loss; 0 saves its time", 0...1e6,
            \.globalWeight),
        number(
            "local_weight", "weight of the local terms", "the loss; 0 saves their time", 0...1e6,
            \.localWeight),
        choice("global_target", "what the global term compares", "the loss", \.globalTarget),
        number("temperature", "temperature of the global term", "the loss", 0.01...1000, \.temperature),
        choice("fusion", "how terms are brought to one scale", "the loss", \.fusion),
        number(
            "rounding_regularizer", "factor on AdaRound's regulariser", "how soon roundings decide", 0...1e6,
            \.roundingRegularizer),
        flag("reparameterize", "scale reparameterisation after LayerNorm", "calibration", \.reparameterize),
        flag("keep_or_revert", "put a unit back that got worse", "the outcome of a unit", \.keepOrRevert),
    ]

    /// The fields that all units of a model share; no unit can override them.
    package static let shared: [HyperparameterField] = [
        integer(
            "views", "views of each calibration image", "whole model; time and memory",
            1...64, \.views),
        flag("view_flip", "flip every other view", "the views, the whole model", \.viewFlip),
        number(
            "view_shift", "largest shift, a share of sides", "the views, the whole model", 0...0.5,
            \.viewShift),
        flag("rotate", "rotate the model's features first", "calibration, the whole model", \.rotate),
        flag(
            "centre_activations", "centre keys, values and feature", "calibration, the whole model",
            \.centreActivations),
        integer(
            "relu_refit_steps", "ReLU refit steps; 0 keeps GELU",
            "whole model; time at start",
            0...1_000_000, \.reluRefitSteps),
    ]

    private static let calibrationFields: [HyperparameterField] = [
        choice("range_search", "how ranges are searched", "calibration", \.rangeSearch),
        choice("attention_levels", "levels of attention maps", "calibration", \.attentionLevels),
        choice("gelu_levels", "levels of inputs after GELU", "calibration", \.geluLevels),
        choice("weight_solver", "how weights are brought onto codes", "calibration", \.weightSolver),
        number("solver_damping", "damping of that solution", "calibration", 1e-6...10, \.solverDamping),
        number(
            "token_importance", "how far it weighs tokens apart", "calibration", 0...1,
            \.tokenImportance),
    ]

    private static let learningFields: [HyperparameterField] = [
        number("warm_up", "share of steps in which rates rise", "convergence", 0...1, \.warmUp),
        choice("rate_schedule", "how learning rates go on", "convergence", \.learningRateSchedule),
        number("input_drop", "share of inputs in full precision", "generalisation", 0...1, \.inputDrop),
        number(
            "activation_drop", "share of activations unquantized", "generalisation", 0...1, \.activationDrop),
        number(
            "validation_share", "share of images that judge a unit", "the state that is kept", 0...1,
            \.validationShare),
        integer("patience", "judgements without gain until a stop", "time", 0...10, \.patience),
    ]

    private static let lossFields: [HyperparameterField] = [
        number("global_share", "share of images the global term sees", "time", 0.01...1, \.globalShare),
        choice("block_schedule", "how the block weight changes", "the loss", \.blockSchedule),
        choice("global_schedule", "how the global weight changes", "the loss", \.globalSchedule),
        choice("local_schedule", "how the local weight changes", "the loss", \.localSchedule),
        choice("block_distance", "how errors of the output count", "the loss", \.blockDistance),
        choice("local_distance", "how operators are compared", "the loss", \.localDistance),
    ]

    private static func bits(
        _ key: String, _ summary: String, _ path: any WritableKeyPath<Hyperparameters, Int> & Sendable
    ) -> HyperparameterField {
        HyperparameterField(
            key: key, summary: summary, affects: "calibration, accuracy and size", kind: .bits,
            read: { String($0[keyPath: path]) },
            write: { target, text in
                guard let value = Int(text), Hyperparameters.bitWidths.contains(value) else { return false }
                target[keyPath: path] = value
                return true
            })
    }

    private static func integer(
        _ key: String, _ summary: String, _ affects: String, _ range: ClosedRange<Int>,
        _ path: any WritableKeyPath<Hyperparameters, Int> & Sendable
    ) -> HyperparameterField {
        HyperparameterField(
            key: key, summary: summary, affects: affects, kind: .integer(range),
            read: { String($0[keyPath: path]) },
            write: { target, text in
                guard let value = Int(text), range.contains(value) else { return false }
                target[keyPath: path] = value
                return true
            })
    }

    private static func number(
        _ key: String, _ summary: String, _ affects: String, _ range: ClosedRange<Double>,
        _ path: any WritableKeyPath<Hyperparameters, Double> & Sendable
    ) -> HyperparameterField {
        HyperparameterField(
            key: key, summary: summary, affects: affects, kind: .number(range),
            read: { "\($0[keyPath: path])" },
            write: { target, text in
                guard let value = Double(text), value.isFinite, range.contains(value) else { return false }
                target[keyPath: path] = value
                return true
            })
    }

    private static func choice<Value: RawRepresentable<String> & CaseIterable & Sendable>(
        _ key: String, _ summary: String, _ affects: String,
        _ path: any WritableKeyPath<Hyperparameters, Value> & Sendable
    ) -> HyperparameterField {
        HyperparameterField(
            key: key, summary: summary, affects: affects, kind: .choice(Value.allCases.map(\.rawValue)),
            read: { $0[keyPath: path].rawValue },
            write: { target, text in
                guard let value = Value(rawValue: text) else { return false }
                target[keyPath: path] = value
                return true
            })
    }

    private static func flag(
        _ key: String, _ summary: String, _ affects: String,
        _ path: any WritableKeyPath<Hyperparameters, Bool> & Sendable
    ) -> HyperparameterField {
        HyperparameterField(
            key: key, summary: summary, affects: affects, kind: .flag,
            read: { $0[keyPath: path] ? "true" : "false" },
            write: { target, text in
                guard let value = Bool(text) else { return false }
                target[keyPath: path] = value
                return true
            })
    }
}
