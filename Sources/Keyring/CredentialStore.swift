import Glibc

/// Where secrets that must open unattended come from: systemd's credentials folder, else a folder of 0600 files.
package struct CredentialStore: Sendable {
    private let credentials: String?
    private let folder: String

    /// - Parameters:
    ///   - folder: the folder of 0600 files.
    ///   - credentials: the value of `CREDENTIALS_DIRECTORY`, by default the process's own (systemd.exec(5)).
    package init(folder: String, credentials: String? = Self.inherited()) {
        self.folder = folder
        self.credentials = credentials
    }

    /// The process's `CREDENTIALS_DIRECTORY`, when set and not empty.
    package static func inherited() -> String? {
        guard let value = getenv("CREDENTIALS_DIRECTORY"), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    /// The contents, at most 16 KiB: from the credentials folder when the name is there (mode 0440 is allowed), else
    /// from the own folder (0600).
    /// - Throws: ``KeyringError`` with `key-file-missing`, `key-file-open-to-others`, `key-file-damaged`,
    ///   `file-unreadable`.
    package func read(_ name: String) throws -> SecretBytes {
        if let credentials {
            let path = "\(credentials)/\(name)"
            if let found = try PrivateFile.read(path: path, limit: KeyFile.byteLimit, rule: .credential) {
                return found
            }
        }
        let path = "\(folder)/\(name)"
        if let found = try PrivateFile.read(path: path, limit: KeyFile.byteLimit, rule: .ownerOnly) { return found }
        throw KeyringError(
            .keyFileMissing, "There is no \(path)\(credentials.map { " and no \($0)/\(name)" } ?? "").",
            hint: "Make the relay's keys first, or pass the file with LoadCredential=\(name):PATH.")
    }

    /// Opens an unattended signing key.
    package func signingKey(_ name: String) throws -> SigningKey {
        try KeyFile.signingKey(read(name), .unattended, name: name)
    }
}
