/// A line of the journal: an event or a command, and its time.
package struct JournalEntry: Equatable, Sendable {
    /// The content of a line.
    package enum Content: Equatable, Sendable {
        /// An event.
        case event(RunEvent)
        /// A command.
        case command(RunCommand)
    }

    /// The number of the line, from 1, without gaps.
    package var sequence: Int
    /// The time in seconds since the run began.
    package var seconds: Double
    /// The event or the command.
    package var content: Content

    package init(sequence: Int, seconds: Double, content: Content) {
        (self.sequence, self.seconds, self.content) = (sequence, seconds, content)
    }

    /// The entry as one line of JSON without a line end: `seq`, `time`, `event` or `command`, then its fields.
    ///
    /// Names are in snake case; every field of a kind is always present; NaN and infinities are `null`.
    package var jsonLine: String {
        get throws(RunFailure) {
            try JSONText { line in
                try line.member("seq").set(sequence)
                try line.member("time").set(seconds)
                switch content {
                case .event(let event): try line.add(event, tag: "event")
                case .command(let command): try line.add(command, tag: "command")
                }
            }.line
        }
    }

    /// Reads a line that `jsonLine` wrote.
    ///
    /// - Parameter jsonLine: One JSON object; unknown names are ignored.
    /// - Throws: `JSONError` that says what is wrong with it.
    package init(jsonLine: [UInt8]) throws(JSONError) {
        self = try decodeJSON(jsonLine)
    }
}

extension JournalEntry: Decodable {
    private enum CodingKeys: CodingKey { case seq, time, event, command }

    /// Reads the flat object of a line.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        sequence = try fields.decode(Int.self, forKey: .seq)
        seconds = try fields.decode(Double.self, forKey: .time)
        func tagged(_ key: CodingKeys) throws -> TaggedDecoder? {
            let name = try fields.decodeIfPresent(String.self, forKey: key)
            return name.map { TaggedDecoder(tag: key.stringValue, name: $0, fields: decoder) }
        }
        switch (try tagged(.event), try tagged(.command)) {
        case (let event?, nil): content = .event(try RunEvent(from: event))
        case (nil, let command?): content = .command(try RunCommand(from: command))
        default: throw JSONError("one of “event” and “command” was expected")
        }
    }
}
