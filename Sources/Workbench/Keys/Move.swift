/// A move of a selection in a panel, in an overlay or on the start screen.
enum Move: Sendable {
    case up, down, left, right, first, last, pageUp, pageDown

    /// Whether it goes towards the beginning.
    var isBackward: Bool {
        switch self {
        case .up, .left, .first, .pageUp: true
        case .down, .right, .last, .pageDown: false
        }
    }

    /// The selected index of a list after the move, stopping at both ends.
    func target(from index: Int, count: Int, page: Int = 1) -> Int {
        let target =
            switch self {
            case .up, .left: index - 1
            case .down, .right: index + 1
            case .first: 0
            case .last: count - 1
            case .pageUp: index - page
            case .pageDown: index + page
            }
        return min(max(target, 0), max(count - 1, 0))
    }
}
