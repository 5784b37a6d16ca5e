import Glibc
import Ledger

/// A sealing key as its maker hands it over: the public half, and the key file's text encrypted by the passphrase.
package struct NewSealingKey: Equatable, Sendable {
    /// 1,216 bytes.
    package let publicKey: [UInt8]
    /// `ENCRYPTED PRIVATE KEY`, PEM.
    let text: SecretBytes

    /// Makes a random key and encrypts it: about 0.25 s.
    package static func make(
        _ passphrase: Passphrase, cost: ScryptCost = .standard
    ) throws -> (key: SealingKey, new: NewSealingKey) {
        let key = try SealingKey.generate()
        let text = try KeyText.encode(
            .sealing, seed: key.seed, check: Hash.sha256(key.publicKey).bytes, protection: .passphrase(passphrase),
            cost: cost)
        return (key, NewSealingKey(publicKey: key.publicKey, text: text))
    }

    init(publicKey: [UInt8], text: SecretBytes) {
        self.publicKey = publicKey
        self.text = text
    }
}

/// Another passphrase for a key file.
extension KeyFile {
    /// Which of two passphrases a file opens with.
    package enum Opens: Sendable {
        case current, next
    }

    /// Which passphrase opens the file; nothing is changed.
    /// - Throws: ``KeyringError`` with `wrong-passphrase` when neither does, and the codes of ``readSigningKey(_:)``.
    package func opens(_ kind: KeyKind, current: Passphrase, next: Passphrase) throws -> Opens {
        do {
            _ = try KeyText.decode(text(), kind: kind, protection: .passphrase(current), name: path)
            return .current
        } catch let error as KeyringError where error.code == .wrongPassphrase {
            _ = try KeyText.decode(text(), kind: kind, protection: .passphrase(next), name: path)
            return .next
        }
    }

    /// Encrypts the key by another passphrase and puts it in the file's place in one step: after a crash the file is
    /// the old one or the new one. Its time of change stays, since it says how old the key is. The old text is then
    /// overwritten, unless the file has another name somewhere; what that is worth says ``destroy()``.
    /// - Throws: ``KeyringError``: the codes of ``readSigningKey(_:)``, `file-unwritable`.
    package func rewrap(_ kind: KeyKind, from current: Passphrase, to next: Passphrase, cost: ScryptCost) throws {
        let (seed, check) = try KeyText.decode(text(), kind: kind, protection: .passphrase(current), name: path)
        let fresh = try KeyText.encode(
            kind, seed: seed, check: check ?? Self.check(kind, seed), protection: .passphrase(next), cost: cost)
        var facts = stat()
        let known = lstat(path, &facts) == 0
        let old = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        defer { if old >= 0 { close(old) } }
        try fresh.withBytes { try Durable.write(path: path, raw: $0, mode: 0o600, exclusive: false) }
        if known {
            let times = [facts.st_mtim, facts.st_mtim]
            _ = utimensat(AT_FDCWD, path, times, 0)
        }
        guard fstat(old, &facts) == 0, facts.st_nlink == 0 else { return }
        guard Self.overwrite(old, facts.st_size) else { throw unwritable(errno) }
    }

    private static func check(_ kind: KeyKind, _ seed: SecretBytes) throws -> [UInt8] {
        switch kind {
        case .signing: Hash.sha256(try SigningKey(seed: seed.copy()).publicKey).bytes
        case .sealing: Hash.sha256(try SealingKey(seed: seed.copy()).publicKey).bytes
        case .archive: try ArchiveKey(seed: seed).check
        }
    }
}

/// Destroying a key file.
extension KeyFile {
    /// Overwrites the file with zeros, forces that to the disk, and removes it. Nothing happens when it is not there.
    ///
    /// On a disk that writes elsewhere (flash, copy on write) the old bytes may survive; they are encrypted.
    /// - Throws: ``KeyringError`` with `file-unwritable`.
    package func destroy() throws {
        let file = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        if file < 0 {
            if errno == ENOENT { return }
            throw unwritable(errno)
        }
        defer { close(file) }
        var facts = stat()
        guard fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { throw unwritable(EINVAL) }
        guard Self.overwrite(file, facts.st_size), unlink(path) == 0 else { throw unwritable(errno) }
        let folder = open(Durable.split(path).folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw unwritable(errno) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw unwritable(errno) }
    }

    /// Zeros over an open file, forced to the disk.
    private static func overwrite(_ file: Int32, _ size: Int) -> Bool {
        let zeros = [UInt8](repeating: 0, count: min(size, byteLimit))
        return pwrite(file, zeros, zeros.count, 0) == zeros.count && fsync(file) == 0
    }

    private func unwritable(_ number: Int32) -> KeyringError {
        KeyringError(
            .fileUnwritable, "\(path) could not be destroyed (\(String(cString: strerror(number)))).",
            hint: "Check that the file and its folder are yours to write in.")
    }
}
