package import Keyring

/// Another passphrase for all private keys of a desk.
///
/// Each file is replaced in one step. A crash between two files leaves some under the new passphrase and some under
/// the old one; running it again with the same two finishes. Until then a mark in the state folder lets every refusal
/// of a passphrase say so.
package enum PassphraseChange {
    /// What was done.
    package struct Outcome: Hashable, Sendable {
        /// Files that now have the new passphrase because of this run.
        package let changed: Int
        /// Files that had it already, from an interrupted run.
        package let before: Int
    }

    /// Changes the passphrase of every key file. An unlock agent is stopped, since it holds the old one.
    ///
    /// Nothing is written unless every file opens with one of the two passphrases. About 0.5 s a file.
    /// - Parameter cost: `standard` outside tests.
    /// - Throws: ``DeskError`` `no-keys`; ``Keyring/KeyringError`` `wrong-passphrase` and those of reading and writing.
    package static func change(
        _ home: DeskHome, from current: Passphrase, to next: Passphrase, cost: ScryptCost = .standard
    ) throws -> Outcome {
        _ = try home.card()
        guard let lock = try FileLock.take("\(home.stateFolder)/passphrase.lock") else {
            throw DeskError(
                "passphrase-change-running", "The keys in \(home.keysFolder) are being changed by another program.",
                hint: "wait until it has finished", kind: .failed)
        }
        // No key is made or destroyed meanwhile, and no agent begins with the old passphrase.
        let keys = try KeysFolder.hold(home)
        defer { withExtendedLifetime((lock, keys)) {} }
        try UnlockAgent.stop(home)
        var todo: [(file: KeyFile, kind: KeyKind)] = []
        var before = 0
        for (file, kind) in try files(home) {
            switch try file.opens(kind, current: current, next: next) {
            case .current: todo.append((file, kind))
            case .next: before += 1
            }
        }
        if !todo.isEmpty {
            try Durable.write(path: home.passphraseChangeFile, bytes: [], mode: 0o600, exclusive: false)
            for (file, kind) in todo { try file.rewrap(kind, from: current, to: next, cost: cost) }
        }
        try DeskFile.remove(home.passphraseChangeFile)
        return Outcome(changed: todo.count, before: before)
    }

    /// Runs `body`; a wrong passphrase after an interrupted change is said to be that.
    static func explaining<Value>(_ home: DeskHome, _ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let error as KeyringError where error.code == .wrongPassphrase {
            guard DeskFile.exists(home.passphraseChangeFile) else { throw error }
            throw KeyringError(
                .wrongPassphrase, error.message,
                hint: "A change of the passphrase was interrupted: run `valise passphrase` with the same two to finish."
            )
        }
    }

    /// The signing key last: until all others are done, the old passphrase is the one that the desk asks for.
    private static func files(_ home: DeskHome) throws -> [(KeyFile, KeyKind)] {
        var files = try home.sealingKeyNames().map { name in
            (KeyFile(path: "\(home.keysFolder)/sealing-\(name).pem"), KeyKind.sealing)
        }
        if DeskFile.exists(home.archiveKeyFile) { files.append((KeyFile(path: home.archiveKeyFile), .archive)) }
        files.append((KeyFile(path: home.signingKeyFile), .signing))
        return files
    }
}
