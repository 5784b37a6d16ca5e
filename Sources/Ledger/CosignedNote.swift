extension SignedNote {
    /// The note with these signature lines at its end. They take the place of earlier lines by the same keys, so that
    /// no name and key ID stands there twice.
    ///
    /// Nothing is verified here: pass on lines only after they were.
    public func adding(_ lines: [NoteSignature]) throws(NoteError) -> SignedNote {
        let kept = signatures.filter { old in
            !lines.contains { $0.keyID == old.keyID && $0.name == old.name }
        }
        return try SignedNote(text: text, signatures: kept + lines)
    }

    /// The note with the lines of these keys alone.
    ///
    /// - Throws: ``NoteError/noKnownSignature`` when there is none.
    public func keeping(_ keys: [VerifierKey]) throws(NoteError) -> SignedNote {
        let kept = signatures.filter { line in keys.contains { line.isBy($0) } }
        guard !kept.isEmpty else { throw .noKnownSignature }
        return try SignedNote(text: text, signatures: kept)
    }

    private init(text: [UInt8], signatures: [NoteSignature]) throws(NoteError) {
        guard let first = signatures.first else { throw .noKnownSignature }
        try self.init(text: text, signature: first)
        for line in signatures.dropFirst() { try append(line) }
    }
}
