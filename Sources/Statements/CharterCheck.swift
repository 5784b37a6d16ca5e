import Ledger

/// What must be true of a charter before a relay starts under it or a delegate joins it.
package enum CharterCheck {
    /// A stable code and a sentence.
    package struct Finding: Error, Hashable, Sendable, CustomStringConvertible {
        package let code: String
        package let message: String
        package init(_ code: String, _ message: String) {
            self.code = code
            self.message = message
        }
        package var description: String { "\(message) [\(code)]" }
    }

    /// The constitution alone, without its signatures: everything `charter compile` can find.
    package static func findings(_ charter: Charter) -> [Finding] {
        parties(charter) + keys(charter) + pairs(charter) + numbers(charter) + limitedAuditors(charter)
    }

    /// The constitution and its signatures: every founder signed, every signature is valid and by a listed delegate.
    package static func findings(_ signed: SignedCharter) -> [Finding] {
        var found = findings(signed.charter)
        let message = SignedCharter.message(charterBytes: signed.charterBytes)
        for signature in signed.signatures {
            guard let delegate = signed.charter.delegate(signature.signer) else {
                found.append(Finding("charter-signer-unknown", "\(signature.signer) signed and is not in the charter"))
                continue
            }
            let good = PinnedEd25519.verify(
                signature: signature.signature, message: message, key: delegate.signingKey)
            if !good { found.append(Finding("charter-signature-bad", "the signature of \(signature.signer) is wrong")) }
        }
        let signers = Set(signed.signatures.map(\.signer))
        for party in signed.charter.parties {
            let founder = DelegateID(party: party.id, name: party.founder)
            if !signers.contains(founder) {
                found.append(Finding("charter-signature-missing", "\(founder) has not signed the charter"))
            }
        }
        return found
    }

    private static func parties(_ charter: Charter) -> [Finding] {
        var found: [Finding] = []
        let ids = charter.parties.map(\.id)
        if ids != ids.sorted() || Set(ids).count != ids.count {
            found.append(Finding("charter-order", "parties are not sorted, or one is listed twice"))
        }
        if ids.contains(.relay) { found.append(Finding("charter-reserved-name", "no party may be named relay")) }
        for party in charter.parties {
            let names = party.delegates.map(\.name)
            if names != names.sorted() || Set(names).count != names.count {
                found.append(
                    Finding("charter-order", "delegates of \(party.id) are not sorted, or one is listed twice"))
            }
            if !names.contains(party.founder) {
                found.append(Finding("charter-founder", "\(party.id) has no delegate \(party.founder) to sign for it"))
            }
            if party.releaseQuorum < 1 || party.releaseQuorum > min(names.count, Bounds.signers) {
                found.append(
                    Finding("charter-quorum", "\(party.id) wants \(party.releaseQuorum) of \(names.count) releasers"))
            }
        }
        if !charter.parties.contains(where: { $0.capabilities.auditor }) {
            found.append(Finding("charter-no-auditor", "no party is an auditor; at least one must be"))
        }
        return found
    }

    private static func keys(_ charter: Charter) -> [Finding] {
        var found: [Finding] = []
        var seen: Set<[UInt8]> = [charter.relay.logKey, charter.relay.actKey]
        if seen.count != 2 { found.append(Finding("charter-key-twice", "log key and act key are the same")) }
        for (name, key) in [("log key", charter.relay.logKey), ("act key", charter.relay.actKey)]
        where !PinnedEd25519.isAcceptableKey(key) {
            found.append(Finding("charter-key-bad", "the relay's \(name) is not an acceptable Ed25519 key"))
        }
        for party in charter.parties {
            for delegate in party.delegates {
                let id = DelegateID(party: party.id, name: delegate.name)
                if !seen.insert(delegate.signingKey).inserted {
                    found.append(Finding("charter-key-twice", "the signing key of \(id) occurs twice"))
                }
                if !Card(id: id, delegate: delegate).isValid {
                    found.append(Finding("charter-card-bad", "the key of \(id) has not signed its own admission"))
                }
            }
        }
        return found
    }

    private static func pairs(_ charter: Charter) -> [Finding] {
        var found: [Finding] = []
        let known = Set(charter.parties.map(\.id))
        for channel in charter.channels {
            let pair = "\(channel.from) - \(channel.to)"
            if !known.contains(channel.from) || !known.contains(channel.to) || channel.from == channel.to {
                found.append(Finding("charter-channel-party", "channel \(pair) needs two different listed parties"))
            }
            if channel.opensAt >= channel.closesAt {
                found.append(Finding("charter-channel-window", "channel \(pair) closes before it opens"))
            }
            if charter.bars.contains(Bar(channel.from, channel.to)) {
                found.append(Finding("charter-channel-barred", "channel \(pair) is also barred"))
            }
        }
        if charter.bars != charter.bars.sorted() || Set(charter.bars).count != charter.bars.count {
            found.append(Finding("charter-order", "bars are not sorted, or one is listed twice"))
        }
        for bar in charter.bars where !known.contains(bar.first) || !known.contains(bar.second) {
            found.append(Finding("charter-bar-party", "bar \(bar.first) - \(bar.second) names an unlisted party"))
        }
        return found
    }

    private static func numbers(_ charter: Charter) -> [Finding] {
        var found: [Finding] = []
        if !RulesVersions.known.contains(charter.rulesVersion) {
            found.append(Finding("charter-rules-version", "rules version \(charter.rulesVersion) is not known here"))
        }
        let stewards = UInt64(charter.parties.count { $0.capabilities.steward })
        if charter.stewardThreshold < 1 || charter.stewardThreshold > stewards {
            found.append(
                Finding("charter-stewards", "\(charter.stewardThreshold) of \(stewards) stewards cannot be met"))
        }
        if charter.witnessQuorum > UInt64(charter.witnesses.count) {
            found.append(Finding("charter-witnesses", "the witness quorum is larger than the number of witnesses"))
        }
        found += witnessFindings(charter.witnesses)
        if NoteName(charter.relay.origin) == nil {
            found.append(Finding("charter-origin", "the origin cannot name a log key"))
        }
        let host = charter.relay.url.hasPrefix("https://") ? charter.relay.url.dropFirst(8) : ""
        if host.isEmpty || host.contains("/") || host.contains("@") {
            found.append(Finding("charter-url", "the relay's URL must be https://host or https://host:port"))
        }
        let limits = charter.limits
        let spans = [limits.longestLifetime, limits.longestSubmitWindow, limits.tickInterval, limits.tickFreshness]
        if spans.contains(where: { $0.milliseconds <= 0 }) || limits.unsettledMessages == 0 {
            found.append(Finding("charter-limits", "lifetimes, windows, ticks and quotas must be above zero"))
        }
        return found + retention(charter)
    }
}

/// A retention that the rules in force can keep, and that leaves an inner hop as long to fetch and confirm what it
/// retrieved as a recipient has.
private func retention(_ charter: Charter) -> [CharterCheck.Finding] {
    guard let retention = charter.limits.retention else { return [] }
    guard charter.rulesVersion >= RulesVersions.erasing else {
        return [
            .init("charter-retention", "rules version \(charter.rulesVersion) erases nothing, so name no retention")
        ]
    }
    guard retention >= charter.limits.confirmGrace, retention.milliseconds > 0 else {
        return [.init("charter-retention", "the retention must be above zero and no shorter than the confirm grace")]
    }
    return []
}

/// Witnesses that can be asked, and whose cosignatures can be told apart.
private func witnessFindings(_ witnesses: [Witness]) -> [CharterCheck.Finding] {
    var found: [CharterCheck.Finding] = []
    var seen: Set<[UInt8]> = []
    for witness in witnesses {
        let shown = witness.verifierKey.prefix(80)
        guard let key = witness.cosigner else {
            found.append(.init("charter-witnesses", "'\(shown)' is no verifier key of a witness (type 4)"))
            continue
        }
        // One key must not count twice, under whichever name.
        if !seen.insert(key.publicKey).inserted {
            found.append(.init("charter-witnesses", "the key of \(key.name) stands twice among the witnesses"))
        }
        if !witness.url.hasPrefix("https://"), !witness.url.hasPrefix("http://") {
            found.append(.init("charter-witnesses", "the URL of \(key.name) must begin with https:// or http://"))
        }
    }
    return found
}

/// The versions of the rules that this build can decide and replay.
package enum RulesVersions {
    package static let known: ClosedRange<UInt64> = 1...2
    /// The first one that decides erasures.
    package static let erasing: UInt64 = 2
}
