import Archive
import Desk
import Rules
import Sealing
import Statements
import Terminal

/// What is shown of one message: by `read` and by `open`.
struct MessageText {
    let read: ReadMessage
    let now: Timestamp

    func print() {
        let out = Output.standard
        if out.isTerminal, read.submission.precedence > .routine {
            let style: Style = read.submission.precedence >= .immediate ? .bad : .caution
            out.line(out.styled(read.submission.precedence.description.uppercased(), style))
        }
        out.fields(fields)
        if let text = read.text {
            out.line("")
            out.body(String(decoding: text, as: UTF8.self))
        }
        // What the sender wrote ends here: nobody but the program has this word in colour.
        if Output.diagnostics.isTerminal, read.text != nil { Output.diagnostics.line() }
        if let verified { Output.diagnostics.note(Label("verified", .good), verified) }
        for line in closing { Output.diagnostics.note(line) }
    }

    private var fields: FieldList {
        var list = FieldList()
        list.add("message", read.message.description)
        list.add("from", Self.signature(read.originator, read.signers))
        if let accepted = read.acceptedAt {
            list.add("sent", TimeText.both(milliseconds: accepted.milliseconds))
        } else {
            list.add("signed", TimeText.both(milliseconds: read.signed.statement.madeAt.milliseconds))
        }
        for leg in read.submission.legs {
            list.add("route", ([read.originator] + leg.holders).map(\.description).joined(separator: " -> "))
        }
        if read.submission.precedence > .routine { list.add("precedence", read.submission.precedence.description) }
        let expiry = read.submission.expiry.milliseconds
        let countdown = TimeText.countdown(to: expiry, now: now.milliseconds)
        list.add("expires", "\(TimeText.both(milliseconds: expiry)), \(countdown)")
        addContent(to: &list)
        if read.thread.count > 1 {
            list.add(
                "thread", "\(read.thread.count) messages: " + NamedDesk.naming("valise thread \(read.message.short)"))
        }
        for attachment in read.attachments {
            let size = ByteSize(bytes: attachment.info.size)
            let place = attachment.path.map { "saved as \($0)" } ?? unsaved
            list.add("attached", attachment.info.name, note: "(\(size)), \(place)")
        }
        return list
    }

    /// Why an attachment has no path, and what gives it one.
    private var unsaved: String {
        if case .archive(.sent, _) = read.place, !read.isPayloadKept { return "not kept here" }
        return "not saved; --save FOLDER does"
    }

    private func addContent(to list: inout FieldList) {
        var manner: String?
        for case .manner(let found) in read.fields { manner = found.description }
        for field in read.fields {
            switch field {
            case .caption(let text): list.add("caption", text)
            case .subject(let text): list.add("subject", text)
            case .source(let source): list.add("source", self.source(source, manner))
            case .reference(let id): list.add("refers", "to \(id.short)")
            case .text, .attachment, .manner: continue
            }
        }
        if let reveal = read.reveal { list.add("revealed", Self.sentence(reveal)) }
        for reveal in read.reveals { list.add("reveals", "of \(reveal.restatement.short): \(Self.sentence(reveal))") }
    }

    private func source(_ source: SourceAttribution, _ manner: String?) -> String {
        let how = manner.map { ", \($0)" } ?? ""
        return switch source {
        case .own: "\(read.originator)'s own words"
        case .named(let id): "restates message \(id.short)\(how)"
        case .withheld: "restates a message that \(read.originator) does not name\(how)"
        }
    }

    private static func sentence(_ reveal: ShownReveal) -> String {
        switch reveal.verdict {
        case .proved(let found):
            let opened = TimeText.utc(milliseconds: found.openedAt.milliseconds)
            return "the words were those of \(signature(found.originator, found.signers)) in message "
                + "\(found.source.short), opened before, at \(opened); proved by the log"
        case .wrong(let code, let sentence): return "proves nothing: \(sentence) [\(code)]"
        case .unchecked: return "could not be checked here now; read it again when the relay answers"
        }
    }

    /// `us-envoy (lead, released by deputy)`.
    static func signature(_ party: PartyID, _ signers: [DelegateName]) -> String {
        guard let drafter = signers.first else { return party.description }
        let releasers = signers.dropFirst().map(\.description).joined(separator: ", ")
        return releasers.isEmpty
            ? "\(party) (\(drafter))" : "\(party) (drafted by \(drafter), released by \(releasers))"
    }

    /// What was verified of content that was not here before.
    private var verified: String? {
        let who = read.originator
        return switch read.place {
        case .relay: "signed by \(who), unaltered; receipt and opening are in the log"
        case .file:
            "signed by \(who), unaltered; a file does not show that it was accepted: valise track "
                + "\(read.message.short) does, online"
        case .archive: nil
        }
    }

    private var closing: [String] {
        switch read.place {
        case .relay, .file: return []
        case .archive(let direction, let at):
            let time = TimeText.utc(milliseconds: at.milliseconds)
            let what = direction == .sent ? "sealed" : "opened and verified"
            var lines = ["from this desk's archive, \(what) \(time)"]
            if read.attachments.contains(where: { $0.path != nil }) {
                lines.append("attachments: from the sealed payload kept there, opened and verified again")
            }
            if read.tracked == nil {
                lines.append("the log could not be asked, so the time of sending is not shown")
            }
            return lines
        }
    }
}

/// The document of `read` and `open`.
extension MessageText {
    func json(_ schema: String, _ more: [JSONValue.Member] = []) -> JSONValue {
        var subject: String?
        var caption: String?
        var references: [JSONValue] = []
        for field in read.fields {
            switch field {
            case .subject(let text): subject = text
            case .caption(let text): caption = text
            case .reference(let id): references.append(.string(id.description))
            default: continue
            }
        }
        return .object(
            [
                .init("schema", .string(schema)), .init("message", .string(read.message.description)),
                .init("from", .string(read.originator.description)),
                .init("signers", .array(read.signers.map { .string($0.description) })),
                .init("madeAt", .integer(read.signed.statement.madeAt.milliseconds)),
                .init("acceptedAt", read.acceptedAt.map { .integer($0.milliseconds) } ?? .null),
                .init("expiry", .integer(read.submission.expiry.milliseconds)),
                .init("precedence", .string(read.submission.precedence.description)),
                .init("routes", .array(read.submission.legs.map { .array($0.holders.map { .string("\($0)") }) })),
                .init("place", .string(place)), .init("subject", .optional(subject)),
                .init("caption", .optional(caption)), .init("references", .array(references)),
                .init("source", sourceJSON), .init("reveal", read.reveal.map(Self.json) ?? .null),
                .init("reveals", .array(read.reveals.map(Self.json))),
                .init("thread", .array(read.thread.map { .string($0.id.description) })),
                .init("text", .optional(read.text.map { String(decoding: $0, as: UTF8.self) })),
                .init("attachments", .array(read.attachments.map(Self.json))),
                .init("attachmentsKept", .bool(read.isPayloadKept)),
            ] + more)
    }

    private var place: String {
        switch read.place {
        case .relay: "relay"
        case .file: "file"
        case .archive: "archive"
        }
    }

    private var sourceJSON: JSONValue {
        var manner: String?
        for case .manner(let found) in read.fields { manner = found.description }
        for case .source(let source) in read.fields {
            let (kind, message): (String, String?) =
                switch source {
                case .own: ("own", nil)
                case .named(let id): ("named", id.description)
                case .withheld: ("withheld", nil)
                }
            return .object([
                .init("kind", .string(kind)), .init("message", .optional(message)), .init("manner", .optional(manner)),
            ])
        }
        return .null
    }

    private static func json(_ attachment: SavedAttachment) -> JSONValue {
        .object([
            .init("name", .string(attachment.info.name)), .init("mediaType", .string(attachment.info.mediaType)),
            .init("size", .unsigned(attachment.info.size)), .init("path", .optional(attachment.path)),
        ])
    }

    private static func json(_ reveal: ShownReveal) -> JSONValue {
        var members: [JSONValue.Member] = [.init("restatement", .string(reveal.restatement.description))]
        switch reveal.verdict {
        case .proved(let found):
            members += [
                .init("verdict", "proved"), .init("source", .string(found.source.description)),
                .init("originator", .string(found.originator.description)),
                .init("openedAt", .integer(found.openedAt.milliseconds)),
            ]
        case .wrong(let code, _): members += [.init("verdict", "wrong"), .init("code", .string(code))]
        case .unchecked: members.append(.init("verdict", "unchecked"))
        }
        return .object(members)
    }
}
