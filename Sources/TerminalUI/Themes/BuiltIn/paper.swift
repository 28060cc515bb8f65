// themes/paper.theme; see BuiltInThemes.swift.

let paperThemeText = #"""
    # The default on light terminals: ink on warm paper, the same meanings as in "ink".
    name = "paper"
    variant = "light"

    [palette]
    ground = "#fbf9f3"
    raised = "#e3dfd2"
    ink = "#23262d"
    grey = "#5c6370"
    line = "#858a96"
    navy = "#1f5fbf"
    teal = "#0c7a5c"
    amber = "#a85b00"
    brick = "#bf2a20"
    violet = "#7b3fb5"

    [ui]
    background = "ground"
    text = "ink"
    muted = "grey"
    heading = "grey bold"
    title = "navy"
    border = "line"
    border_focus = "navy bold"
    selection = "ink on raised bold"
    key_hint = "amber bold"
    header = "ink on raised"
    ok = "teal"
    warn = "amber bold"
    error = "brick bold"
    running = "navy bold"
    axis = "line"

    [series]
    block = "teal"
    global = "navy"
    local = "amber"
    curve = "teal bold"
    comparison = "violet"
    front = "navy bold"
    dominated = "grey"

    [gradient]
    heat = ["#5b8fd9", "amber", "brick"]

    # For terminals of 8 and 16 colours, in place of the nearest match.
    [ansi]
    background = "default"
    text = "default"
    muted = "default dim"
    heading = "default bold"
    title = "blue"
    border = "default dim"
    border_focus = "blue bold"
    selection = "white on blue"
    key_hint = "magenta bold"
    header = "white on blue"
    ok = "green"
    warn = "magenta bold"
    error = "red bold"
    running = "blue bold"
    axis = "default dim"
    block = "green"
    global = "blue"
    local = "magenta"
    curve = "green bold"
    comparison = "cyan"
    front = "blue bold"
    dominated = "default dim"
    heat0 = "blue"
    heat1 = "cyan"
    heat2 = "green"
    heat3 = "magenta"
    heat4 = "red"

    """#
