internal import CKernels
internal import TensorCore

/// Which elements of a matrix share a quantizer's parameters.
package enum QuantizationGroups: Sendable, Hashable {
    /// Neighbouring columns do: the group is `column / width`, and the number of groups times `width` is the
    /// number of columns. A width of all columns is one group for the whole tensor; 1 is one for each channel;
    /// a head's width is one for each head.
    case columns(width: Int)
    /// Neighbouring rows do: the group is `(row / perGroup) % count`. With 1 and as many groups as rows, each
    /// output channel of a weight has its own; with `[image, head, token]` rows of an attention map, tokens per
    /// group and as many groups as heads, each head has its own.
    case rows(perGroup: Int)

    /// The grouping as C sees it, for a matrix and as many groups as there are parameters.
    @unsafe func view(of x: Matrix, count: Int) -> ck_groups {
        switch self {
        case .columns(let width):
            precondition(
                width > 0 && width * count == x.columns,
                "\(count) groups of \(width) columns do not make \(x.columns) columns")
            return ck_groups(by_column: true, width: width, count: count)
        case .rows(let perGroup):
            precondition(
                perGroup > 0 && (count > 0 || x.rows == 0),
                "rows cannot be shared among \(count) groups of \(perGroup)")
            return ck_groups(by_column: false, width: perGroup, count: count)
        }
    }
}
