/// A message to a program's update function.
package enum LoopMessage<Data> {
    /// An event of the terminal.
    case input(InputEvent)
    /// The data that other threads have sent since the last time, in order.
    case data([Data])
    /// The time, once an interval.
    case tick(Duration)
}

extension LoopMessage: Sendable where Data: Sendable {}

/// What the loop does after it has carried out an effect.
package enum LoopAction: Hashable, Sendable {
    /// Nothing more.
    case proceed
    /// Ends the loop.
    case quit
    /// Suspends the process.
    case suspend
    /// Draws everything again.
    case redraw
    /// Takes or releases the mouse.
    case captureMouse(Bool)
    /// Puts a text on the clipboard.
    case copy(String)
}

/// A program with a screen: a state, one function that changes it, one that shows it.
///
/// `update` and `view` are functions of their arguments; they read no clock, no terminal and no engine.
package struct ScreenProgram<State, Data, Effect> {
    /// Changes the state; returns effects to carry out.
    package var update: (inout State, LoopMessage<Data>) -> [Effect]
    /// The frame of a state on a screen of this size.
    package var view: (State, ScreenSize) -> CellGrid
    /// The theme of a state.
    package var theme: (State) -> Theme
    /// The interval of ticks in a state; nil for no ticks.
    package var tickInterval: (State) -> Duration?
    /// Everything that other threads have sent since the last call.
    package var drain: () -> [Data]
    /// Carries an effect out.
    package var perform: (Effect) -> LoopAction

    package init(
        update: @escaping (inout State, LoopMessage<Data>) -> [Effect],
        view: @escaping (State, ScreenSize) -> CellGrid,
        theme: @escaping (State) -> Theme,
        tickInterval: @escaping (State) -> Duration? = { _ in nil },
        drain: @escaping () -> [Data] = { [] },
        perform: @escaping (Effect) -> LoopAction
    ) {
        self.update = update
        self.view = view
        self.theme = theme
        self.tickInterval = tickInterval
        self.drain = drain
        self.perform = perform
    }
}

@available(*, unavailable)
extension ScreenProgram: Sendable {}

/// How often a loop draws.
package struct FrameRate: Hashable, Sendable {
    /// The shortest time between two frames that only show new data.
    package let interval: Duration

    /// Makes a rate of 1 to 60 frames per second; other numbers are moved to the nearest end.
    package init(framesPerSecond: Int = 10) {
        interval = .seconds(1) / min(60, max(1, framesPerSecond))
    }

    /// A frame that takes longer than this to send means a slow link.
    static let slowFlush = Duration.milliseconds(100)
    /// The interval on a slow link.
    static let slowInterval = Duration.milliseconds(250)
    /// How long the slow interval stays after the last slow frame.
    static let slowPeriod = Duration.seconds(5)
}

/// Runs a program on a terminal.
///
/// Input is shown at once; data from other threads is fetched and shown at the frame rate; a frame that
/// equals the one on the screen is not sent. When sending takes long, the rate falls for a while.
package struct TerminalLoop<Screen: Terminal, State, Data, Effect> {
    /// Where the program is shown.
    package private(set) var terminal: Screen
    /// The program's state.
    package private(set) var state: State
    private let program: ScreenProgram<State, Data, Effect>
    private let rate: FrameRate
    private var shown: (grid: CellGrid, theme: Theme)?
    private var lastFrame: Duration?
    private var lastTick: Duration?
    private var slowUntil: Duration?
    private var hasData = false
    private var isStale = true
    private var hasEnded = false

    /// Makes a loop; nothing happens before ``run()``.
    package init(
        terminal: Screen, state: State, program: ScreenProgram<State, Data, Effect>,
        rate: FrameRate = FrameRate()
    ) {
        self.terminal = terminal
        self.state = state
        self.program = program
        self.rate = rate
    }

    /// Runs until an effect says to quit or the terminal is gone, then closes the terminal.
    package mutating func run() {
        hasData = true
        fetch()
        tick()
        drawIfChanged()
        while !hasEnded {
            step()
        }
        terminal.close()
    }

    /// Waits once, delivers what arrived, and draws a frame if one is due.
    private mutating func step() {
        let events = terminal.events(timeout: timeout())
        var isUrgent = false
        for event in events where !hasEnded {
            switch event {
            case .wake:
                hasData = true
            case .suspendRequest:
                suspend()
                isUrgent = true
            case .resize:
                terminal.invalidate()
                shown = nil
                fallthrough
            default:
                fetch()
                deliver(.input(event))
                hasEnded = hasEnded || event == .closed
                isUrgent = true
            }
        }
        guard !hasEnded else { return }
        tick()
        guard isUrgent || isFrameDue() else { return }
        fetch()
        drawIfChanged()
    }

    /// The time until a frame or a tick is due; nil if neither is.
    private func timeout() -> Duration? {
        var due: [Duration] = []
        if hasData || isStale { due.append((lastFrame ?? .zero) + interval) }
        if let every = program.tickInterval(state) { due.append((lastTick ?? .zero) + every) }
        return due.min().map { max(.zero, $0 - terminal.now) }
    }

    private var interval: Duration {
        guard let slowUntil, terminal.now < slowUntil else { return rate.interval }
        return max(rate.interval, FrameRate.slowInterval)
    }

    private func isFrameDue() -> Bool {
        guard hasData || isStale else { return false }
        return lastFrame.map { terminal.now >= $0 + interval } ?? true
    }

    private mutating func fetch() {
        guard hasData else { return }
        hasData = false
        let data = program.drain()
        if !data.isEmpty { deliver(.data(data)) }
    }

    private mutating func tick() {
        guard let every = program.tickInterval(state) else { return }
        let now = terminal.now
        if let lastTick, now < lastTick + every { return }
        lastTick = now
        deliver(.tick(now))
    }

    private mutating func deliver(_ message: LoopMessage<Data>) {
        isStale = true
        for effect in program.update(&state, message) {
            switch program.perform(effect) {
            case .proceed: break
            case .quit: hasEnded = true
            case .suspend: suspend()
            case .redraw:
                terminal.invalidate()
                shown = nil
            case .captureMouse(let isCaptured): terminal.captureMouse(isCaptured)
            case .copy(let text): terminal.copy(text)
            }
        }
    }

    private mutating func suspend() {
        terminal.suspend()
        shown = nil
        deliver(.input(.resumed))
    }

    private mutating func drawIfChanged() {
        isStale = false
        let grid = program.view(state, terminal.size)
        let theme = program.theme(state)
        let begin = terminal.now
        lastFrame = begin
        if let shown, shown.grid == grid, shown.theme == theme { return }
        terminal.present(grid, theme: theme)
        shown = (grid, theme)
        let end = terminal.now
        lastFrame = end
        if end - begin > FrameRate.slowFlush { slowUntil = end + FrameRate.slowPeriod }
    }
}

@available(*, unavailable)
extension TerminalLoop: Sendable {}
