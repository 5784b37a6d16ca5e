package import Statements

extension Changes {
    /// The entry of the accepted statement that these changes are of.
    /// - Parameter salt: ``Statements/Entry/saltBytes`` random bytes.
    package func entry(of signed: SignedStatement, salt: [UInt8]) -> Entry {
        Entry(
            acceptedAt: acceptedAt, salt: salt, constitution: constitution, roster: roster, previous: previous,
            body: .statement(signed))
    }
}

/// The last of the rules: what all others accept is still rejected where its entry would not fit.
extension Decider {
    /// - Parameter count: bytes of the entry in DER.
    /// - Returns: nil for an entry that fits.
    package static func objection(toEntryOf count: Int) -> Objection? {
        guard count > Bounds.entry else { return nil }
        return Objection(.overLimit, "the entry would have \(count) bytes; it may have \(Bounds.entry)")
    }

    /// The same of an entry that is not made yet: every salt has the same length.
    package static func objection(
        toEntryOf signed: SignedStatement, _ changes: Changes
    ) throws(FormError) -> Objection? {
        let entry = changes.entry(of: signed, salt: [UInt8](repeating: 0, count: Entry.saltBytes))
        return objection(toEntryOf: try entry.derBytes().count)
    }
}
