// The files of themes/, so that the program needs none of them at run time. The test "the built-in
// themes are the files of themes/" compares both, and writes the files of BuiltIn/ when goldens are recorded.

/// The texts of the built-in themes by name; the first is the default of dark terminals, the second of light ones.
package let builtInThemeTexts: [(name: String, text: String)] = [
    ("ink", inkThemeText),
    ("paper", paperThemeText),
    ("blue-orange", blueOrangeThemeText),
    ("contrast-dark", contrastDarkThemeText),
    ("contrast-light", contrastLightThemeText),
    ("ember", emberThemeText),
    ("mono", monoThemeText),
    ("terminal", terminalThemeText),
]
