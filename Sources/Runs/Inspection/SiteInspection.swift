/// Which site to look at, and what of it.
package struct SiteRequest: Equatable, Codable, Sendable {
    /// The site's name, such as `blocks.3.mlp.fc2.input`.
    package var site: String
    /// Of a site with several groups of quantization parameters (channels, heads), the one to look at; nil looks at
    /// all values.
    package var group: Int?
    /// Of an attention map, the calibration image, from 0.
    package var image: Int
    /// Of an attention map, the head, from 0.
    package var head: Int

    /// Makes a request.
    package init(site: String, group: Int? = nil, image: Int = 0, head: Int = 0) {
        self.site = site
        self.group = group
        self.image = image
        self.head = head
    }
}

/// The values of a site and how its quantizer fits them.
///
/// A weight's values are the checkpoint's (scales that reparameterisation moved into it applied); an activation's are
/// what the quantizer is given in the quantized model, over some calibration images.
package struct SiteInspection: Equatable, Codable, Sendable {
    /// What was asked for.
    package var request: SiteRequest
    /// The unit's index.
    package var unit: Int
    /// The attempt whose quantizer this is; nil where the unit has none and the calibrated one is shown.
    package var attempt: Int?
    /// Whether it is a weight.
    package var isWeight: Bool
    /// The width of its codes; 16 in full precision.
    package var bits: Int
    /// The quantizer and what shares its parameters, such as `uniform per channel`.
    package var quantizer: String
    /// The number of groups of quantization parameters.
    package var groupCount: Int
    /// How the values are spread.
    package var histogram: Histogram
    /// The group whose `levels` these are: the one asked for, else the one with the widest range; nil in full
    /// precision.
    package var levelsOfGroup: Int?
    /// The values that codes stand for, rising; at most 256; empty in full precision.
    package var levels: [Float]
    /// The share of values beyond the range by more than half a step, 0 through 1.
    package var clippedShare: Double
    /// Signal to quantization noise in dB; nil where there is no noise at all.
    package var sqnrDb: Double?
    /// The smallest and the largest value of each channel (a weight's output, an activation's feature).
    package var channels: ChannelRanges
    /// Of an attention map, one head of one image in full precision and quantized; nil otherwise.
    package var attention: AttentionPair?

    /// Makes an inspection.
    package init(
        request: SiteRequest, unit: Int, attempt: Int?, isWeight: Bool, bits: Int, quantizer: String,
        groupCount: Int, histogram: Histogram, levelsOfGroup: Int?, levels: [Float], clippedShare: Double,
        sqnrDb: Double?, channels: ChannelRanges, attention: AttentionPair?
    ) {
        self.request = request
        self.unit = unit
        self.attempt = attempt
        self.isWeight = isWeight
        self.bits = bits
        self.quantizer = quantizer
        self.groupCount = groupCount
        self.histogram = histogram
        self.levelsOfGroup = levelsOfGroup
        self.levels = levels
        self.clippedShare = clippedShare
        self.sqnrDb = sqnrDb
        self.channels = channels
        self.attention = attention
    }
}

/// How values are spread over bins of one width.
package struct Histogram: Equatable, Codable, Sendable {
    /// The number of bins.
    package static let bins = 64

    /// The smallest value: where the first bin begins.
    package var lower: Double
    /// The largest value: where the last bin ends.
    package var upper: Double
    /// The number of values in each bin.
    package var counts: [Int]

    /// Makes a histogram.
    package init(lower: Double, upper: Double, counts: [Int]) {
        self.lower = lower
        self.upper = upper
        self.counts = counts
    }
}

/// The ranges of a site's channels, some of them together where there are many.
package struct ChannelRanges: Equatable, Codable, Sendable {
    /// The greatest number of entries.
    package static let greatestCount = 512

    /// The number of channels.
    package var channels: Int
    /// How many neighbouring channels one entry covers; the last may cover fewer.
    package var perEntry: Int
    /// The smallest value of each entry.
    package var minima: [Float]
    /// The largest value of each entry.
    package var maxima: [Float]

    /// Makes ranges.
    package init(channels: Int, perEntry: Int, minima: [Float], maxima: [Float]) {
        self.channels = channels
        self.perEntry = perEntry
        self.minima = minima
        self.maxima = maxima
    }
}

/// One head's attention map of one image, before and after quantization.
package struct AttentionPair: Equatable, Codable, Sendable {
    /// The greatest number of rows and of columns.
    package static let greatestSide = 64

    /// The number of heads.
    package var heads: Int
    /// The number of tokens.
    package var tokens: Int
    /// The rows of the maps: one for each token that asks (in a last block perhaps the class token alone), or fewer,
    /// each the mean of some.
    package var rows: Int
    /// The columns of the maps: `tokens`, or fewer, each the mean of some.
    package var columns: Int
    /// `[rows, columns]`: the full-precision model's map, queries in rows.
    package var fullPrecision: [Float]
    /// `[rows, columns]`: what the quantized model multiplies values with.
    package var quantized: [Float]

    /// Makes a pair.
    package init(
        heads: Int, tokens: Int, rows: Int, columns: Int, fullPrecision: [Float], quantized: [Float]
    ) {
        self.heads = heads
        self.tokens = tokens
        self.rows = rows
        self.columns = columns
        self.fullPrecision = fullPrecision
        self.quantized = quantized
    }
}
