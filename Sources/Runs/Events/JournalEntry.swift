/// A line of the journal: what happened, or what was asked for, and when.
package struct JournalEntry: Equatable, Sendable {
    /// What a line can tell of.
    package enum Content: Equatable, Sendable {
        /// Something happened.
        case event(RunEvent)
        /// Someone decided something.
        case command(RunCommand)
    }

    /// The number of the line, from 1, without gaps.
    package var sequence: Int
    /// When, in seconds since the run began.
    package var seconds: Double
    /// What.
    package var content: Content

    /// Makes an entry.
    package init(sequence: Int, seconds: Double, content: Content) {
        self.sequence = sequence
        self.seconds = seconds
        self.content = content
    }

    /// The entry as one line of JSON, without a line end: `seq`, `time`, `event` or `command`, then its fields.
    ///
    /// Names are in snake case; every field of a kind is always there; numbers that are not finite are `null`.
    package var jsonLine: String {
        get throws(RunFailure) {
            let (name, kind, fields) =
                switch content {
                case .event(let event): try ("event", event.name, fields(of: event))
                case .command(let command): try ("command", command.name, fields(of: command))
                }
            let envelope = [
                JSONMember("seq", .integer(sequence)), JSONMember("time", .finite(seconds)),
                JSONMember(name, .string(kind)),
            ]
            return JSONValue.object(envelope + fields).line
        }
    }

    /// Reads what `jsonLine` wrote.
    ///
    /// - Parameter jsonLine: One JSON object; names that this version does not know are passed over.
    /// - Throws: `JSONError` that says what is wrong with it.
    package init(jsonLine: [UInt8]) throws(JSONError) {
        let json = try JSONValue(parsing: jsonLine)
        let envelope = try json.decoded(as: Envelope.self)
        sequence = envelope.seq
        seconds = envelope.time
        switch (envelope.event, envelope.command) {
        case (let name?, nil): content = .event(try event(named: name, json))
        case (nil, let name?): content = .command(try command(named: name, json))
        default: throw JSONError("one of “event” and “command” was expected")
        }
    }
}

private struct Envelope: Codable {
    var seq: Int
    var time: Double
    var event: String?
    var command: String?
}
