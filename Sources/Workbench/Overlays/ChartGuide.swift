/// How charts are read: the patterns that curves have, in the words of the help and of docs/charts.md.
enum ChartGuide {
    /// One pattern.
    struct Pattern: Equatable, Sendable {
        let name: String
        /// What is seen.
        let looks: String
        /// What it means.
        let meaning: String
        /// What to do.
        let advice: String
    }

    /// The title of the page.
    static let title = "Reading the charts"

    /// What the two charts show.
    static let introduction = [
        "Reconstruction: the block loss of each step, divided by that of the calibrated unit. Below 1.00 the unit is "
            + "better than calibrated. The strip below is the learning rate.",
        "Contributions: each term's share of the gradient, which decides where the weights go. Cosines say whether two terms "
            + "pull the same way.",
        "Sweep: KL to full precision for each pair of widths. Points in brackets are on the front: no other point costs as "
            + "little and is as near. Small differences of top-1 on a few hundred images are chance.",
        "±: half of a 95 % interval over images, of a difference that both models have on the same images.",
        "Held-out KL compares attempts, on images that neither learning nor the final figures see; the result is measured on "
            + "all other evaluation images. The two are not the same number.",
    ]

    /// The patterns, healthy ones first.
    static let patterns = [
        Pattern(
            name: "Rises first, then falls", looks: "Above 1.00 while the rate is high, below it at the end.",
            meaning:
                "Normal for a rate that falls as a cosine: its first steps are too large to improve anything.",
            advice: "Wait for the end of the steps."),
        Pattern(
            name: "Crosses late",
            looks: "Below 1.00 only in the last steps, and still improving at the end.",
            meaning: "The rate is too high for so few steps.",
            advice: "Redo the unit with more steps or a lower weight_learning_rate."),
        Pattern(
            name: "Plateau", looks: "Flat below 1.00, long before the end.",
            meaning: "Learning has found what there is to find at these bits.",
            advice: "Take fewer steps. For a lower loss, give the unit more bits."),
        Pattern(
            name: "Divergence", looks: "Rises even as the rate falls, or ends as NaN.",
            meaning: "The weights leave the solution and do not come back.",
            advice: "Cancel the attempt; redo the unit with a tenth of weight_learning_rate."),
        Pattern(
            name: "Put back", looks: "The title says “put back”, the ratio of the unit is 1.00.",
            meaning:
                "At the end block loss and KL were both worse than calibrated, so the calibrated unit was kept.",
            advice: "Nothing is lost. Redo the unit with a lower weight_learning_rate or more steps."),
        Pattern(
            name: "Drowned term", looks: "A term's share of the gradient stays near 0 %.",
            meaning: "The term costs time and decides next to nothing.",
            advice:
                "Try the unit without it; leave it out if the difference is not significant, else raise its weight."
        ),
        Pattern(
            name: "Overfitting",
            looks:
                "The block loss falls, but on held-out images this run is further from full precision than calibrated.",
            meaning: "The units learn the calibration images instead of the task.",
            advice: "Use more calibration images, fewer steps, or validation_share with patience."),
    ]
}
