// themes/ember.theme; see BuiltInThemes.swift.

let emberThemeText = #"""
    # Warm and low in blue, for evenings: umber ground, sage, mauve and apricot.
    name = "ember"
    variant = "dark"

    [palette]
    ground = "#1c1512"
    raised = "#3d2e25"
    paper = "#ecdfcf"
    grey = "#b5a18c"
    line = "#94806c"
    sage = "#86c7a5"
    mauve = "#b9a3f2"
    apricot = "#f5a962"
    clay = "#ff8a70"
    honey = "#f2cc6b"

    [ui]
    background = "ground"
    text = "paper"
    muted = "grey"
    heading = "grey bold"
    title = "apricot"
    border = "line"
    border_focus = "honey bold"
    selection = "paper on raised bold"
    key_hint = "honey bold"
    header = "paper on raised"
    ok = "sage"
    warn = "honey bold"
    error = "clay bold"
    running = "apricot bold"
    axis = "line"

    [series]
    block = "sage"
    global = "mauve"
    local = "apricot"
    curve = "sage bold"
    comparison = "honey"
    front = "mauve bold"
    dominated = "grey"

    [gradient]
    heat = ["#8f7ad6", "apricot", "clay"]

    # For terminals of 8 and 16 colours, in place of the nearest match.
    [ansi]
    background = "default"
    text = "default"
    muted = "white"
    heading = "white bold"
    title = "yellow"
    border = "white dim"
    border_focus = "yellow bold"
    selection = "black on yellow"
    key_hint = "yellow bold"
    header = "black on white"
    ok = "green"
    warn = "yellow bold"
    error = "red bold"
    running = "yellow bold"
    axis = "white dim"
    block = "green"
    global = "magenta"
    local = "yellow"
    curve = "green bold"
    comparison = "cyan"
    front = "magenta bold"
    dominated = "white dim"
    heat0 = "blue"
    heat1 = "cyan"
    heat2 = "green"
    heat3 = "yellow"
    heat4 = "red"

    """#
