// themes/blue-orange.theme; see BuiltInThemes.swift.

let blueOrangeThemeText = #"""
    # Blue against orange, lightness against darkness: nothing rests on telling red from green.
    name = "blue-orange"
    variant = "dark"

    [palette]
    ground = "#10151c"
    raised = "#243346"
    paper = "#dfe5ec"
    grey = "#9aa7b6"
    line = "#6f8299"
    ice = "#b5e0ff"
    blue = "#4f9df7"
    orange = "#ff9f40"
    sand = "#ffd9a0"
    white = "#ffffff"

    [ui]
    background = "ground"
    text = "paper"
    muted = "grey"
    heading = "grey bold"
    title = "blue"
    border = "line"
    border_focus = "ice bold"
    selection = "paper on raised bold"
    key_hint = "orange bold"
    header = "paper on raised"
    ok = "ice"
    warn = "orange bold"
    error = "sand bold underline"
    running = "blue bold"
    axis = "line"

    [series]
    block = "ice"
    global = "blue"
    local = "orange"
    curve = "ice bold"
    comparison = "white"
    front = "blue bold"
    dominated = "grey"

    [gradient]
    heat = ["#3d79c9", "ice", "orange"]

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
    ok = "cyan"
    warn = "yellow bold"
    error = "yellow bold underline"
    running = "cyan bold"
    axis = "white dim"
    block = "white bold"
    global = "cyan"
    local = "yellow"
    curve = "white bold"
    comparison = "blue"
    front = "cyan bold"
    dominated = "white dim"
    heat0 = "blue"
    heat1 = "cyan"
    heat2 = "white"
    heat3 = "yellow"
    heat4 = "yellow bold"

    """#
