import Glibc
import Keyring
import Ledger
import Statements
import Terminal
import Testing

@testable import Desk

@Suite("A desk's folder and its keys")
struct DeskHomeTests {
    @Test("the option goes before the environment, and VALISE_HOME before the folders of the system")
    func located() throws {
        let all = ["VALISE_HOME": "/v", "XDG_DATA_HOME": "/x", "HOME": "/h"]
        let path = { (option: String?, names: [String]) in
            try DeskHome.locate(option: option) { names.contains($0) ? all[$0] : nil }.path
        }
        #expect(try path("/o", ["VALISE_HOME"]) == "/o")
        #expect(try path(nil, ["VALISE_HOME", "XDG_DATA_HOME", "HOME"]) == "/v")
        #expect(try path(nil, ["XDG_DATA_HOME", "HOME"]) == "/x/valise")
        #expect(try path(nil, ["HOME"]) == "/h/.local/share/valise")
        #expect(#expect(throws: DeskError.self) { _ = try path(nil, []) }?.code == "no-home")
    }

    @Test("a passphrase is asked for by the name of whose it is, and by the folder where that is not known")
    func prompt() throws {
        let desks = try Desks()
        #expect(desks.home("south").passphrasePrompt == "Passphrase of south/lead: ")
        #expect(DeskHome(path: "/nonexistent").passphrasePrompt == "Passphrase of the keys in /nonexistent: ")
        withExtendedLifetime(desks) {}
    }

    @Test("the agent's socket has a path that a Unix socket can have, and one of its own for each home")
    func sockets() {
        let long = DeskHome(path: "/" + String(repeating: "long-folder/", count: 20) + "a")
        let other = DeskHome(path: "/" + String(repeating: "long-folder/", count: 20) + "b")
        #expect(long.agentSocket.utf8.count <= 107)
        #expect(long.agentSocket != other.agentSocket)
        #expect(DeskHome(path: "/s").agentSocket != DeskHome(path: "/t").agentSocket)
    }

    @Test("keys are made once, encrypted, for the owner alone, and never overwritten")
    func made() throws {
        let desks = try Desks()
        let home = desks.home("north")
        for folder in [home.path, home.keysFolder, home.stateFolder] { #expect(Self.mode(folder) == 0o700) }
        #expect(Self.mode(home.signingKeyFile) == 0o600)
        #expect(try home.sealingKeyNames().count == KeyMaking.firstSealingKeys)
        for name in try home.sealingKeyNames() { #expect(Self.mode("\(home.keysFolder)/sealing-\(name).pem") == 0o600) }
        let before = try home.card()
        #expect(#expect(throws: DeskError.self) { try desks.makeKeys("north") }?.code == "keys-exist")
        #expect(try home.card() == before && before.isValid)
        #expect(#expect(throws: DeskError.self) { try desks.makeKeys("relay") }?.code == "reserved-name")
    }

    @Test("keys open by the passphrase, sealing keys as they are needed, each under the name of its identifier")
    func opened() async throws {
        let desks = try Desks()
        let home = desks.home("south")
        let keys = try DeskKeys.open(home, passphrase: desks.words)
        #expect(keys.sealingPublicKeys.isEmpty)
        let message = Array("a message".utf8)
        let signature = try await keys.sign(message)
        #expect(PinnedEd25519.verify(signature: signature, message: message, key: try desks.card("south").signingKey))
        let publicKeys = try DeskKeys.sealingPublicKeys(of: keys)
        #expect(publicKeys.map { KeyID(publicKey: $0).short }.sorted() == (try home.sealingKeyNames()))
        let unknown = await #expect(throws: KeyringError.self) {
            try await keys.open(sealingKey: Hash.sha256([1]), enc: [], ciphertext: [], info: [], aad: [])
        }
        #expect(unknown?.code == .unknownSealingKey)
        let known = DeskKeys.name(publicKeys[0])
        let unsealed = await #expect(throws: KeyringError.self) {
            try await keys.open(sealingKey: known, enc: [], ciphertext: [], info: [], aad: [])
        }
        #expect(unsealed?.code == .cannotUnseal)
    }

    @Test("a wrong passphrase, a readable key file and another card's key are refused")
    func refused() throws {
        let desks = try Desks()
        let home = desks.home("south")
        let wrong = PassphraseSource.prompt { Array("wrong".utf8) }
        #expect(
            #expect(throws: KeyringError.self) { try DeskKeys.open(home, passphrase: wrong) }?.code == .wrongPassphrase)
        chmod(home.signingKeyFile, 0o640)
        #expect(
            #expect(throws: KeyringError.self) { try DeskKeys.open(home, passphrase: desks.words) }?.code
                == .keyFileOpenToOthers)
        chmod(home.signingKeyFile, 0o600)
        try DeskFile.write(home.cardFile, Array(try desks.card("north").text.utf8))
        #expect(
            #expect(throws: DeskError.self) { try DeskKeys.open(home, passphrase: desks.words) }?.code
                == "signing-key-mismatch")
        #expect(
            #expect(throws: DeskError.self) { try DeskKeys.open(desks.home("none"), passphrase: desks.words) }?.code
                == "no-keys")
    }

    private static func mode(_ path: String) -> UInt32 {
        var facts = stat()
        return lstat(path, &facts) == 0 ? facts.st_mode & 0o777 : 0
    }
}
