import Keyring
import Ledger
import TestKit
import Testing
import Watch

@Suite("A witness's key files")
struct WitnessKeysTests {
    @Test("the key is private, the verifier key is not, and what was made is opened")
    func roundTrip() throws {
        let folder = try TemporaryFolder("valise-witness-keys")
        let path = "\(folder.path)/keys"
        let made = try WitnessKeys.make(folder: path, name: "witness.example/w1")
        let opened = try WitnessKeys.open(folder: path, credentials: nil)
        #expect(opened.verifier == made.verifier)
        #expect(made.verifier.kind == .cosignature)
        #expect(try WitnessFiles.mode("\(path)/witness.key") == 0o600)
        #expect(try WitnessFiles.mode("\(path)/witness.vkey") == 0o644)
        #expect(try WitnessFiles.mode(path) == 0o700)
        #expect(try WitnessFiles.read("\(path)/witness.vkey") == Array("\(made.verifier.text)\n".utf8))
        let log = try SampleLog()
        let text = try log.checkpoint(5).text
        let time = try #require(CosignatureTime(seconds: 7))
        #expect(try opened.signer.cosign(text: text, at: time).verify(text: text, key: made.verifier) == time)
    }

    @Test("a key is never overwritten, and its name stays")
    func exclusive() throws {
        let folder = try TemporaryFolder("valise-witness-keys")
        let made = try WitnessKeys.make(folder: folder.path, name: "witness.example/w1")
        var found: KeyringError.Code?
        do { _ = try WitnessKeys.make(folder: folder.path, name: "witness.example/w2") } catch let error as KeyringError
        { found = error.code }
        #expect(found == .keyFileExists)
        #expect(try WitnessKeys.open(folder: folder.path, credentials: nil).verifier == made.verifier)
    }

    @Test("names that cannot stand in notes are refused", arguments: ["", "a b", "a+b", "a\nb"])
    func names(name: String) throws {
        let folder = try TemporaryFolder("valise-witness-keys")
        #expect(throws: WitnessError.self) { try WitnessKeys.make(folder: folder.path, name: name) }
        #expect(folder.names(in: "") == [])
    }

    @Test("a verifier key of another key, of another purpose or in another spelling is refused")
    func mismatch() throws {
        let folder = try TemporaryFolder("valise-witness-keys")
        let path = "\(folder.path)/witness.vkey"
        let made = try WitnessKeys.make(folder: folder.path, name: "witness.example/w1")
        let other = try SampleLog.signer("witness.example/w1", .cosignature, seed: 9).key
        let log = try VerifierKey(name: made.verifier.name, kind: .ed25519, publicKey: made.verifier.publicKey)
        for text in [other.text + "\n", log.text + "\n", made.verifier.text, made.verifier.text + "\n\n", "", "x\n"] {
            try WitnessFiles.write(path, Array(text.utf8))
            var found: WitnessError.Code?
            do { _ = try WitnessKeys.open(folder: folder.path, credentials: nil) } catch let error as WitnessError {
                found = error.code
            }
            #expect(found == .keysDamaged, "\(text)")
        }
    }
}
