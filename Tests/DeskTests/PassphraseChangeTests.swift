import Archive
import Glibc
import Keyring
import Statements
import Testing

@testable import Desk

@Suite("another passphrase for a desk")
struct PassphraseChangeTests {
    let desks: Desks
    let next: Passphrase

    init() throws {
        desks = try Desks()
        next = try Passphrase(Array("other words".utf8))
    }

    private var home: DeskHome { desks.home("north") }
    private func source(_ words: String) -> PassphraseSource { .prompt { Array(words.utf8) } }

    private func change(_ from: Passphrase, _ to: Passphrase) throws -> PassphraseChange.Outcome {
        try PassphraseChange.change(home, from: from, to: to, cost: .negligible)
    }

    private func makeArchiveKey() throws {
        try KeyFile(path: home.archiveKeyFile).write(
            ArchiveKey.generate(), .passphrase(desks.passphrase), cost: .negligible)
    }

    @Test("all keys open with the new passphrase and none with the old one, and they are the same keys")
    func all() async throws {
        try makeArchiveKey()
        let before = try DeskKeys.open(home, passphrase: desks.words)
        let sealing = try DeskKeys.sealingPublicKeys(of: before)
        let archive = try await before.archiveKey()
        #expect(try change(desks.passphrase, next) == .init(changed: 4, before: 0))
        let after = try DeskKeys.open(home, passphrase: source("other words"))
        #expect(try DeskKeys.sealingPublicKeys(of: after) == sealing)
        #expect(try await after.archiveKey().seed == archive.seed)
        #expect(throws: KeyringError.self) { _ = try DeskKeys.open(home, passphrase: desks.words) }
        #expect(!DeskFile.exists(home.passphraseChangeFile))
    }

    @Test("a change that stopped after any file is finished by running it again", arguments: 0...4)
    func interrupted(done: Int) throws {
        try makeArchiveKey()
        try Durable.write(path: home.passphraseChangeFile, bytes: [], mode: 0o600, exclusive: false)
        let names = try home.sealingKeyNames().map { "sealing-\($0)" } + ["archive", "signing"]
        let kinds: [KeyKind] = [.sealing, .sealing, .archive, .signing]
        for (name, kind) in zip(names, kinds).prefix(done) {
            try KeyFile(path: "\(home.keysFolder)/\(name).pem").rewrap(
                kind, from: desks.passphrase, to: next, cost: .negligible)
        }
        if done == 3 {
            // The desk still opens with the old words, and a key that does not says why.
            let keys = try DeskKeys.open(home, passphrase: desks.words)
            let error = #expect(throws: KeyringError.self) { _ = try DeskKeys.sealingPublicKeys(of: keys) }
            #expect(error?.code == .wrongPassphrase && error?.hint.contains("interrupted") == true)
        }
        #expect(try change(desks.passphrase, next) == .init(changed: 4 - done, before: done))
        _ = try DeskKeys.sealingPublicKeys(of: DeskKeys.open(home, passphrase: source("other words")))
    }

    @Test("a run that was given the old passphrase makes no key after a change")
    func laterKey() async throws {
        let held = try DeskKeys.open(home, passphrase: desks.words)
        let before = try home.sealingKeyNames()
        _ = try change(desks.passphrase, next)
        await #expect(throws: KeyringError.self) { _ = try await DeskKeys.makeSealingKey(home, keys: held) }
        await #expect(throws: KeyringError.self) { _ = try await held.archiveKey() }
        #expect(try home.sealingKeyNames() == before)
        #expect(!DeskFile.exists(home.archiveKeyFile))
        let fresh = try DeskKeys.open(home, passphrase: source("other words"))
        _ = try await DeskKeys.makeSealingKey(home, keys: fresh)
    }

    @Test("a change waits for a run that is at the keys")
    func excluded() async throws {
        let held = try KeysFolder.hold(home)
        let (home, from, to) = (home, desks.passphrase, next)
        async let changed = Self.change(home, from, to)
        // Its own lock shows that it has begun.
        while try FileLock.take("\(home.stateFolder)/passphrase.lock") != nil { await Task.yield() }
        #expect(!DeskFile.exists(home.passphraseChangeFile))
        _ = try DeskKeys.open(home, passphrase: desks.words)
        withExtendedLifetime(held) {}
        held.release()
        #expect(try await changed.changed == 3)
    }

    @Sendable private static func change(
        _ home: DeskHome, _ from: Passphrase, _ to: Passphrase
    ) async throws -> PassphraseChange.Outcome {
        try PassphraseChange.change(home, from: from, to: to, cost: .negligible)
    }

    @Test("the old texts of key files are overwritten, but not under another name that a person gave them")
    func overwritten() throws {
        let sealing = try home.sealingKeyNames().map { "\(home.keysFolder)/sealing-\($0).pem" }
        let backup = "\(home.stateFolder)/backup.pem"
        #expect(link(sealing[0], backup) == 0)
        let kept = try DeskFile.read(backup, limit: KeyFile.byteLimit)
        let old = open(sealing[1], O_RDONLY)
        let signing = open(home.signingKeyFile, O_RDONLY)
        defer { for file in [old, signing] { close(file) } }
        _ = try change(desks.passphrase, next)
        for file in [old, signing] {
            let bytes = try FileBytes.read(file, 0, KeyFile.byteLimit, path: "")
            #expect(bytes.count > 300 && bytes.allSatisfy { $0 == 0 })
        }
        #expect(try DeskFile.read(backup, limit: KeyFile.byteLimit) == kept)
    }

    @Test("what a killed run left of a key file is destroyed by the next one that is at the keys")
    func leftovers() async throws {
        let part = "\(home.keysFolder)/.sealing-abc.pem.123.part"
        try DeskFile.write(part, [1, 2, 3])
        let other = "\(home.keysFolder)/notes.part"
        try DeskFile.write(other, [1, 2, 3])
        _ = try await DeskKeys.makeSealingKey(home, keys: DeskKeys.open(home, passphrase: desks.words))
        #expect(!DeskFile.exists(part) && DeskFile.exists(other))
    }

    @Test("a wrong present passphrase changes nothing")
    func wrong() throws {
        let other = try Passphrase(Array("not this".utf8))
        let error = #expect(throws: KeyringError.self) { _ = try change(other, next) }
        #expect(error?.code == .wrongPassphrase)
        #expect(!DeskFile.exists(home.passphraseChangeFile))
        _ = try DeskKeys.open(home, passphrase: desks.words)
    }
}

@Suite("the keys of a desk that come and go")
struct DeskKeyTests {
    let desks: Desks
    private var home: DeskHome { desks.home("south") }

    init() throws { desks = try Desks() }

    @Test("the archive key is made once, and never anew over an archive")
    func archiveKey() async throws {
        let first = try await DeskKeys.open(home, passphrase: desks.words).archiveKey()
        #expect(try await DeskKeys.open(home, passphrase: desks.words).archiveKey().seed == first.seed)
        _ = try Archive.open(folder: home.archiveFolder, key: first)
        #expect(unlink(home.archiveKeyFile) == 0)
        // An archive without a message may have another key; one with a segment may not.
        try DeskFile.write("\(home.archiveFolder)/segment-000001", [])
        let keys = try DeskKeys.open(home, passphrase: desks.words)
        do {
            _ = try await keys.archiveKey()
            Issue.record("a second archive key was made")
        } catch let error as KeyringError {
            #expect(error.code == .keyFileMissing)
        }
        #expect(!DeskFile.exists(home.archiveKeyFile))
    }

    @Test("a new sealing key has its file before anyone hears of it, and leaves nothing when it is destroyed")
    func sealingKey() async throws {
        let keys = try DeskKeys.open(home, passphrase: desks.words)
        let before = try home.sealingKeyNames()
        let id = try await DeskKeys.makeSealingKey(home, keys: keys)
        #expect(try home.sealingKeyNames() == (before + [id.short]).sorted())
        #expect(try DeskKeys.sealingPublicKeys(of: keys).contains { KeyID(publicKey: $0) == id })
        #expect(try HeldKey.all(home).filter { $0.kind == .sealing }.count == 3)
        try await DeskKeys.destroySealingKey(id, home, keys: keys)
        #expect(try home.sealingKeyNames() == before)
        #expect(try !DeskKeys.sealingPublicKeys(of: keys).contains { KeyID(publicKey: $0) == id })
    }

    @Test("keys go to the agent and back: signing, archive, passphrase and sealing keys")
    func secrets() async throws {
        let held = try DeskKeys.openAll(home, desks.passphrase)
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        held.encoded().withBytes { _ = write(ends[1], $0.baseAddress, $0.count) }
        close(ends[1])
        let keys = try AgentSecrets.read(ends[0], name: DeskKeys.name)
        close(ends[0])
        #expect(keys.signingPublicKey == held.signing.publicKey)
        #expect(keys.sealingPublicKeys == held.sealing.map(\.publicKey))
        #expect(try await keys.archiveKey().seed == held.archive.seed)
        let made = try await keys.makeSealingKey()
        let file = KeyFile(path: "\(home.keysFolder)/made.pem")
        try file.write(made)
        #expect(try file.readSealingKey(.passphrase(desks.passphrase)).publicKey == made.publicKey)
    }
}
