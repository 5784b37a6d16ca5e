import Sealing
import Statements

/// The DER formats that come from outside, each decoded and encoded again.
enum DERTargets {
    static let all = [
        target(Statement.self), target(SignedStatement.self), entry, target(Charter.self),
        target(SignedCharter.self), target(Acceptance.self), target(SignedRejection.self), target(KeyList.self),
        target(SignedVerdict.self),
        target(SealContext.self), target(WrapContext.self), target(Manifest.self),
    ]

    /// The largest format is a key list of every delegate's keys.
    static let limit = 1 << 20

    /// Entries have a second, faster reader, which accepts no more and reads nothing else.
    private static let entry = FuzzTarget(Entry.formName) { bytes in
        let strict = FuzzTarget.parsed { try Entry(der: bytes, limit: Bounds.entry) }
        let signatures = EntrySignatures(scanning: bytes[...])
        if let fast = Entry(scanning: bytes[...]) {
            FuzzTarget.require(fast == strict, "both readers of an entry agree")
            let signed = fast.signed
            FuzzTarget.require(
                signed?.signatures == signatures?.signatures.map { Array($0) }, "the signatures are those of the entry")
            FuzzTarget.require(
                signed?.statementBytes[...] == signatures?.statement, "what is signed is the statement of the entry")
        }
        guard let strict else { return false }
        FuzzTarget.require(FuzzTarget.parsed { try strict.derBytes() } == bytes, "DER has one spelling")
        return true
    }

    private static func target<Format: DERFormat>(_: Format.Type) -> FuzzTarget {
        FuzzTarget(Format.formName) { bytes in
            guard let value = FuzzTarget.parsed({ try Format(der: bytes, limit: limit) }) else { return false }
            FuzzTarget.require(FuzzTarget.parsed { try value.derBytes() } == bytes, "DER has one spelling")
            return true
        }
    }
}
