internal import Kernels
internal import TensorCore

/// How a stage's tokens are gathered into windows of attention (Swin, arXiv 2103.14030).
///
/// The grid of tokens is rolled up and left by the shift, filled up with zeros below and to the right to whole
/// windows, and cut; other rules fill it up first and roll it then. Windows that hold tokens from both ends of the
/// rolled grid do not let them see each other.
package struct WindowLayout: Sendable {
    /// Rows of tokens that are neighbours in both orders.
    struct Run: Sendable {
        let token: Int
        let slot: Int
        let count: Int
    }

    /// The number of windows.
    package let windows: Int
    /// The number of tokens in a window.
    package let tokens: Int
    /// Whether some slots of windows hold no token.
    let hasPadding: Bool
    /// The positions within a window.
    let positions: RelativePositions
    let runs: [Run]
    private let padding: [Range<Int>]
    /// For the windows that need one, `[tokens, tokens]` with −100 where a token must not look.
    private let masks: [Int: Matrix]
    /// Whether tokens of some windows must not see each other.
    var hasMasks: Bool { !masks.isEmpty }

    /// Lays windows out.
    ///
    /// - Parameters:
    ///   - rows: The rows of the grid of tokens.
    ///   - columns: The columns of the grid of tokens.
    ///   - window: The side of a window.
    ///   - isShifted: Whether the grid is rolled by half a window.
    ///   - rule: What is done first, filling up or rolling.
    init(rows: Int, columns: Int, window: Int, isShifted: Bool, rule: WindowRule = .timm) {
        let size = (rows: min(window, rows), columns: min(window, columns))
        let isNarrow = rule == .huggingFace && min(rows, columns) <= window
        let shift = (
            rows: isShifted && rows > window && !isNarrow ? window / 2 : 0,
            columns: isShifted && columns > window && !isNarrow ? window / 2 : 0
        )
        let down = (rows + size.rows - 1) / size.rows
        let across = (columns + size.columns - 1) / size.columns
        windows = down * across
        tokens = size.rows * size.columns
        positions = RelativePositions(height: size.rows, width: size.columns)
        /// The row or column of tokens in a row or column of the windows; nil where there is none.
        func source(_ place: Int, of extent: Int, padded: Int, shift: Int) -> Int? {
            let rolled =
                rule != .timm ? (place + shift) % padded : place < extent ? (place + shift) % extent : extent
            return rolled < extent ? rolled : nil
        }
        var runs: [Run] = []
        var padding: [Range<Int>] = []
        for windowIndex in 0..<down * across {
            for y in 0..<size.rows {
                let start = windowIndex * size.rows * size.columns + y * size.columns
                let row = source(
                    windowIndex / across * size.rows + y, of: rows, padded: down * size.rows,
                    shift: shift.rows)
                for x in 0..<size.columns {
                    let column = source(
                        windowIndex % across * size.columns + x, of: columns, padded: across * size.columns,
                        shift: shift.columns)
                    let slot = start + x
                    guard let row, let column else {
                        if let last = padding.last, last.upperBound == slot, x > 0 {
                            padding[padding.count - 1] = last.lowerBound..<slot + 1
                        } else {
                            padding.append(slot..<slot + 1)
                        }
                        continue
                    }
                    let token = row * columns + column
                    if let last = runs.last, last.slot + last.count == slot, last.token + last.count == token,
                        x > 0
                    {
                        runs[runs.count - 1] = Run(token: last.token, slot: last.slot, count: last.count + 1)
                    } else {
                        runs.append(Run(token: token, slot: slot, count: 1))
                    }
                }
            }
        }
        self.runs = runs
        self.padding = padding
        hasPadding = !padding.isEmpty
        masks =
            shift.rows > 0 || shift.columns > 0
            ? WindowLayout.masks(size: size, down: down, across: across, shift: shift) : [:]
    }

    private static func masks(
        size: (rows: Int, columns: Int), down: Int, across: Int, shift: (rows: Int, columns: Int)
    ) -> [Int: Matrix] {
        func region(_ position: Int, of extent: Int, size: Int, shift: Int) -> Int {
            position < extent - size ? 0 : position < extent - shift ? 1 : 2
        }
        var masks: [Int: Matrix] = [:]
        for index in 0..<down * across {
            let regions = (0..<size.rows * size.columns).map { cell in
                3
                    * region(
                        index / across * size.rows + cell / size.columns, of: down * size.rows,
                        size: size.rows,
                        shift: shift.rows)
                    + region(
                        index % across * size.columns + cell % size.columns, of: across * size.columns,
                        size: size.columns, shift: shift.columns)
            }
            guard Set(regions).count > 1 else { continue }
            let mask = Matrix(rows: regions.count, columns: regions.count)
            for (row, from) in regions.enumerated() {
                for (column, to) in regions.enumerated() where from != to {
                    mask[row, column] = -100
                }
            }
            masks[index] = mask
        }
        return masks
    }

    /// Copies rows into the windows' order; slots without a token become 0.
    ///
    /// - Parameters:
    ///   - grid: `[images · rows · columns, width]`.
    ///   - ordered: `[images · windows · tokens, width]`, overwritten.
    ///   - images: The number of images.
    func gather(_ grid: Matrix, into ordered: Matrix, images: Int) {
        let (tokens, slots) = (grid.rows / images, windows * tokens)
        for image in 0..<images {
            for run in runs {
                copy(
                    grid.rows(image * tokens + run.token..<image * tokens + run.token + run.count),
                    into: ordered.rows(image * slots + run.slot..<image * slots + run.slot + run.count))
            }
        }
        clearPadding(of: ordered, images: images)
    }

    /// Sets the slots without a token to 0.
    func clearPadding(of ordered: Matrix, images: Int) {
        let slots = windows * tokens
        for image in 0..<images {
            for range in padding {
                fill(
                    ordered.rows(image * slots + range.lowerBound..<image * slots + range.upperBound), with: 0
                )
            }
        }
    }

    /// Copies rows back into the grid's order, the inverse of `gather`; every row of `grid` is overwritten.
    func scatter(_ ordered: Matrix, into grid: Matrix, images: Int) {
        let (tokens, slots) = (grid.rows / images, windows * tokens)
        for image in 0..<images {
            for run in runs {
                copy(
                    ordered.rows(image * slots + run.slot..<image * slots + run.slot + run.count),
                    into: grid.rows(image * tokens + run.token..<image * tokens + run.token + run.count))
            }
        }
    }

    /// Adds the mask of each window that has one to attention scores.
    ///
    /// - Parameters:
    ///   - scores: `[images · windows · heads · tokens, tokens]`, changed.
    ///   - heads: The number of heads.
    ///   - images: The number of images.
    func addMasks(to scores: Matrix, heads: Int, images: Int) {
        for window in 0..<images * windows {
            guard let mask = masks[window % windows] else { continue }
            for head in window * heads..<(window + 1) * heads {
                let part = scores.rows(head * tokens..<(head + 1) * tokens)
                add(part, mask, into: part)
            }
        }
    }
}
