package import Ledger

/// What can be believed on the word of a charter alone, without asking anyone. The keys are those of the founding
/// charter: no rules version knows an amendment yet.
extension SignedCharter {
    /// The head of the log in a checkpoint's signed note.
    /// - Throws: ``Ledger/NoteError`` unless the charter's log key signed it under the charter's origin.
    package func head(ofCheckpoint note: [UInt8]) throws(NoteError) -> LogHead {
        guard let origin = NoteName(charter.relay.origin) else { throw .malformedCheckpoint }
        let key = try VerifierKey(name: origin, kind: .ed25519, publicKey: charter.relay.logKey)
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
