// themes/contrast-light.theme; see BuiltInThemes.swift.

let contrastLightThemeText = #"""
    # High contrast on white: text has 7 to 1 and more, lines and curves 4.5 to 1 and more.
    name = "contrast-light"
    variant = "light"

    [palette]
    ground = "#ffffff"
    raised = "#d9dde6"
    ink = "#000000"
    grey = "#3c3f46"
    line = "#565a63"
    pine = "#005c3d"
    navy = "#00289a"
    umber = "#7a2e00"
    blood = "#9c0b12"
    plum = "#6b1d93"

    [ui]
    background = "ground"
    text = "ink"
    muted = "grey"
    heading = "grey bold"
    title = "navy bold"
    border = "line"
    border_focus = "ink bold"
    selection = "#ffffff on navy bold"
    key_hint = "umber bold"
    header = "ink on raised bold"
    ok = "pine bold"
    warn = "umber bold"
    error = "blood bold underline"
    running = "navy bold"
    axis = "line"

    [series]
    block = "pine"
    global = "navy"
    local = "umber"
    curve = "pine bold"
    comparison = "plum"
    front = "navy bold"
    dominated = "grey"

    [gradient]
    heat = ["#2f6fd6", "umber", "blood"]

    # For terminals of 8 and 16 colours, in place of the nearest match.
    [ansi]
    background = "default"
    text = "default"
    muted = "default"
    heading = "default bold"
    title = "blue bold"
    border = "default"
    border_focus = "default bold"
    selection = "white on blue"
    key_hint = "magenta bold"
    header = "white on blue"
    ok = "green bold"
    warn = "magenta bold"
    error = "red bold underline"
    running = "blue bold"
    axis = "default"
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
