internal import Vocabulary

extension HyperparameterField {
    /// Every field, in the order of plans and of the screen: by group, the most frequently changed first.
    package static let all = bitsFields + learningFields + supervisionFields + calibrationFields + modelFields

    /// The numbers of steps that a key moves between.
    private static let stepCounts = Ladder.values([
        0, 20, 50, 100, 200, 400, 600, 1000, 2000, 5000, 10_000, 20_000,
    ])

    private static let bitsFields: [HyperparameterField] = [
        bits(
            "weight_bits", "bits of weight codes", \.weightBits,
            Guide(
                "Weights get at most 2^bits codes per output channel.", unit: "bits",
                when: "Lower it for a smaller file; a sweep shows what each width costs.",
                source: "the field's standard")),
        bits(
            "activation_bits", "bits of activation codes", \.activationBits,
            Guide(
                "Inputs of linear layers, queries, keys, values and attention maps get at most 2^bits codes.",
                unit: "bits",
                when: "Raise it before weight_bits where accuracy is too low: it leaves the file as small.",
                source: "the field's standard")),
    ]

    private static let learningFields: [HyperparameterField] = [
        integer(
            .learning, "steps", "optimisation steps per unit", "time, proportionally", 0...1_000_000, \.steps,
            stepCounts,
            Guide(
                "Every unit is reconstructed in this many steps; 0 leaves it as calibrated.", unit: "steps",
                when: "Raise it where the loss still falls at the end; lower it for a first look.",
                source: "BRECQ and QDrop take 20,000")),
        integer(
            .learning, "stop_after", "step at which a unit ends early; 0 never",
            "time, and how much is learned", 0...1_000_000, \.stopAfter, stepCounts,
            Guide(
                "A unit ends at this step although its schedule is for all of them; 0 never.", unit: "steps",
                when:
                    "Leave it at 0. A unit that was finished by hand gets it, so that the plan repeats the run.",
                source: "this program")),
        integer(
            .learning, "joint_steps", "steps of all units together", "time, and the whole model",
            0...1_000_000, \.jointSteps, stepCounts,
            Guide(
                "After the head's own steps all units learn together in this many, by the divergence of logits and the "
                    + "errors of the feature before the classifier and of units' outputs.", unit: "steps",
                when: "Try 200 at 3 bits where there are thousands of images.",
                source: "decision 32")),
        integer(
            .learning, "batch", "images per step", "time per step and memory", 1...4096, \.batch,
            .values((0...12).map { Double(1 << $0) }),
            Guide(
                "Every step takes this many calibration images.", unit: "images",
                when: "Lower it where memory is short; raise it where the loss is noisy.",
                source: "BRECQ and QDrop take 32")),
        integer(
            .learning, "least_rows", "least rows of a unit in a step",
            "time of head and last block",
            0...65_536, \.leastRows, .values([0, 32, 64, 128, 256, 512, 1024]),
            Guide(
                "A step takes more than batch images where a unit gives few rows for each, such as the class token alone.",
                unit: "rows",
                when: "Raise it where the last block's loss jumps; 0 takes batch images for every unit.",
                source: "decision 30")),
        number(
            .learning, "weight_learning_rate", "learning rate of weights or roundings", "convergence", 0...1,
            \.weightLearningRate, .decades(from: 1e-4),
            Guide(
                "The highest rate of the weights, in steps of their quantizer (ste), or of the rounding variables "
                    + "(adaround).", unit: "per step",
                when: "Lower it tenfold where the loss rises and stays above the calibrated unit's.",
                source: "decision 6")),
        number(
            .learning, "scale_learning_rate", "learning rate of log activation scales", "convergence", 0...1,
            \.scaleLearningRate, .decades(from: 1e-4),
            Guide(
                "The highest rate of the logarithm of activation scales; 0 freezes them.", unit: "per step",
                when: "Lower it where single values of the loss jump; 0 shows what the weights learn alone.",
                source: "decision 4")),
        choice(
            .learning, "rounding", "how weights are rounded", "what is learned", \.rounding,
            Guide(
                "ste trains the weights through their quantizer; adaround trains only whether each is rounded up or "
                    + "down.",
                when:
                    "Take adaround with thousands of steps or to compare with BRECQ and QDrop; ste for few steps.",
                source: "AdaRound, arXiv 2004.10568")),
        number(
            .learning, "rounding_regularizer", "factor on AdaRound's regulariser",
            "how soon roundings decide",
            0...1e6, \.roundingRegularizer, .decades(from: 1e-4),
            Guide(
                "How strongly rounding variables are pulled to 0 or 1; without effect for ste.",
                unit: "factor on the loss",
                when: "Raise it where many weights are undecided at the end.",
                source: "AdaRound, arXiv 2004.10568")),
        number(
            .learning, "warm_up", "share of steps in which rates rise", "convergence", 0...1, \.warmUp,
            .multiples(of: 0.05),
            Guide(
                "Learning rates rise from 0 over this share of the steps.", unit: "share of the steps",
                when: "Raise it where the loss leaps in the first steps.", source: "this program")),
        choice(
            .learning, "rate_schedule", "how learning rates go on", "convergence", \.learningRateSchedule,
            Guide(
                "What learning rates do after the warm-up: fall to 0 as a cosine, or stay.",
                when: "Take constant only with validation_share, which keeps the best state.",
                source: "this program")),
        integer(
            .learning, "backoffs", "times rates may fall tenfold", "units that would get worse", 0...5,
            \.backoffs, .multiples(of: 1),
            Guide(
                "A unit that gets worse continues from its best state at a tenth of its rates, this often; then it ends.",
                unit: "times", when: "Take 0 to follow a publication to the letter.",
                source: "this program")),
        number(
            .learning, "input_drop", "share of inputs in full precision", "generalisation", 0...1,
            \.inputDrop,
            .multiples(of: 0.1),
            Guide(
                "An element of a unit's input is that of full precision with this probability.",
                unit: "probability",
                when: "Take 0.5 where the loss falls but the held-out KL rises.",
                source: "QDrop, arXiv 2203.05740")),
        number(
            .learning, "activation_drop", "share of activations unquantized", "generalisation", 0...1,
            \.activationDrop, .multiples(of: 0.1),
            Guide(
                "An activation is left unquantized with this probability while a unit learns.",
                unit: "probability",
                when: "Take 0.5 where the loss falls but the held-out KL rises.",
                source: "QDrop, arXiv 2203.05740")),
        number(
            .learning, "validation_share", "share of images that judge a unit", "the state that is kept",
            0...1,
            \.validationShare, .multiples(of: 0.05),
            Guide(
                "This share of the calibration images judges a unit ten times instead of teaching it; the best state "
                    + "is kept.", unit: "share of the images",
                when: "Try 0.1 where images are many; with few, learning needs them all.",
                source: "this program")),
        integer(
            .learning, "patience", "judgements without gain until a stop", "time", 0...10, \.patience,
            .multiples(of: 1),
            Guide(
                "Learning ends after this many judgements without a gain; 0 never. Needs validation_share.",
                unit: "judgements", when: "Take 3 to save time with many steps.", source: "this program")),
        flag(
            .learning, "keep_or_revert", "put a unit back that got worse", "the outcome of a unit",
            \.keepOrRevert,
            Guide(
                "A unit whose loss and whose KL are above those of its calibrated state is put back to it.",
                when: "Take false only to see what learning does where it fails.", source: "this program")),
    ]

    private static let supervisionFields: [HyperparameterField] = [
        number(
            .supervision, "block_weight", "weight of the block term", "the loss", 0...1e6, \.blockWeight,
            .decades(from: 0.01),
            Guide(
                "The weight of the error of the unit's own output.", unit: "weight",
                when: "Change the weights of the other terms instead; only ratios count with grad_norm.",
                source: "decision 15")),
        number(
            .supervision, "global_weight", "weight of the global term", "the loss; 0 saves its time", 0...1e6,
            \.globalWeight, .decades(from: 0.01),
            Guide(
                "The weight of the error of the whole model's output behind the unit; 0 turns the term off.",
                unit: "weight",
                when: "Take 0 to save time; raise it where the block loss falls but the KL does not.",
                source: "PD-Quant, arXiv 2212.07048; GLF-Q; decision 15")),
        number(
            .supervision, "local_weight", "weight of the local terms", "the loss; 0 saves their time",
            0...1e6,
            \.localWeight, .decades(from: 0.01),
            Guide(
                "The weight of the errors of the operators inside the unit together; 0 turns them off.",
                unit: "weight",
                when: "Take 0 where the cosine of block and local gradients is below 0.",
                source: "MGRQ, arXiv 2406.09229; decision 15")),
        choice(
            .supervision, "global_target", "what the global term compares", "the loss", \.globalTarget,
            Guide(
                "The global term compares the feature before the classifier, or the logits.",
                when: "Take features where classes are few or missing, logits to compare with PD-Quant.",
                source: "GLF-Q (features); PD-Quant (logits)")),
        number(
            .supervision, "global_share", "share of images the global term sees", "time", 0.01...1,
            \.globalShare, .values([0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 1]),
            Guide(
                "The global term is computed on this share of a step's images.", unit: "share of the batch",
                when: "Raise it for small batches: a quarter of 8 images is 2.", source: "decision 8"
            )),
        number(
            .supervision, "temperature", "temperature of the global term", "the loss", 0.01...1000,
            \.temperature, .decades(from: 0.01),
            Guide(
                "Divides logits before the global term compares them; without effect for features.",
                unit: "divisor",
                when: "Lower it towards 1 where only the first class counts.",
                source: "PD-Quant, arXiv 2212.07048")),
        choice(
            .supervision, "fusion", "how terms are brought to one scale", "the loss", \.fusion,
            Guide(
                "How terms are scaled before their weights apply: by gradient norm, by first values, by running means, "
                    + "with learned variances, or not at all.",
                when: "Keep grad_norm; fixed is for PD-Quant's own weights.", source: "decisions 2 and 15")),
        choice(
            .supervision, "block_schedule", "how the block weight changes", "the loss", \.blockSchedule,
            Guide(
                "The block term's weight stays, rises from 0 over the first fifth, or falls to 0 as a cosine.",
                when: "Keep constant: no preset changes it.", source: "this program")),
        choice(
            .supervision, "global_schedule", "how the global weight changes", "the loss", \.globalSchedule,
            Guide(
                "The global term's weight stays, rises from 0 over the first fifth, or falls to 0 as a cosine.",
                when: "Take ramp where the global term pulls the unit away in the first steps.",
                source: "this program")),
        choice(
            .supervision, "local_schedule", "how the local weight changes", "the loss", \.localSchedule,
            Guide(
                "The local terms' weight stays, rises from 0 over the first fifth, or falls to 0 as a cosine.",
                when: "Take decay where local terms help at the start and hold back at the end.",
                source: "this program")),
        choice(
            .supervision, "block_distance", "metric of the output's error", "the loss", \.blockDistance,
            Guide(
                "Errors of the output count alike (mse) or by how much they change the model's output (brecq, aphq, "
                    + "fima).",
                when: "Change it to follow a paper, or without a global term.",
                source: "BRECQ 2102.05426, APHQ-ViT 2504.02508, FIMA-Q 2506.11543")),
        choice(
            .supervision, "local_distance", "how operators are compared", "the loss", \.localDistance,
            Guide(
                "Operators' outputs are compared by relative squared error, by divergence over channels, or by means "
                    + "and deviations.",
                when: "Take moments where single outliers dominate the local terms.",
                source: "our interpretation of MGRQ")),
    ]

    private static let calibrationFields: [HyperparameterField] = [
        choice(
            .calibration, "weight_solver", "weight rounding solver", "calibration", \.weightSolver,
            Guide(
                "Weights go to the nearest code, or are corrected (ridge), compensated (gptq), or both.",
                when:
                    "Take nearest with adaround, which starts from the nearest codes; keep ridge_gptq otherwise.",
                source: "ERQ, arXiv 2407.06794; GPTQ, arXiv 2210.17323; decision 5")),
        number(
            .calibration, "solver_damping", "damping of the weight solver", "calibration", 1e-6...10,
            \.solverDamping, .decades(from: 1e-6),
            Guide(
                "Added to the diagonal of the inputs' covariance before it is inverted.",
                unit: "share of the inputs' variance",
                when: "Try ten times as much where calibration is worse than with weight_solver nearest.",
                source: "GPTQ, arXiv 2210.17323")),
        number(
            .calibration, "token_importance", "how far tokens are weighted", "calibration", 0...1,
            \.tokenImportance, .multiples(of: 0.1),
            Guide(
                "How far closed forms weight tokens by their effect on the feature before the classifier; 0 all alike.",
                unit: "share", when: "Take 0 for models that classify by the mean over tokens.",
                source: "decision 19")),
        choice(
            .calibration, "range_search", "how ranges are searched", "calibration", \.rangeSearch,
            Guide(
                "Ranges by percentiles, by least squared error, or also by least error of the layer's output.",
                when: "Try output_mse where calibration alone loses much.",
                source: "RepQ-ViT, arXiv 2212.08254 (percentile)")),
        choice(
            .calibration, "operand_groups", "groups of attention's operands", "calibration", \.operandGroups,
            Guide(
                "Queries, keys, values and attention maps get a quantizer for each head, or one for the whole tensor.",
                when: "Take tensor where the runtime multiplies with one scale only.",
                source: "the field's standard")),
        flag(
            .calibration, "weight_symmetry", "zero point of weights in the middle", "calibration",
            \.weightSymmetry,
            Guide(
                "A weight's zero point is 2^(bits - 1), so that codes stand for multiples of the scale; all codes are used.",
                when: "Take true where the runtime has integer products for symmetric weights only.",
                source: "the field's standard")),
        flag(
            .calibration, "reparameterize", "per-channel ranges after LayerNorm", "calibration",
            \.reparameterize,
            Guide(
                "Channels behind a LayerNorm get a range each, folded into the norm and the next layer.",
                when: "Take false only to measure what it brings.", source: "RepQ-ViT, arXiv 2212.08254")),
        choice(
            .calibration, "attention_levels", "levels of attention maps", "calibration", \.attentionLevels,
            Guide(
                "Powers of √2, equal steps, powers of a searched base, or the one with the least error of the unit's "
                    + "output.",
                when: "Take log_sqrt2 or uniform where the runtime has no other.",
                source: "RepQ-ViT, FIMA-Q, AdaLog; decision 14")),
        choice(
            .calibration, "gelu_levels", "quantizer after GELU", "calibration", \.geluLevels,
            Guide(
                "Equal steps, powers of a searched base above GELU's least value, or the one with less error.",
                when: "Take uniform where the runtime has no other.", source: "AdaLog; decision 14")),
    ]

    private static let modelFields: [HyperparameterField] = [
        integer(
            .wholeModel, "views", "views of each calibration image; 0 by their number",
            "whole model; time and memory", 0...64, \.views, .values([0, 1, 2, 4, 8, 16, 32, 64]),
            Guide(
                "Every calibration image is used in this many flipped and shifted views, itself included; 0 takes as many "
                    + "as make 2,048 images in all, at most 4.",
                unit: "views",
                when: "Raise it to 8 below 128 images; take 1 to save time and memory.",
                source: "decision 16")),
        flag(
            .wholeModel, "view_flip", "flip every other view", "the views, the whole model", \.viewFlip,
            Guide(
                "Every other view is flipped from left to right.",
                when: "Take false where left and right matter, as with digits and text.",
                source: "decision 16")),
        number(
            .wholeModel, "view_shift", "largest shift, a share of sides", "the views, the whole model",
            0...0.5,
            \.viewShift, .multiples(of: 0.01),
            Guide(
                "A view is shifted by at most this share of its sides; edges are repeated.",
                unit: "share of the side", when: "Lower it where objects fill the images to the edge.",
                source: "decision 16")),
        flag(
            .wholeModel, "rotate", "rotate the model's features first", "calibration, the whole model",
            \.rotate,
            Guide(
                "Features between a ViT's blocks, and heads of every model, are rotated to spread outliers; queries and keys "
                    + "with rotary positions and values before a norm are not.",
                when: "Take false to keep the checkpoint's own weights comparable.",
                source: "GLF-Q; decision 7")),
        flag(
            .wholeModel, "centre_activations", "centre keys, values and feature",
            "calibration, the whole model",
            \.centreActivations,
            Guide(
                "The mean of every channel of keys, values and the last feature is moved into biases; keys with rotary "
                    + "positions or cosine attention and values before a norm keep theirs.",
                when: "Take false only to measure what it brings.", source: "decision 13")),
        flag(
            .wholeModel, "balance_heads", "balance the heads' operands", "calibration, the whole model",
            \.balanceHeads,
            Guide(
                "Queries and keys of a head, and its values and the projection, get the bases in which their quantization errors "
                    + "do the least to their products; queries and keys with rotary positions or cosine attention and values "
                    + "before a norm keep theirs.",
                when:
                    "Take false to keep the checkpoint's own weights comparable, or to measure what it brings.",
                source: "decision 28")),
        integer(
            .wholeModel, "relu_refit_steps", "ReLU refit steps; 0 keeps GELU", "whole model; time at start",
            0...1_000_000, \.reluRefitSteps, stepCounts,
            Guide(
                "MLPs get ReLU in place of GELU and are refitted in this many steps; 0 keeps GELU. Gated MLPs and those with "
                    + "a norm keep theirs.",
                unit: "steps",
                when:
                    "Take 1000 to compare with APHQ-ViT, or where the runtime is fast for ReLU; it changes the model.",
                source: "APHQ-ViT, arXiv 2504.02508; decision 18")),
    ]
}
