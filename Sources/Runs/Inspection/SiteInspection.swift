/// A request to inspect a site.
package struct SiteRequest: Equatable, Codable, Sendable {
    /// The site's name, such as `blocks.3.mlp.fc2.input`.
    package var site: String
    /// The group of quantization parameters (channel or head) to show, for sites with several; nil shows all values.
    package var group: Int?
    /// The calibration image of an attention map, from 0.
    package var image: Int
    /// The head of an attention map, from 0.
    package var head: Int

    package init(site: String, group: Int? = nil, image: Int = 0, head: Int = 0) {
        self.site = site
        self.group = group
        self.image = image
        self.head = head
    }
}

/// The values of a site and the fit of its quantizer.
///
/// A weight's values are the checkpoint's, after reparameterisation; an activation's values are the inputs of its
/// quantizer in the quantized model, over some calibration images.
package struct SiteInspection: Equatable, Codable, Sendable {
    /// The request.
    package var request: SiteRequest
    /// The unit's index.
    package var unit: Int
    /// The attempt whose quantizer is shown; nil if the unit has none and the calibrated quantizer is shown.
    package var attempt: Int?
    /// Whether the site is a weight.
    package var isWeight: Bool
    /// The width of its codes; 16 in full precision.
    package var bits: Int
    /// The quantizer and its granularity, such as `uniform per channel`.
    package var quantizer: String
    /// The number of groups of quantization parameters.
    package var groupCount: Int
    /// The histogram of the values.
    package var histogram: Histogram
    /// The group that `levels` belong to: the requested one, or the one with the widest range; nil in full precision.
    package var levelsOfGroup: Int?
    /// The values of the codes, ascending, at most 256; empty in full precision.
    package var levels: [Float]
    /// The share of values beyond the range by more than half a step, 0 through 1.
    package var clippedShare: Double
    /// Signal to quantization noise in dB; nil without noise.
    package var sqnrDb: Double?
    /// The range of every channel (a weight's output, an activation's feature).
    package var channels: ChannelRanges
    /// One head's attention map of one image in full precision and quantized; nil for other sites.
    package var attention: AttentionPair?

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

/// Counts of values in bins of equal width.
package struct Histogram: Equatable, Codable, Sendable {
    /// The number of bins.
    package static let bins = 64

    /// The smallest value: the lower edge of the first bin.
    package var lower: Double
    /// The largest value: the upper edge of the last bin.
    package var upper: Double
    /// The number of values in each bin.
    package var counts: [Int]

    package init(lower: Double, upper: Double, counts: [Int]) {
        (self.lower, self.upper, self.counts) = (lower, upper, counts)
    }
}

/// The ranges of a site's channels; neighbours share an entry if there are many.
package struct ChannelRanges: Equatable, Codable, Sendable {
    /// The maximum number of entries.
    package static let greatestCount = 512

    /// The number of channels.
    package var channels: Int
    /// The number of neighbouring channels per entry; the last may cover fewer.
    package var perEntry: Int
    /// The smallest value of each entry.
    package var minima: [Float]
    /// The largest value of each entry.
    package var maxima: [Float]

    package init(channels: Int, perEntry: Int, minima: [Float], maxima: [Float]) {
        self.channels = channels
        self.perEntry = perEntry
        self.minima = minima
        self.maxima = maxima
    }
}

/// One head's attention map of one image, before and after quantization.
package struct AttentionPair: Equatable, Codable, Sendable {
    /// The maximum number of rows and of columns.
    package static let greatestSide = 64

    /// The number of heads.
    package var heads: Int
    /// The number of tokens.
    package var tokens: Int
    /// The rows of the maps: one per query token (in the last block perhaps the class token alone), or fewer, each the
    /// mean of several.
    package var rows: Int
    /// The columns of the maps: `tokens`, or fewer, each the mean of several.
    package var columns: Int
    /// `[rows, columns]`: the full-precision model's map, queries in rows.
    package var fullPrecision: [Float]
    /// `[rows, columns]`: the quantized model's map.
    package var quantized: [Float]

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
