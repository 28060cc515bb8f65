import Testing
import TerminalUI

/// A program that counts what it is told and shows the counts.
private struct Counter: Equatable {
    var keys = 0
    var data: [Int] = []
    var batches = 0
    var ticks: [Duration] = []
    var inputs: [InputEvent] = []
}

private enum Order: Equatable {
    case action(LoopAction)
}

/// What the other thread would have sent; the loop fetches it.
private final class Source {
    var pending: [Int] = []
    var fetches = 0
}

@Suite("Terminal loop")
struct TerminalLoopTests {
    private func milliseconds(_ count: Int) -> Duration { .milliseconds(count) }

    private func run(
        _ script: [(Int, InputEvent)], source: Source = Source(), framesPerSecond: Int = 10,
        presentation: Duration = .zero, tick: Duration? = nil,
        react: @escaping (InputEvent) -> [LoopAction] = { _ in [] },
        view: @escaping (Counter, ScreenSize) -> CellGrid = TerminalLoopTests.view
    ) -> (terminal: InMemoryTerminal, state: Counter) {
        let program = ScreenProgram<Counter, Int, Order>(
            update: { state, message in
                switch message {
                case .input(let event):
                    state.inputs.append(event)
                    if case .key = event { state.keys += 1 }
                    return react(event).map(Order.action)
                case .data(let values):
                    state.data += values
                    state.batches += 1
                case .tick(let now): state.ticks.append(now)
                }
                return []
            },
            view: view, theme: { _ in testTheme }, tickInterval: { _ in tick },
            drain: {
                source.fetches += 1
                defer { source.pending = [] }
                return source.pending
            },
            perform: { order in
                guard case .action(let action) = order else { return .proceed }
                return action
            })
        var loop = TerminalLoop(
            terminal: InMemoryTerminal(
                width: 20, height: 2, script: script.map { (milliseconds($0.0), $0.1) },
                presentationTime: presentation),
            state: Counter(), program: program, rate: FrameRate(framesPerSecond: framesPerSecond))
        loop.run()
        return (loop.terminal, loop.state)
    }

    private static func view(_ state: Counter, _ size: ScreenSize) -> CellGrid {
        var grid = CellGrid(width: size.width, height: size.height)
        grid.write("k\(state.keys) d\(state.data.reduce(0, +)) t\(state.ticks.count)", x: 0, y: 0)
        return grid
    }

    @Test("the first frame is drawn at once, and the terminal is closed at the end")
    func firstFrame() {
        let (terminal, state) = run([])
        #expect(terminal.frames.map(\.time) == [.zero])
        #expect(terminal.requests == [.close])
        #expect(state.inputs == [.closed])
    }

    @Test("a key is shown at once")
    func keys() {
        let (terminal, _) = run([(3, .key(.down)), (5, .key(.down))])
        #expect(terminal.frames.map(\.time) == [.zero, milliseconds(3), milliseconds(5)])
    }

    @Test("keys that arrive together are shown in one frame")
    func coalescing() {
        let (terminal, state) = run([(3, .key(.down)), (3, .key(.down)), (3, .key("x"))])
        #expect(terminal.frames.count == 2)
        #expect(state.keys == 3)
    }

    @Test("data waits for the frame rate, whatever the number of wakes", arguments: [1, 10, 30])
    func frameCap(framesPerSecond: Int) {
        let source = Source()
        source.pending = []
        // One wake per millisecond for a second; every fetch finds something new.
        let script = (1...1000).map { ($0, InputEvent.wake) }
        let program = run(
            script, source: source, framesPerSecond: framesPerSecond,
            view: { state, size in
                source.pending.append(1)
                return TerminalLoopTests.view(state, size)
            })
        let frames = program.terminal.frames
        #expect(frames.count <= framesPerSecond + 2 && frames.count >= framesPerSecond)
        for (a, b) in zip(frames, frames.dropFirst()) {
            #expect(b.time - a.time >= FrameRate(framesPerSecond: framesPerSecond).interval)
        }
    }

    @Test("data that arrived before a key is shown with it")
    func order() {
        let source = Source()
        let (terminal, state) = run(
            [(10, .wake), (20, .key(.down))], source: source,
            view: { state, size in
                if state.batches == 0 { source.pending = [7] }
                return TerminalLoopTests.view(state, size)
            })
        #expect(terminal.frames.map(\.time) == [.zero, milliseconds(20)])
        #expect(state.data == [7])
    }

    @Test("nothing is drawn and nothing wakes while nothing changes")
    func idle() {
        let (terminal, _) = run(
            [(60_000, .key(.escape))], view: { _, size in CellGrid(width: size.width, height: size.height) })
        #expect(terminal.frames.count == 1)
        // One wait for the key, one for the end of the script, and one frame interval at most.
        #expect(terminal.waits <= 3)
    }

    @Test("the time is told at the interval asked for, and only then")
    func ticks() {
        let (_, state) = run([(3500, .key(.escape))], tick: .seconds(1))
        #expect(Array(state.ticks.prefix(4)) == [.zero, .seconds(1), .seconds(2), .seconds(3)])
    }

    @Test("a slow link lowers the frame rate for a while")
    func slowLink() {
        let source = Source()
        let script = (1...200).map { ($0 * 10, InputEvent.wake) }
        let (terminal, _) = run(
            script, source: source, framesPerSecond: 30, presentation: milliseconds(120),
            view: { state, size in
                source.pending.append(1)
                return TerminalLoopTests.view(state, size)
            })
        for (a, b) in zip(terminal.frames, terminal.frames.dropFirst()) {
            #expect(b.time - a.time >= milliseconds(120 + 250))
        }
        #expect(terminal.frames.count >= 4)
    }

    @Test("a new size draws everything again at that size")
    func resize() {
        let (terminal, state) = run([(5, .resize(width: 7, height: 3))])
        #expect(terminal.frames.map { [$0.grid.width, $0.grid.height] } == [[20, 2], [7, 3]])
        #expect(terminal.requests.contains(.invalidate))
        #expect(state.inputs.first == .resize(width: 7, height: 3))
    }

    @Test("a request to suspend suspends, tells the program, and draws again")
    func suspend() {
        let (terminal, state) = run([(5, .suspendRequest)])
        #expect(terminal.requests == [.suspend, .close])
        #expect(state.inputs == [.resumed, .closed])
        #expect(terminal.frames.count == 2)
    }

    @Test(
        "effects reach the terminal",
        arguments: [
            (LoopAction.redraw, InMemoryTerminal.Request.invalidate),
            (.captureMouse(false), .captureMouse(false)),
            (.copy("text"), .copy("text")), (.suspend, .suspend),
        ])
    func actions(action: LoopAction, request: InMemoryTerminal.Request) {
        let (terminal, _) = run([(5, .key("x"))]) { $0 == .key("x") ? [action] : [] }
        #expect(terminal.requests == [request, .close])
    }

    @Test("quitting ends the loop before later events")
    func quit() {
        let (terminal, state) = run([(5, .key("q")), (5, .key("x")), (9, .key("y"))]) { _ in [.quit] }
        #expect(state.inputs == [.key("q")])
        #expect(terminal.requests == [.close])
    }
}

extension InputEvent {
    fileprivate static func key(_ character: Character) -> InputEvent { .key(Key.character(character)) }
}
