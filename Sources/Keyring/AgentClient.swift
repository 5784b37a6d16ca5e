import Crypto
import Glibc
package import Ledger
import Synchronization

/// Keys that an unlock agent of this user holds.
///
/// A request is one exchange on a kept connection; requests of several tasks wait for one another. They block their
/// thread: a fraction of a millisecond with a healthy agent, at most the time-out (5 s) otherwise. When the agent has
/// closed an idle connection, the client connects again once: every request may be repeated. (A second sealing key made
/// so has no file and is never published.)
package final class AgentClient: DelegateKeys {
    package let signingPublicKey: [UInt8]
    private let name: SealingKeyName
    private let known: Mutex<[[UInt8]]>
    private let link: AgentLink

    /// Connects and fetches the public keys.
    ///
    /// - Throws: ``KeyringError`` with `agent-not-running` (no socket, or one that a dead agent left behind),
    ///   `agent-path-too-long`, `agent-failed`.
    package init(socketPath: String, name: SealingKeyName, timeout: Duration = .seconds(5)) throws {
        link = AgentLink(path: socketPath, timeout: AgentClock.milliseconds(timeout))
        let (signing, sealing) = try link.publicKeys()
        signingPublicKey = signing
        self.name = name
        known = Mutex(sealing)
    }

    /// Those that the agent held when it was last asked.
    package var sealingPublicKeys: [[UInt8]] { known.withLock { $0 } }

    /// The agent's own name of a key. An unknown one is asked for again: another program may have had it made.
    private func agentName(_ sealingKey: Hash) throws -> Hash? {
        func find() -> Hash? { sealingPublicKeys.first { name($0) == sealingKey }.map { Hash.sha256($0) } }
        if let found = find() { return found }
        let fresh = try link.publicKeys().sealing
        known.withLock { $0 = fresh }
        return find()
    }

    package func archiveKey() async throws -> ArchiveKey {
        guard case .archive(let secret) = try link.exchange(.archive) else { throw AgentLink.unexpected }
        return try ArchiveKey(seed: secret)
    }

    package func makeSealingKey() async throws -> NewSealingKey {
        guard case .made(let key) = try link.exchange(.make) else { throw AgentLink.unexpected }
        known.withLock { $0.append(key.publicKey) }
        return key
    }

    package func forget(sealingKey: Hash) async throws {
        guard let key = try agentName(sealingKey) else { return }
        guard case .forgotten = try link.exchange(.forget(key: key)) else { throw AgentLink.unexpected }
        known.withLock { keys in keys.removeAll { name($0) == sealingKey } }
    }

    package func sign(_ message: [UInt8]) async throws -> [UInt8] {
        guard case .signature(let signature) = try link.exchange(.sign(message)) else { throw AgentLink.unexpected }
        // The agent may have been started anew with another delegate's keys since this client connected.
        let key = try? Curve25519.Signing.PublicKey(rawRepresentation: signingPublicKey)
        guard let key, key.isValidSignature(signature, for: message) else {
            throw UnixSocket.failed("its signature is not by the key that it showed first", 0)
        }
        return signature
    }

    package func open(sealingKey: Hash, enc: [UInt8], ciphertext: [UInt8], info: [UInt8], aad: [UInt8]) async throws
        -> [UInt8]
    {
        guard let name = try agentName(sealingKey) else { throw KeyringError.unknownSealingKey(sealingKey) }
        let request = AgentRequest.open(key: name, enc: enc, ciphertext: ciphertext, info: info, aad: aad)
        guard case .plaintext(let plaintext) = try link.exchange(request) else { throw AgentLink.unexpected }
        return plaintext
    }

    /// How long the agent will still live.
    package func timeLeft() throws -> Duration {
        guard case .status(let left) = try link.exchange(.status) else { throw AgentLink.unexpected }
        return .milliseconds(left)
    }

    /// Tells the agent to forget its keys and to end; returns when it has agreed.
    package func stop() throws {
        guard case .stopping = try link.exchange(.stop) else { throw AgentLink.unexpected }
    }
}

/// The client's end of one connection.
private final class AgentLink: Sendable {
    private let path: String
    private let timeout: Int64
    private let connection = Mutex<Int32?>(nil)

    static var unexpected: KeyringError { UnixSocket.failed("its answer makes no sense", 0) }

    init(path: String, timeout: Int64) {
        self.path = path
        self.timeout = timeout
    }

    deinit {
        connection.withLock { if let descriptor = $0 { close(descriptor) } }
    }

    func exchange(_ request: AgentRequest) throws -> AgentReply {
        let frame = request.frame
        guard frame.count <= AgentFrame.headerByteCount + AgentFrame.byteLimit else {
            throw KeyringError(
                .agentMessageTooLarge,
                "The request has \(frame.count) bytes, and the unlock agent takes at most \(AgentFrame.byteLimit).",
                hint: "Give the passphrase instead of using the agent.")
        }
        let reply = try connection.withLock { current in
            if let kept = current {
                if let reply = try? Self.attempt(frame, on: kept, timeout: timeout) { return reply }
                close(kept)
                current = nil
            }
            let fresh = try connect()
            do {
                let reply = try Self.attempt(frame, on: fresh, timeout: timeout)
                current = fresh
                return reply
            } catch {
                close(fresh)
                throw error
            }
        }
        if case .refused(let error) = reply { throw error }
        return reply
    }

    func publicKeys() throws -> (signing: [UInt8], sealing: [[UInt8]]) {
        var found: [[UInt8]] = []
        while true {
            guard case .keys(let signing, let count, let page) = try exchange(.keys(from: Int64(found.count))),
                count <= 4096
            else { throw Self.unexpected }
            found += page
            if found.count >= count { return (signing, found) }
            guard !page.isEmpty else { throw Self.unexpected }
        }
    }

    private func connect() throws -> Int32 {
        guard let descriptor = try UnixSocket.connect(path) else {
            throw KeyringError(
                .agentNotRunning, "No unlock agent is running at \(path).",
                hint: "Run `valise unlock`, or give the passphrase.")
        }
        guard UnixSocket.peerIsThisUser(descriptor) else {
            close(descriptor)
            throw UnixSocket.failed("\(path) belongs to another user's process", 0)
        }
        return descriptor
    }

    private static func attempt(_ frame: [UInt8], on descriptor: Int32, timeout: Int64) throws -> AgentReply {
        let deadline = AgentClock.now() + timeout
        try UnixSocket.send(frame, to: descriptor, until: deadline)
        let header = try UnixSocket.receive(AgentFrame.headerByteCount, from: descriptor, until: deadline)
        guard let length = AgentFrame.length(header) else { throw unexpected }
        var body = try UnixSocket.receive(length, from: descriptor, until: deadline)
        defer { wipe(&body) }
        guard let reply = AgentReply(body: body) else { throw unexpected }
        return reply
    }
}
