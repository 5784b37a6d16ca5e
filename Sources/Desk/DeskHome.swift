import Glibc
import Keyring
import Ledger
package import Statements

/// The folder in which one delegate's desk lives: keys, the pinned charter, what was seen of the log.
///
///     keys/signing.pem            the signing key, encrypted
///     keys/sealing-<12>.pem       sealing keys, encrypted, named by the first letters of their identifiers
///     keys/delegate.card          the public card
///     keys/archive.pem            the archive key, encrypted
///     charter.signed              the charter this desk has joined, DER
///     state/pin                   that charter's full identifier
///     state/checkpoint            the newest verified checkpoint of its log, a signed note
///     state/confirmed             the newest one that the charter's witnesses have cosigned
///     archive/                    what was sent and read, encrypted under the archive key
///     archive/payloads/           the sealed payloads of messages with attachments
///     outbox/                     what is still to be handed over, encrypted
///     downloads/                  sealed contents that have come in part
///     cache/                      keys and lists for working offline, encrypted
///     rejections/                 rejections that the relay signed, with their statements, encrypted
///
/// Folders that it makes are 0700.
package struct DeskHome: Hashable, Sendable {
    /// Absolute.
    package let path: String

    /// - Parameter path: made absolute, links resolved as far as it exists.
    package init(path: String) { self.path = Self.absolute(path) }

    /// The home that `--home` names, else `VALISE_HOME`, else `$XDG_DATA_HOME/valise`, else `~/.local/share/valise`.
    /// - Throws: ``DeskError`` `no-home` when none of them is set.
    package static func locate(
        option: String?, environment: (String) -> String? = { Glibc.getenv($0).map { String(cString: $0) } }
    ) throws -> DeskHome {
        if let option, !option.isEmpty { return DeskHome(path: option) }
        if let home = environment("VALISE_HOME"), !home.isEmpty { return DeskHome(path: home) }
        if let data = environment("XDG_DATA_HOME"), data.hasPrefix("/") { return DeskHome(path: "\(data)/valise") }
        if let user = environment("HOME"), user.hasPrefix("/") { return DeskHome(path: "\(user)/.local/share/valise") }
        throw DeskError(
            "no-home", "Neither VALISE_HOME nor HOME says where this desk's files are.",
            hint: "give --home FOLDER", kind: .usage)
    }

    package var keysFolder: String { "\(path)/keys" }
    package var stateFolder: String { "\(path)/state" }
    package var signingKeyFile: String { "\(keysFolder)/signing.pem" }
    package var cardFile: String { "\(keysFolder)/delegate.card" }
    package var archiveKeyFile: String { "\(keysFolder)/archive.pem" }
    package var archiveFolder: String { "\(path)/archive" }
    package var outboxFolder: String { "\(path)/outbox" }
    package var downloadsFolder: String { "\(path)/downloads" }
    package var cacheFolder: String { "\(path)/cache" }
    package var rejectionsFolder: String { "\(path)/rejections" }
    /// There while the passphrase is being changed, and after a change that was interrupted.
    var passphraseChangeFile: String { "\(stateFolder)/passphrase-change" }
    package var charterFile: String { "\(path)/charter.signed" }
    package var pinFile: String { "\(stateFolder)/pin" }
    package var checkpointFile: String { "\(stateFolder)/checkpoint" }
    package var confirmedFile: String { "\(stateFolder)/confirmed" }
    package func sealingKeyFile(_ id: KeyID) -> String { "\(keysFolder)/sealing-\(id.short).pem" }

    /// Makes the folders that are missing.
    /// - Throws: `file-unwritable`.
    package func prepare() throws {
        var made = ""
        for name in path.split(separator: "/") {
            made += "/\(name)"
            if !DeskFile.exists(made) { try Durable.makeFolder(path: made) }
        }
        let folders = [
            keysFolder, stateFolder, archiveFolder, outboxFolder, downloadsFolder, cacheFolder, rejectionsFolder,
        ]
        for folder in folders where !DeskFile.exists(folder) { try Durable.makeFolder(path: folder) }
    }

    /// Whose desk this is.
    /// - Throws: ``DeskError`` `no-keys` when no keys were made here, `card-damaged`.
    package func card() throws -> Card {
        guard let bytes = try DeskFile.readIfThere(cardFile, limit: 4_096) else {
            throw DeskError(
                "no-keys", "There are no keys in \(path).", hint: "valise keys new --party PARTY --delegate NAME",
                kind: .notFound)
        }
        do {
            return try Card(text: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw DeskError(
                "card-damaged", "\(cardFile) is not a card: \(error.field) was expected to be \(error.expected).",
                hint: "fetch the file from a backup, or from whomever you sent it to")
        }
    }

    /// What a passphrase is asked for with: `Passphrase of north/lead: `.
    package var passphrasePrompt: String {
        let whose = (try? card().id.description) ?? "the keys in \(path)"
        return "Passphrase of \(whose): "
    }

    /// The identifiers' first letters of the sealing keys that lie here, sorted.
    package func sealingKeyNames() throws -> [String] {
        FolderNames.list(keysFolder, ending: ".pem").filter { $0.hasPrefix("sealing-") }
            .map { String($0.dropFirst("sealing-".count)) }
    }

    private static func absolute(_ path: String) -> String {
        if let real = realpath(path, nil) {
            defer { free(real) }
            return String(cString: real)
        }
        if path.hasPrefix("/") { return path }
        guard let here = getcwd(nil, 0) else { return path }
        defer { free(here) }
        return "\(String(cString: here))/\(path)"
    }
}

/// Where the home's unlock agent listens.
extension DeskHome {
    /// A folder of this home's own name in `XDG_RUNTIME_DIR`; without one, `state/agent.sock`; and where that is too
    /// long for a Unix socket, a folder 0700 in `/tmp`. The agent refuses a folder that others can enter.
    package var agentSocket: String {
        if let runtime = Glibc.getenv("XDG_RUNTIME_DIR").map({ String(cString: $0) }), runtime.hasPrefix("/"),
            access(runtime, W_OK | X_OK) == 0
        {
            let path = "\(runtime)/valise-\(name)/agent.sock"
            if path.utf8.count <= Self.socketPathLimit { return path }
        }
        let path = "\(stateFolder)/agent.sock"
        return path.utf8.count <= Self.socketPathLimit ? path : "/tmp/valise-\(geteuid())-\(name)/agent.sock"
    }

    /// unix(7): 108 bytes with the closing zero.
    private static let socketPathLimit = 107

    private var name: String { String(Base32.encode(Hash.sha256(Array(path.utf8)).bytes).prefix(16)) }
}
