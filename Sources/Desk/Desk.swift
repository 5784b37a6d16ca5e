package import Keyring
import Ledger
import Rules
package import Statements
package import Transport

/// One delegate at its desk: its home, the charter it joined, its keys, and the relay.
///
/// Nothing that the relay says is believed here unverified: ``Transport/RelayClient`` checks proofs and checkpoints,
/// this room checks signatures, keys and states.
package struct Desk: Sendable {
    package let home: DeskHome
    package let charter: PinnedCharter
    package let id: DelegateID
    package let keys: any DelegateKeys
    package let relay: RelayClient
    package let now: @Sendable () -> Timestamp

    package var party: PartyID { id.party }

    /// Opens the desk; the relay is not asked for anything yet.
    /// - Throws: ``DeskError``, ``Keyring/KeyringError``, ``Transport/TransportError``.
    package static func open(
        _ home: DeskHome, passphrase: PassphraseSource,
        now: @escaping @Sendable () -> Timestamp = { RelayClient.systemClock() }
    ) throws -> Desk {
        let charter = try PinnedCharter.load(home)
        let card = try home.card()
        try charter.checkMembership(of: card)
        let keys = try DeskKeys.open(home, passphrase: passphrase)
        var options = RelayClient.Options()
        options.now = now
        let relay = try RelayClient(
            charter: charter.signed,
            identity: RelayClient.Identity(delegate: card.id) { try await keys.sign($0) },
            memory: CheckpointFile(home, charter), views: KeptViews(home, KeptRejections(home, keys)),
            options: options)
        return Desk(home: home, charter: charter, id: card.id, keys: keys, relay: relay, now: now)
    }

    package func close() async { try? await relay.shutdown() }

    /// Signs an act as this delegate alone, under the newest checkpoint this desk has verified.
    /// - Throws: ``DeskError`` `quorum-needed` when the party's release quorum asks for more than one signer.
    package func sign(_ act: Act) async throws -> SignedStatement {
        let statement = try await statement(act, signers: try signers([], of: act.kind), window: nil)
        guard statement.signers == [id.name] else {
            throw DeskError(
                "quorum-needed", "\(party) releases with several signatures, and this desk has one.",
                hint: "name who releases with --release-by NAME", kind: .refused)
        }
        return try await SignedStatement.sign(statement, by: [{ try await keys.sign($0) }])
    }

    /// Signs an act and has it accepted; the acceptance is verified.
    package func say(_ act: Act) async throws -> AcceptedStatement { try await relay.submit(await sign(act)) }

    /// An unsigned statement of now.
    /// - Parameter window: how long it may be submitted; nil for a day. The charter's bound is kept.
    func statement(_ act: Act, signers: [DelegateName], window: TimeSpan?) async throws -> Statement {
        let seen = try await newestHead()
        let time = now()
        let limit = min(charter.inForce.limits.longestSubmitWindow, window ?? .hours(24))
        return Statement(
            charter: charter.id, party: party, signers: signers, madeAt: time, submitBy: time + limit, seen: seen,
            act: act)
    }

    /// The newest head that was verified here, else that of the kept keys, which a desk without a network has, else the
    /// relay's.
    private func newestHead() async throws -> LogHead {
        if let known = try await knownHead() { return known }
        return try await relay.head().head
    }

    /// The newest head that this desk knows without asking.
    func knownHead() async throws -> LogHead? {
        if let remembered = try CheckpointFile(home, charter).load() { return remembered.head }
        return try? await KeysKept(self).newestHead()
    }

    /// The custody chain of a message, folded into its state.
    package func message(_ id: MessageID) async throws -> TrackedMessage {
        let answer = try await relay.message(id)
        if answer.chain.first?.entry.signed?.statement.party == party { await noteLogged(id) }
        return try TrackedMessage(answer.chain, charter: charter, erasure: answer.erasure)
    }
}
