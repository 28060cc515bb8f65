/// A tensor's name with places for numbers, and what it is called here.
///
/// Parts are separated by dots. `#` at the end of a part stands for a number that goes over to the target; `#+1` in the
/// target is that number plus one; a last part `*` stands for one part that goes over as it is.
struct NamePattern {
    private let source: [Substring]
    private let target: [Substring]
    /// Which part of a fused tensor this is: of queries, keys and values, or of a gated MLP's two factors.
    let part: Int?

    init(_ source: String, _ target: String, part: Int? = nil) {
        self.source = source.split(separator: ".")
        self.target = target.split(separator: ".")
        self.part = part
    }

    /// The target of a name; nil where the name is not of this form.
    func target(of name: [Substring]) -> String? {
        guard name.count == source.count else { return nil }
        var numbers: [Int] = []
        var last: Substring = ""
        for (part, pattern) in zip(name, source) {
            if pattern == "*" {
                last = part
            } else if pattern.last == "#" {
                let digits = part.dropFirst(pattern.count - 1)
                guard part.hasPrefix(pattern.dropLast()), let number = Int(digits),
                    (0..<100_000).contains(number), "\(number)" == digits
                else { return nil }
                numbers.append(number)
            } else {
                guard part == pattern else { return nil }
            }
        }
        var next = numbers.makeIterator()
        return target.map { part in
            switch part {
            case "#": "\(next.next() ?? 0)"
            case "#+1": "\((next.next() ?? 0) + 1)"
            case "*": String(last)
            default: String(part)
            }
        }.joined(separator: ".")
    }

    /// The name that has this target, the other way round; nil where the target is not of this form.
    func source(of name: [Substring]) -> String? {
        guard name.count == target.count else { return nil }
        var numbers: [Int] = []
        var last: Substring = ""
        for (part, pattern) in zip(name, target) {
            switch pattern {
            case "*": last = part
            case "#", "#+1":
                guard let number = Int(part), number >= (pattern == "#" ? 0 : 1) else { return nil }
                numbers.append(pattern == "#" ? number : number - 1)
            default: guard part == pattern else { return nil }
            }
        }
        var next = numbers.makeIterator()
        return source.map { part in
            part == "*"
                ? String(last) : part.last == "#" ? "\(part.dropLast())\(next.next() ?? 0)" : String(part)
        }.joined(separator: ".")
    }
}
