// themes/mono.theme; see BuiltInThemes.swift.

let monoThemeText = #"""
    # No hue at all: meaning is carried by lightness, weight, words and glyphs.
    name = "mono"
    variant = "dark"

    [palette]
    ground = "#121212"
    raised = "#383838"
    paper = "#d8d8d8"
    grey = "#a6a6a6"
    line = "#7c7c7c"
    white = "#ffffff"

    [ui]
    background = "ground"
    text = "paper"
    muted = "grey"
    heading = "grey bold"
    title = "paper bold"
    border = "line"
    border_focus = "white bold"
    selection = "paper on raised bold"
    key_hint = "white bold"
    header = "paper on raised"
    ok = "paper"
    warn = "white bold"
    error = "white bold underline"
    running = "white bold"
    axis = "line"

    [series]
    block = "white"
    global = "grey"
    local = "line"
    curve = "white bold"
    comparison = "grey"
    front = "white bold"
    dominated = "line"

    [gradient]
    heat = ["#767676", "#b0b0b0", "#ffffff"]

    # For terminals of 8 and 16 colours, in place of the nearest match.
    [ansi]
    background = "default"
    text = "default"
    muted = "default dim"
    heading = "default bold"
    title = "default bold"
    border = "default dim"
    border_focus = "default bold"
    selection = "default reverse"
    key_hint = "default bold"
    header = "default reverse"
    ok = "default"
    warn = "default bold"
    error = "default bold underline"
    running = "default bold"
    axis = "default dim"
    block = "default bold"
    global = "default"
    local = "default dim"
    curve = "default bold"
    comparison = "default dim"
    front = "default bold"
    dominated = "default dim"
    heat0 = "default dim"
    heat1 = "default dim"
    heat2 = "default"
    heat3 = "default"
    heat4 = "default bold"

    """#
