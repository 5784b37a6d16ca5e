import Ledger
import Statements
import Testing

@Suite("The keys that a charter names for its log")
struct CharterKeysTests {
    @Test("the log's key has the name of the origin, and no name that cannot be one")
    func log() throws {
        let relay = try Scene.relay()
        let key = try relay.verifierKey
        #expect(key.name.description == relay.origin && key.kind == .ed25519 && key.publicKey == relay.logKey)
        #expect(try relay.verifierKey(of: relay.actKey).publicKey == relay.actKey)
        let unnamed = try Scene.relay(origin: "no origin")
        #expect(throws: NoteError.malformedKey) { try unnamed.verifierKey }
        #expect(throws: NoteError.self) { try relay.verifierKey(of: [UInt8](repeating: 0, count: 32)) }
    }

    @Test("a witness cosigns with a key of that kind alone")
    func witnesses() throws {
        let witness = try Scene.witness()
        let key = try VerifierKey(text: witness.verifierKey)
        let log = try VerifierKey(name: key.name, kind: .ed25519, publicKey: key.publicKey)
        var draft = try CharterDraft()
        draft.witnesses = [witness] + [log.text, "", "\(key.text)x"].map { Witness(verifierKey: $0, url: witness.url) }
        #expect(draft.charter.cosigners == [key])
        #expect(draft.charter.witnesses.map(\.cosigner) == [key, nil, nil, nil])
    }
}
