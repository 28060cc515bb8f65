/// The size of a screen.
package struct ScreenSize: Hashable, Sendable {
    /// Columns.
    package let width: Int
    /// Rows.
    package let height: Int

    package init(width: Int, height: Int) {
        (self.width, self.height) = (width, height)
    }
}

/// A place that shows frames and delivers input.
///
/// The real one draws with ncurses, ``InMemoryTerminal`` is its double for tests and snapshots. One
/// thread uses a terminal; only a conformer's own way to wake it may be called from others.
package protocol Terminal {
    /// The size of the screen now.
    var size: ScreenSize { get }

    /// A clock that never goes back, from an arbitrary origin.
    var now: Duration { get }

    /// Shows a frame; cells beyond the screen are left out.
    mutating func present(_ grid: CellGrid, theme: Theme)

    /// Waits for input.
    ///
    /// - Parameter timeout: How long to wait; nil waits until something happens.
    /// - Returns: All events that have arrived, in order; none if the time is over.
    mutating func events(timeout: Duration?) -> [InputEvent]

    /// Gives the screen back to the shell, stops the process, and takes the screen again when it goes on.
    mutating func suspend()

    /// Discards the record of the shown frame, so that the next one is drawn in full.
    mutating func invalidate()

    /// Asks for mouse events, or leaves the mouse to the terminal so that its user can select text.
    mutating func captureMouse(_ isCaptured: Bool)

    /// Puts a text on the user's clipboard, where the terminal allows it.
    mutating func copy(_ text: String)

    /// Gives the screen back; the terminal cannot be used any more.
    mutating func close()
}
