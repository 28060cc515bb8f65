// themes/ink.theme; see BuiltInThemes.swift.

let inkThemeText = #"""
    # The default on dark terminals: a calm blue-grey ground, teal, blue and amber for the three
    # granularities of supervision, which also differ for readers who see red and green alike.
    name = "ink"
    variant = "dark"

    [palette]
    ground = "#15171c"
    raised = "#2b3140"
    paper = "#d7dae0"
    grey = "#959daf"
    line = "#747f9b"
    sky = "#6ea8fe"
    teal = "#4fc9a4"
    amber = "#e6a855"
    coral = "#ff7b72"
    violet = "#c39cf4"

    [ui]
    background = "ground"
    text = "paper"
    muted = "grey"
    heading = "grey bold"
    title = "sky"
    border = "line"
    border_focus = "sky bold"
    selection = "paper on raised bold"
    key_hint = "amber bold"
    header = "paper on raised"
    ok = "teal"
    warn = "amber bold"
    error = "coral bold"
    running = "sky bold"
    axis = "line"

    [series]
    block = "teal"
    global = "sky"
    local = "amber"
    curve = "teal bold"
    comparison = "violet"
    front = "sky bold"
    dominated = "grey"

    [gradient]
    heat = ["#3f7fd6", "amber", "coral"]

    # For terminals of 8 and 16 colours, in place of the nearest match.
    [ansi]
    background = "default"
    text = "default"
    muted = "white"
    heading = "white bold"
    title = "cyan"
    border = "white dim"
    border_focus = "cyan bold"
    selection = "black on cyan"
    key_hint = "yellow bold"
    header = "black on white"
    ok = "green"
    warn = "yellow bold"
    error = "red bold"
    running = "cyan bold"
    axis = "white dim"
    block = "green"
    global = "cyan"
    local = "yellow"
    curve = "green bold"
    comparison = "magenta"
    front = "cyan bold"
    dominated = "white dim"
    heat0 = "blue"
    heat1 = "cyan"
    heat2 = "green"
    heat3 = "yellow"
    heat4 = "red"

    """#
