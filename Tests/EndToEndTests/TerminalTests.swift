import Foundation
import Testing

@Suite(
    "The workbench on a terminal", .serialized,
    .enabled(
        if: PythonScript.drawsTerminals,
        "there is no python3 with pyte, which shows what the workbench draws; .ci/install test installs it"))
struct TerminalTests {
    let place: Workplace

    init() throws {
        place = try Workplace()
    }

    /// Carries out a scenario of a script; its complaint, with the screen, becomes the failure.
    private func expect(
        _ scenario: String, _ words: [String] = [], tool: String? = nil, file: String = "workbench.py"
    ) throws {
        let script = try PythonScript(
            file: file, [scenario, try tool ?? Workplace.tool(), place.path] + words)
        let ending = try script.end()
        #expect(ending.status == 0 && !ending.wasKilled, "\(ending.errors)\(ending.output)")
    }

    @Test("leads through a whole session: start, pause, edit, resize, export, quit")
    func session() throws {
        try expect("session")
    }

    @Test(
        "leads from the start screen to a file by the footer alone",
        arguments: ["fashion-vit", "fashion-deit", "fashion-swin"])
    func journey(sample: String) throws {
        try expect("journey", [sample])
    }

    @Test(
        "is put back, with the code of the signal, when a signal ends a run",
        arguments: ["TERM", "HUP", "INT", "QUIT"])
    func signal(name: String) throws {
        try expect("signal", ["SIG\(name)"] + Workplace.job + ["--set", "steps=1000000"])
    }

    @Test("remembers what it should when the terminal goes away")
    func hangUp() throws {
        try expect("hang-up")
    }

    @Test("goes on with a run that was killed, from the start screen")
    func resume() throws {
        try expect("resume", Workplace.job + ["--set", "steps=1000000"])
    }

    @Test("does not resume a run whose images have changed, unless that is accepted")
    func changedInputs() throws {
        try expect("changed-inputs", Workplace.job + ["--set", "steps=1000000"])
    }

    @Test("predicts for the image size that was asked for, and says why images cannot have it")
    func imageSize() throws {
        try expect("image-size")
    }

    @Test("asks before it leaves a run, and leaves with the code of an interruption")
    func quit() throws {
        try expect("quit", Workplace.job + ["--set", "steps=1000000"])
    }

    @Test("sweeps bit-widths with steps, and adopts a point")
    func sweep() throws {
        try expect("sweep", Workplace.job)
    }

    @Test("opens no run that another process works on, and does not disturb it")
    func inUse() throws {
        try expect("in-use", Workplace.job + ["--set", "steps=1000000"])
    }

    @Test("takes keys from the settings file and the last theme from the time before")
    func settings() throws {
        try expect("settings")
    }

    @Test("gives the terminal back while it is suspended, and draws everything again")
    func suspension() throws {
        try expect("suspend")
    }

    @Test("leaves its last frame above the shell's next line where it is to do without the alternate screen")
    func inline() throws {
        try expect("inline", Workplace.job + ["--set", "steps=1000000"])
    }

    @Test("says in one sentence why it cannot do without the alternate screen")
    func noInline() throws {
        try expect("no-inline")
    }

    @Test("draws nothing while nothing changes")
    func stillness() throws {
        try expect("still")
    }

    @Test(
        "shows its colours in tmux, is suspended by the shell, and takes clicks beyond column 223",
        .enabled(if: PythonScript.hasTmux, "there is no tmux; .ci/install test installs it"))
    func tmux() throws {
        try expect("session", Workplace.job + ["--set", "calibration_images=16"], file: "in_tmux.py")
    }

    @Test(
        "keeps what stood in the shell before it where it does without the alternate screen",
        .enabled(if: PythonScript.hasTmux, "there is no tmux; .ci/install test installs it"))
    func tmuxInline() throws {
        try expect("inline", file: "in_tmux.py")
    }

    /// An end, its exit code, and what must be read in the shell afterwards.
    static let ends: [(kind: String, code: Int, text: String)] = [
        ("exit", 7, ""), ("fatal", 132, "the words of a fatal error"), ("index", 132, ""),
        ("throw", 132, "an error that nobody caught"), ("null", 139, ""),
        ("abort", 134, "the words before abort"),
        ("overflow", 139, ""), ("thread-fatal", 132, "the words of a thread"), ("thread-overflow", 139, ""),
        ("stuck", 143, ""),
    ]

    @Test("is put back, with code and words, however the program ends", arguments: ends)
    func badEnd(kind: String, code: Int, text: String) throws {
        try expect("end", [kind, String(code), text], tool: try Workplace.tool("TerminalProbe"))
    }

    @Test(
        "leaves its last frame, with code and words, however the program ends without the alternate screen",
        arguments: ends.filter {
            ["exit", "fatal", "abort", "overflow", "thread-fatal", "stuck"].contains($0.kind)
        })
    func inlineEnd(kind: String, code: Int, text: String) throws {
        try expect("stays", [kind, String(code), text], tool: try Workplace.tool("TerminalProbe"))
    }

    @Test(
        "shows the start screen in any environment",
        arguments: [
            "TERM=xterm-256color", "TERM=tmux-256color", "TERM=screen", "TERM=linux", "TERM=vt100",
            "TERM=xterm-ghostty", "TERM=alacritty-unheard-of",
            "NO_COLOR=1",
            "COLORTERM=truecolor", "LC_ALL=C", "LINES=10",
        ])
    func environment(variable: String) throws {
        try expect("screen", [variable])
    }

    @Test(
        "gets one sentence where no screen can be drawn",
        arguments: ["TERM=dumb", "TERM=no-such-terminal", "TERM=", "TERM"])
    func refusal(variable: String) throws {
        try expect("refusal", [variable])
    }
}
