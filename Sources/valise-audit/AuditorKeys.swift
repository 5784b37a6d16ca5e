import Audit
import Glibc
import Keyring
import Ledger
import Statements
import Terminal

/// The signing key of an auditor's delegate: from the unlock agent of its home when one runs, else from
/// `keys/signing.pem` by its passphrase.
struct AuditorKeys: Sendable {
    let delegate: DelegateID
    let sign: @Sendable ([UInt8]) async throws -> [UInt8]

    /// - Parameter home: the desk's folder; nil takes `VALISE_HOME`.
    /// - Throws: `no-home`, `not-an-auditor`; ``Keyring/KeyringError``.
    init(home: String?, passphrase: PassphraseOptions, charter: Charter) throws {
        guard let home = home ?? getenv("VALISE_HOME").map({ String(cString: $0) }), !home.isEmpty else {
            throw CommandFailure(
                code: "no-home", message: "Entries are served to auditors alone, and no keys of one were named.",
                hints: ["give --home FOLDER, or set VALISE_HOME", "or copy from a folder: --from DIR"], status: .usage)
        }
        let publicKey: [UInt8]
        if let agent = try Self.agent(home) {
            publicKey = agent.signingPublicKey
            sign = { try await agent.sign($0) }
        } else {
            let words = try Passphrase(passphrase.read("Passphrase of the keys in \(home): "))
            let key = try KeyFile(path: "\(home)/keys/signing.pem").readSigningKey(.passphrase(words))
            publicKey = key.publicKey
            sign = { try key.sign($0) }
        }
        delegate = try Self.auditor(publicKey, charter)
    }

    private static func auditor(_ key: [UInt8], _ charter: Charter) throws(CommandFailure) -> DelegateID {
        for party in charter.parties where party.capabilities.auditor {
            for delegate in party.delegates where delegate.signingKey == key {
                return DelegateID(party: party.id, name: delegate.name)
            }
        }
        let auditors = charter.parties.filter(\.capabilities.auditor).map(\.id.description)
        throw CommandFailure(
            code: "not-an-auditor", message: "The key is not that of a delegate of an auditor in this charter.",
            hints: ["use the home of a delegate of \(auditors.joined(separator: " or "))"], status: .refused)
    }

    /// The agent that `valise unlock` started for this home; nil when none runs.
    private static func agent(_ home: String) throws -> AgentClient? {
        do {
            let name = SealingKeyName { KeyID(publicKey: $0).hash }
            return try AgentClient(socketPath: socket(absolute(home)), name: name)
        } catch let error as KeyringError where error.code == .agentNotRunning {
            return nil
        }
    }

    /// Where a home's agent listens: the same places, in the same order, as `valise unlock` takes them.
    private static func socket(_ home: String) -> String {
        let name = String(Base32.encode(Hash.sha256(Array(home.utf8)).bytes).prefix(16))
        let longest = 107
        if let runtime = getenv("XDG_RUNTIME_DIR").map({ String(cString: $0) }), runtime.hasPrefix("/"),
            access(runtime, W_OK | X_OK) == 0
        {
            let path = "\(runtime)/valise-\(name)/agent.sock"
            if path.utf8.count <= longest { return path }
        }
        let path = "\(home)/state/agent.sock"
        return path.utf8.count <= longest ? path : "/tmp/valise-\(geteuid())-\(name)/agent.sock"
    }

    private static func absolute(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }
}
