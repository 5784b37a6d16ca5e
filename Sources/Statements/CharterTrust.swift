package import Ledger

/// What can be believed on the word of a charter alone, without asking anyone. The keys are those of the founding
/// charter: no rules version knows an amendment yet.
extension SignedCharter {
    /// The head of the log in a checkpoint's signed note.
    /// - Throws: ``Ledger/NoteError`` unless the charter's log key signed it under the charter's origin.
    package func head(ofCheckpoint note: [UInt8]) throws(NoteError) -> LogHead {
        let key = try charter.relay.verifierKey
        let checkpoint = try Checkpoint.open(try SignedNote(parsing: note), log: key).checkpoint
        return LogHead(size: checkpoint.size, root: checkpoint.root)
    }

    /// The signing key of a delegate, or the relay's act key; nil for others.
    package func signingKey(_ id: DelegateID) -> [UInt8]? {
        id == DelegateID(party: .relay, name: .act) ? charter.relay.actKey : charter.delegate(id)?.signingKey
    }

    /// Whether a statement is of this charter and every signature good: about 0.1 ms a signature.
    package func vouches(for signed: SignedStatement) -> Bool {
        signed.statement.charter == id && ExaminedStatement(signed, key: signingKey).isAuthentic
    }
}

extension RelayIdentity {
    /// The key that signs the log's checkpoints, named by the log's origin.
    /// - Throws: ``Ledger/NoteError`` where the two make none; a charter with such a relay is a finding of
    ///   ``CharterCheck``.
    package var verifierKey: VerifierKey { get throws(NoteError) { try verifierKey(of: logKey) } }

    /// The same for a log key that is at hand, whether or not it is the charter's.
    package func verifierKey(of publicKey: [UInt8]) throws(NoteError) -> VerifierKey {
        guard let name = NoteName(origin) else { throw .malformedKey }
        return try VerifierKey(name: name, kind: .ed25519, publicKey: publicKey)
    }
}

extension Witness {
    /// The key that it cosigns with; nil for a text that is none, a finding of ``CharterCheck``.
    package var cosigner: VerifierKey? {
        (try? VerifierKey(text: verifierKey)).flatMap { $0.kind == .cosignature ? $0 : nil }
    }
}

extension Charter {
    /// The keys of the witnesses.
    package var cosigners: [VerifierKey] { witnesses.compactMap(\.cosigner) }
}
