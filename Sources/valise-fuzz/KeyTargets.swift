import Keyring
import Ledger

/// Key files and certificates: PEM text that a person may have got from anywhere.
enum KeyTargets {
    static let all = [
        FuzzTarget("key-file", keyFile), FuzzTarget("encrypted-key-file", encryptedKeyFile),
        FuzzTarget("certificate", certificate),
    ]

    static let passphrase = Array("a passphrase for fuzzing".utf8)

    @Sendable static func keyFile(_ bytes: [UInt8]) -> Bool { opens(bytes, .unattended) }

    @Sendable static func encryptedKeyFile(_ bytes: [UInt8]) -> Bool {
        guard let passphrase = FuzzTarget.parsed({ try Passphrase(passphrase) }) else { return false }
        return opens(bytes, .passphrase(passphrase))
    }

    /// A file opens as one kind of key at most, and the key that it holds works.
    private static func opens(_ bytes: [UInt8], _ protection: KeyProtection) -> Bool {
        guard bytes.count <= KeyFile.byteLimit else { return false }
        let signing = FuzzTarget.parsed { try KeyFile.signingKey(SecretBytes(bytes), protection, name: "a file") }
        let sealing = FuzzTarget.parsed { try KeyFile.sealingKey(SecretBytes(bytes), protection, name: "a file") }
        FuzzTarget.require(signing == nil || sealing == nil, "a file holds one kind of key")
        if let signing {
            let signature = FuzzTarget.parsed { try signing.sign([1]) }
            let holds = signature.map { PinnedEd25519.verify(signature: $0, message: [1], key: signing.publicKey) }
            FuzzTarget.require(holds == true, "a key that opened signs")
        }
        if let sealing {
            FuzzTarget.require(sealing.publicKey.count == SealingKey.publicKeyByteCount, "a sealing key has its size")
        }
        return signing != nil || sealing != nil
    }

    @Sendable static func certificate(_ bytes: [UInt8]) -> Bool {
        guard let der = FuzzTarget.parsed({ try CertificateText.der(bytes, name: "a file") }) else { return false }
        FuzzTarget.require(!der.isEmpty, "a certificate has bytes")
        _ = FuzzTarget.parsed { try CertificateText.notAfter(bytes, name: "a file") }
        return true
    }
}
