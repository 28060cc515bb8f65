extension String {
    /// Whether a part of the text is another one, byte by byte.
    ///
    /// `contains` compares characters and takes a minute for a million names and all marks.
    func holds(_ part: String) -> Bool {
        let (text, part) = (utf8, part.utf8)
        guard let first = part.first else { return true }
        var rest = text[...]
        while let place = rest.firstIndex(of: first) {
            if rest[place...].starts(with: part) { return true }
            rest = rest[rest.index(after: place)...]
        }
        return false
    }
}
