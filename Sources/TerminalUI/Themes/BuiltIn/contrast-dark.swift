// themes/contrast-dark.theme; see BuiltInThemes.swift.

let contrastDarkThemeText = #"""
    # High contrast on black: text has 7 to 1 and more, lines and curves 4.5 to 1 and more.
    name = "contrast-dark"
    variant = "dark"

    [palette]
    ground = "#000000"
    raised = "#30343c"
    paper = "#ffffff"
    grey = "#d4d4d4"
    line = "#b4b4b4"
    mint = "#54f5b0"
    sky = "#86bcff"
    gold = "#ffc21a"
    rose = "#ff9a92"
    orchid = "#f0a8ff"

    [ui]
    background = "ground"
    text = "paper"
    muted = "grey"
    heading = "grey bold"
    title = "sky bold"
    border = "line"
    border_focus = "gold bold"
    selection = "#000000 on gold bold"
    key_hint = "gold bold"
    header = "paper on raised bold"
    ok = "mint bold"
    warn = "gold bold"
    error = "rose bold underline"
    running = "sky bold"
    axis = "line"

    [series]
    block = "mint"
    global = "sky"
    local = "gold"
    curve = "mint bold"
    comparison = "orchid"
    front = "sky bold"
    dominated = "grey"

    [gradient]
    heat = ["#5f9dff", "gold", "#ff6a5e"]

    # For terminals of 8 and 16 colours, in place of the nearest match.
    [ansi]
    background = "default"
    text = "bright-white"
    muted = "white"
    heading = "bright-white bold"
    title = "bright-cyan bold"
    border = "white"
    border_focus = "bright-yellow bold"
    selection = "black on yellow"
    key_hint = "bright-yellow bold"
    header = "black on white"
    ok = "bright-green bold"
    warn = "bright-yellow bold"
    error = "bright-red bold underline"
    running = "bright-cyan bold"
    axis = "white"
    block = "bright-green"
    global = "bright-cyan"
    local = "bright-yellow"
    curve = "bright-green bold"
    comparison = "bright-magenta"
    front = "bright-cyan bold"
    dominated = "white"
    heat0 = "blue"
    heat1 = "cyan"
    heat2 = "green"
    heat3 = "yellow"
    heat4 = "red"

    """#
