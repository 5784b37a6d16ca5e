import Glibc
import Keyring

/// The private keys of a desk, held by one run at a time while a file of them comes, changes or goes: so that no key is
/// made under a passphrase that another run has just given up.
enum KeysFolder {
    /// The lock, once no other run has it. It is let go of with the object.
    /// - Throws: ``DeskError`` `file-unwritable`.
    static func hold(_ home: DeskHome) throws -> FileLock.Kept {
        try home.prepare()
        let lock = try FileLock.wait("\(home.stateFolder)/keys.lock")
        try sweep(home)
        return lock
    }

    /// Destroys what a run that was killed left of a key file under a hidden name. Only who holds the lock writes key
    /// files, so nothing that is still being written is touched.
    private static func sweep(_ home: DeskHome) throws {
        for name in FolderNames.all(home.keysFolder) where name.hasPrefix(".") && name.hasSuffix(".part") {
            try KeyFile(path: "\(home.keysFolder)/\(name)").destroy()
        }
    }
}

/// Which passphrase protected a desk's keys at a moment: the state of the file of the signing key, which a change of
/// passphrase replaces last.
struct PassphraseMark: Hashable {
    private let inode: UInt
    private let size: Int
    private let seconds: Int
    private let nanoseconds: Int

    /// Nil when there is no signing key.
    init?(_ home: DeskHome) {
        var facts = stat()
        guard lstat(home.signingKeyFile, &facts) == 0 else { return nil }
        inode = UInt(facts.st_ino)
        size = Int(facts.st_size)
        // The time of the last change of its state, which no program can set.
        (seconds, nanoseconds) = (facts.st_ctim.tv_sec, facts.st_ctim.tv_nsec)
    }

    /// - Throws: ``Keyring/KeyringError`` `wrong-passphrase` when another run has changed the passphrase since, or is
    ///   not through with it.
    func expectStill(_ home: DeskHome) throws {
        guard PassphraseMark(home) != self || DeskFile.exists(home.passphraseChangeFile) else { return }
        throw KeyringError(
            .wrongPassphrase, "The passphrase of \(home.keysFolder) was changed while this command ran.",
            hint: "Run the command again with the new passphrase.")
    }
}
