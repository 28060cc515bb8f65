// The files of themes/, so that the program needs none of them at run time. The test "the built-in
// themes are the files of themes/" compares both, and writes this file when goldens are recorded.

/// The texts of the built-in themes by name; the first is the default.
package let builtInThemeTexts: [(name: String, text: String)] = [
    (
        "ink",
        #"""
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
    ),
    (
        "paper",
        #"""
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
    ),
]
