/// A terminal without a screen: its input is a script, its output a record, its clock follows the script.
///
/// Time passes only while it waits for input and while it presents a frame, so that a test of the loop is
/// exact and takes no time.
package struct InMemoryTerminal: Terminal, Sendable {
    /// A frame that was presented.
    package struct Frame: Equatable, Sendable {
        /// When it was presented.
        package let time: Duration
        /// The cells.
        package let grid: CellGrid
        /// The theme it was shown in.
        package let theme: Theme
    }

    /// A request other than a frame.
    package enum Request: Hashable, Sendable {
        /// The process should stop.
        case suspend
        /// The next frame should be drawn in full.
        case invalidate
        /// The mouse should be captured, or not.
        case captureMouse(Bool)
        /// A text should go to the clipboard.
        case copy(String)
        /// The screen should be given back.
        case close
    }

    /// The size of the screen; follows the resize events of the script.
    package private(set) var size: ScreenSize
    /// The scripted time.
    package private(set) var now = Duration.zero
    /// All frames presented.
    package private(set) var frames: [Frame] = []
    /// All other requests.
    package private(set) var requests: [Request] = []
    /// How often input was waited for.
    package private(set) var waits = 0
    /// How long presenting a frame takes.
    package var presentationTime: Duration
    private var script: [(time: Duration, event: InputEvent)]

    /// Makes a terminal.
    ///
    /// - Parameters:
    ///   - width: The columns of the screen at the start.
    ///   - height: The rows of the screen at the start.
    ///   - script: Events and when they arrive. After the last, ``InputEvent/closed`` arrives.
    ///   - presentationTime: How long presenting a frame takes.
    package init(
        width: Int, height: Int, script: [(time: Duration, event: InputEvent)] = [],
        presentationTime: Duration = .zero
    ) {
        size = ScreenSize(width: width, height: height)
        self.script = script.sorted { $0.time < $1.time }
        self.presentationTime = presentationTime
    }

    /// Records the frame.
    package mutating func present(_ grid: CellGrid, theme: Theme) {
        frames.append(Frame(time: now, grid: grid, theme: theme))
        now += presentationTime
    }

    /// Lets the scripted time pass until the next event, or until the time is over.
    package mutating func events(timeout: Duration?) -> [InputEvent] {
        waits += 1
        let limit = timeout.map { now + $0 }
        guard let first = script.first else {
            // After the script, the program's timeout passes once; then the input ends.
            guard let limit, limit > now else { return [.closed] }
            now = limit
            script = [(limit, .closed)]
            return []
        }
        if let limit, first.time > limit {
            now = limit
            return []
        }
        now = max(now, first.time)
        var events: [InputEvent] = []
        while let next = script.first, next.time <= now {
            script.removeFirst()
            if case .resize(let width, let height) = next.event {
                size = ScreenSize(width: width, height: height)
            }
            events.append(next.event)
        }
        return events
    }

    package mutating func suspend() { requests.append(.suspend) }

    package mutating func invalidate() { requests.append(.invalidate) }

    package mutating func captureMouse(_ isCaptured: Bool) { requests.append(.captureMouse(isCaptured)) }

    package mutating func copy(_ text: String) { requests.append(.copy(text)) }

    package mutating func close() { requests.append(.close) }
}
