import Glibc
package import Statements

/// One private key file of a desk, as far as it can be described without opening it.
package struct HeldKey: Hashable, Sendable {
    package enum Kind: String, Sendable {
        case signing, archive, sealing
    }

    package let kind: Kind
    /// A sealing key's first letters; of the others, the file's name without its ending.
    package let name: String
    /// When the file was made; a change of passphrase keeps that.
    package let madeAt: Timestamp
    /// When a published sealing key serves, as far as this desk knows.
    package let window: KeyRecords.Record?

    /// All key files of a home: signing, archive, then sealing keys by their windows.
    /// - Throws: ``DeskError`` `no-keys`.
    package static func all(_ home: DeskHome) throws -> [HeldKey] {
        let card = try home.card()
        let known = try KeyRecords(home).load()
        var keys = [HeldKey(kind: .signing, name: "signing", madeAt: card.madeAt, window: nil)]
        if let made = time(home.archiveKeyFile) {
            keys.append(HeldKey(kind: .archive, name: "archive", madeAt: made, window: nil))
        }
        let sealing = try home.sealingKeyNames().compactMap { name in
            time("\(home.keysFolder)/sealing-\(name).pem").map {
                HeldKey(kind: .sealing, name: name, madeAt: $0, window: known.record(named: name))
            }
        }
        return keys + sealing.sorted { ($0.from, $0.name) < ($1.from, $1.name) }
    }

    private var from: Timestamp { window?.sealFrom ?? Timestamp(milliseconds: .max) }

    private static func time(_ path: String) -> Timestamp? {
        var facts = stat()
        guard lstat(path, &facts) == 0 else { return nil }
        return Timestamp(milliseconds: Int64(facts.st_mtim.tv_sec) * 1000 + Int64(facts.st_mtim.tv_nsec) / 1_000_000)
    }
}
