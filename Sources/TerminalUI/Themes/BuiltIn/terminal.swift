// themes/terminal.theme; see BuiltInThemes.swift.

let terminalThemeText = #"""
    # The terminal's own colours, by name: what its user has chosen there is what is seen here.
    name = "terminal"
    variant = "dark"

    [ui]
    background = "default"
    text = "default"
    muted = "white"
    heading = "white bold"
    title = "bright-cyan"
    border = "bright-black"
    border_focus = "bright-cyan bold"
    selection = "black on cyan"
    key_hint = "bright-yellow bold"
    header = "black on white"
    ok = "bright-green"
    warn = "bright-yellow bold"
    error = "bright-red bold"
    running = "bright-cyan bold"
    axis = "bright-black"

    [series]
    block = "bright-white"
    global = "bright-blue"
    local = "yellow"
    curve = "bright-white bold"
    comparison = "bright-magenta"
    front = "bright-cyan bold"
    dominated = "bright-black"

    [gradient]
    heat = ["bright-blue", "bright-cyan", "bright-green", "bright-yellow", "bright-red"]

    """#
