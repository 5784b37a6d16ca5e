import Ledger
import Statements
import SwiftASN1

/// Decodes and encodes again, by the name of the type.
enum Recoder {
    static let all: [String: @Sendable ([UInt8]) throws -> [UInt8]] = {
        var all: [String: @Sendable ([UInt8]) throws -> [UInt8]] = [:]
        func add<T: DERFormat>(_: T.Type) {
            all[T.formName] = { try T(der: $0, limit: Bounds.entry).derBytes() }
        }
        add(Charter.self)
        add(SignedCharter.self)
        add(CardBody.self)
        add(Party.self)
        add(Delegate.self)
        add(Capabilities.self)
        add(Channel.self)
        add(Limits.self)
        add(Witness.self)
        add(RelayIdentity.self)
        add(OpenSignature.self)
        add(Statement.self)
        add(SignedStatement.self)
        add(LogHead.self)
        add(Submission.self)
        add(Leg.self)
        add(WrittenUnder.self)
        add(RosterRevision.self)
        add(KeyPublication.self)
        add(Amendment.self)
        add(Tick.self)
        add(Entry.self)
        add(Rejection.self)
        add(SignedRejection.self)
        add(LimitedAuditor.self)
        add(PartyPair.self)
        add(Verdict.self)
        add(VerdictFinding.self)
        add(ScopeSum.self)
        add(SignedVerdict.self)
        add(KeyList.self)
        add(SealingKeyRecord.self)
        add(SealContext.self)
        add(WrapContext.self)
        add(Draft.self)
        add(DraftSignature.self)
        all["Change"] = { bytes in
            var serializer = DER.Serializer()
            try Change(node: try DER.parse(bytes)).write(to: &serializer)
            return serializer.serializedBytes
        }
        // Their readers verify the proof before they read the entry; here it is read at once.
        all["ProvenEntry"] = { bytes in
            let proven = try ProvenEntry(der: bytes, limit: Bounds.entry)
            _ = try Entry(der: proven.entryBytes, limit: Bounds.entry)
            return try proven.derBytes()
        }
        all["Acceptance"] = { bytes in
            let acceptance = try Acceptance(der: bytes, limit: Bounds.entry)
            _ = try Entry(der: acceptance.entry.entryBytes, limit: Bounds.entry)
            return try acceptance.derBytes()
        }
        all["KeysPage"] = { bytes in try read(KeysPage(der: bytes, limit: Bounds.entry)).derBytes() }
        all["KeysFile"] = { bytes in
            let file = try KeysFile(der: bytes, limit: Bounds.keysFile)
            for page in file.pages { _ = try read(page) }
            return try file.derBytes()
        }
        return all
    }()

    private static func read(_ page: KeysPage) throws -> KeysPage {
        for proven in [page.tick] + page.publications { _ = try Entry(der: proven.entryBytes, limit: Bounds.entry) }
        return page
    }

    /// The value, decoded as its type and encoded again.
    static func recode(_ value: KnownValue) throws -> [UInt8] { try recodeStrictly(value, value.der) }

    /// Other bytes, read as the type of this value. A change has no reader of its own outside an amendment, so what
    /// swift-asn1 itself refuses there comes as its error: it is named here.
    static func recodeStrictly(_ value: KnownValue, _ bytes: [UInt8]) throws -> [UInt8] {
        guard let recode = all[value.type] else { throw FormError(value.type, expected: "a known type") }
        do { return try recode(bytes) } catch is ASN1Error { throw FormError(value.type, expected: "strict DER") }
    }
}
