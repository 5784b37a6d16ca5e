import Desk
import Ledger
import Statements
import Terminal

/// A charter for people and for programs.
struct CharterView {
    let found: CharterFiles.Found
    private var charter: Charter { found.charter }

    init(_ found: CharterFiles.Found) { self.found = found }

    func print(on output: Output) {
        output.line(output.styled(output.prose(SafeText.display(charter.title)), .heading))
        output.fields(head)
        section("Parties", parties, output)
        section("Delegates", delegates, output)
        section("Channels", channels, output)
        section("Barred: never next to each other on a route", bars, output)
        if !charter.limitedAuditors.isEmpty {
            section("Limited auditors: shown what passes over these channels", limitedAuditors, output)
        }
        section("Limits", limits, output)
        if !charter.witnesses.isEmpty {
            section("Witnesses, of whom \(charter.witnessQuorum) must have cosigned", witnesses, output)
        }
    }

    private var head: FieldList {
        var head = FieldList()
        head.add("Fingerprint", found.id.fingerprint)
        head.add("Made", TimeText.utc(milliseconds: charter.madeAt.milliseconds))
        head.add("Relay", "\(charter.relay.url), log \(charter.relay.origin)")
        head.add("Log shown", Self.publication(charter.relay.publication))
        head.add("Log key", Base32.encode(charter.relay.logKey))
        head.add("Act key", Base32.encode(charter.relay.actKey))
        for root in tlsRoots { head.add("TLS root", root) }
        let stewards = charter.parties.count { $0.capabilities.steward }
        head.add(
            "Amended by",
            "\(charter.stewardThreshold) of \(stewards) stewards; a change to another party's roster waits "
                + Self.span(charter.rosterDelay))
        head.add("Rules", "version \(charter.rulesVersion)")
        head.add("Signed by", signers.isEmpty ? "nobody yet" : signers.joined(separator: ", "))
        return head
    }

    /// SHA-256 of each root certificate.
    private var tlsRoots: [String] { charter.relay.tlsRoots.map { Base32.encode(Hash.sha256($0).bytes) } }

    private func section(_ title: String, _ table: Table, _ output: Output) {
        output.line()
        output.line(output.styled(output.prose(title), .heading))
        if table.isEmpty { return output.line("none") }
        // A document to be read, not rows for a program: aligned in a file and a pipe too, where nothing is cut.
        let quiet = { output.styled($0, .quiet) }
        guard output.isTerminal else { return output.write(table.aligned(width: nil, heading: quiet)) }
        output.write(
            table.isStacked(on: output)
                ? table.stacked(width: output.width, heading: quiet)
                : table.aligned(width: output.width, heading: quiet))
    }

    private var signers: [String] {
        guard case .signed(let signed) = found else { return [] }
        return signed.signatures.map(\.signer.description)
    }

    private var parties: Table {
        var table = Table([
            .init("party"), .init("may be"), .init("quorum"), .init("title", mayShrink: true),
        ])
        for party in charter.parties {
            let words = Self.capabilities(party)
            table.add([
                party.id.description, words.isEmpty ? "-" : words.joined(separator: ", "),
                "\(party.releaseQuorum) of \(party.delegates.count)", party.title,
            ])
        }
        return table
    }

    private var delegates: Table {
        var table = Table([.init("delegate"), .init("signing key"), .init("founder")])
        for party in charter.parties {
            for delegate in party.delegates {
                let founds = delegate.name == party.founder ? "yes" : ""
                table.add(["\(party.id)/\(delegate.name)", Base32.encode(delegate.signingKey), founds])
            }
        }
        return table
    }

    private var channels: Table {
        var table = Table([
            .init("between"), .init("opens"), .init("closes"), .init("up to"), .init("size", .trailing),
        ])
        for channel in charter.channels {
            table.add([
                "\(channel.from) \(channel.direction == .both ? "<->" : "->") \(channel.to)",
                TimeText.utc(milliseconds: channel.opensAt.milliseconds),
                TimeText.utc(milliseconds: channel.closesAt.milliseconds), channel.highestPrecedence.description,
                ByteSize(bytes: channel.largestPayload).description,
            ])
        }
        return table
    }

    private var bars: Table {
        var table = Table([.init("party"), .init("party")])
        for bar in charter.bars { table.add([bar.first.description, bar.second.description]) }
        return table
    }

    private var limitedAuditors: Table {
        var table = Table([.init("limited auditor"), .init("may see")])
        for auditor in charter.limitedAuditors {
            let pairs = auditor.channels.map { "\($0.first) - \($0.second)" }
            table.add([auditor.party.description, pairs.joined(separator: ", ")])
        }
        return table
    }

    private var limits: Table {
        var table = Table([.init("limit"), .init("value")])
        for (name, value) in Self.limits(charter.limits) { table.add([name, Self.span(value)]) }
        table.add(["content kept once settled, at least", charter.limits.retention.map(Self.span) ?? "never erased"])
        table.add(["unsettled messages of a party", String(charter.limits.unsettledMessages)])
        table.add(["unsettled bytes of a party", ByteSize(bytes: charter.limits.unsettledBytes).description])
        return table
    }

    private var witnesses: Table {
        var table = Table([.init("key"), .init("address")])
        for witness in charter.witnesses { table.add([witness.verifierKey, witness.url]) }
        return table
    }

    private static func limits(_ limits: Limits) -> [(String, TimeSpan)] {
        [
            ("longest life of a message", limits.longestLifetime),
            ("longest time to submit a signed statement", limits.longestSubmitWindow),
            ("time to confirm after expiry", limits.confirmGrace), ("extra life of a sealing key", limits.keyGrace),
            ("time between ticks", limits.tickInterval), ("greatest age of a tick", limits.tickFreshness),
        ]
    }

    private static func capabilities(_ party: Party) -> [String] {
        let may = party.capabilities
        return [may.intermediary ? "intermediary" : nil, may.auditor ? "auditor" : nil, may.steward ? "steward" : nil]
            .compactMap { $0 }
    }

    private static func publication(_ publication: Publication) -> String {
        switch publication {
        case .private: "to parties and witnesses only"
        case .onCadence: "to everyone, from time to time"
        case .always: "to everyone"
        }
    }

    private static func span(_ span: TimeSpan) -> String { SpanOption(milliseconds: span.milliseconds).description }
}

extension CharterView {
    /// Schema `valise/charter/v1`; times in milliseconds since 1970, spans in milliseconds, keys in base32.
    var json: JSONValue {
        let relay = charter.relay
        return [
            "schema": "valise/charter/v1", "charter": .string(found.id.description),
            "fingerprint": .string(found.id.fingerprint), "title": .string(charter.title),
            "madeAt": .integer(charter.madeAt.milliseconds), "rulesVersion": .unsigned(charter.rulesVersion),
            "relay": [
                "url": .string(relay.url), "origin": .string(relay.origin),
                "logKey": .string(Base32.encode(relay.logKey)), "actKey": .string(Base32.encode(relay.actKey)),
                "publication": .string(relay.publication.description),
                "tlsRoots": .array(tlsRoots.map { .string($0) }),
            ],
            "limits": Self.json(charter.limits),
            "parties": .array(charter.parties.map { party in Self.json(party) }),
            "channels": .array(charter.channels.map { channel in Self.json(channel) }),
            "bars": .array(
                charter.bars.map { .array([.string($0.first.description), .string($0.second.description)]) }),
            "limitedAuditors": .array(
                charter.limitedAuditors.map { auditor in
                    let pairs = auditor.channels.map { pair -> JSONValue in
                        .array([.string(pair.first.description), .string(pair.second.description)])
                    }
                    return ["party": .string(auditor.party.description), "channels": .array(pairs)]
                }),
            "stewardThreshold": .unsigned(charter.stewardThreshold),
            "rosterDelay": .integer(charter.rosterDelay.milliseconds),
            "witnessQuorum": .unsigned(charter.witnessQuorum),
            "witnesses": .array(
                charter.witnesses.map { ["key": .string($0.verifierKey), "url": .string($0.url)] }),
            "signers": .array(signers.map { .string($0) }),
        ]
    }

    private static func json(_ limits: Limits) -> JSONValue {
        [
            "longestLifetime": .integer(limits.longestLifetime.milliseconds),
            "longestSubmitWindow": .integer(limits.longestSubmitWindow.milliseconds),
            "confirmGrace": .integer(limits.confirmGrace.milliseconds),
            "keyGrace": .integer(limits.keyGrace.milliseconds),
            "tickInterval": .integer(limits.tickInterval.milliseconds),
            "tickFreshness": .integer(limits.tickFreshness.milliseconds),
            "unsettledMessages": .unsigned(limits.unsettledMessages),
            "unsettledBytes": .unsigned(limits.unsettledBytes),
            "retention": limits.retention.map { .integer($0.milliseconds) } ?? .null,
        ]
    }

    private static func json(_ party: Party) -> JSONValue {
        [
            "party": .string(party.id.description), "title": .string(party.title),
            "capabilities": .array(capabilities(party).map { .string($0) }), "quorum": .count(party.releaseQuorum),
            "founder": .string(party.founder.description),
            "delegates": .array(
                party.delegates.map {
                    [
                        "delegate": .string($0.name.description),
                        "signingKey": .string(Base32.encode($0.signingKey)),
                    ]
                }),
        ]
    }

    private static func json(_ channel: Channel) -> JSONValue {
        [
            "from": .string(channel.from.description), "to": .string(channel.to.description),
            "bothWays": .bool(channel.direction == .both), "opensAt": .integer(channel.opensAt.milliseconds),
            "closesAt": .integer(channel.closesAt.milliseconds),
            "highestPrecedence": .string(channel.highestPrecedence.description),
            "largestPayload": .unsigned(channel.largestPayload),
        ]
    }
}
