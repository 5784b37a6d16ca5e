import Glibc
package import Keyring

/// Starts and stops the unlock agent of a home: a process of its own that holds the opened keys for a while.
///
/// The keys go from the process that opened them to the agent through a pipe, as the agent's standard input; they are
/// never in an argument, in the environment or on the disk. The agent answers on its standard output when it listens:
/// `ready`, or an error; then it lets go of its terminal.
package enum UnlockAgent {
    package static let longest = Duration.seconds(7 * 86_400)

    /// Opens all keys of the home, gives them to a new agent, and waits until it answers. An agent that runs already is
    /// replaced.
    ///
    /// - Parameters:
    ///   - program: the executable and the arguments that run ``serve(socketPath:lifetime:)``.
    /// - Throws: ``Keyring/KeyringError``, ``DeskError`` `agent-not-started`.
    package static func start(_ home: DeskHome, passphrase: PassphraseSource, program: [String]) throws {
        // The passphrase is asked for before the keys are held: a person may take long.
        let words = try passphrase.passphrase()
        // A change of the passphrase waits until the agent listens, and then ends it; or the agent waits for the
        // change.
        let lock = try KeysFolder.hold(home)
        defer { withExtendedLifetime(lock) {} }
        let keys = try DeskKeys.openAll(home, words)
        try stop(home)
        let answer = try AgentProcess.run(program, input: keys.encoded())
        guard answer == AgentSecrets.ready else { throw notStarted(answer) }
    }

    /// Ends the agent, if one runs, and waits until it has let go of its socket.
    /// - Returns: whether one ran.
    @discardableResult
    package static func stop(_ home: DeskHome) throws -> Bool {
        do {
            guard let agent = try DeskKeys.agent(home) else { return false }
            try agent.stop()
        } catch let error as KeyringError where error.code == .agentFailed {
            // It is ending already, and broke the connection by that.
        }
        for _ in 0..<400 {
            if try isGone(home) { return true }
            usleep(5_000)
        }
        throw DeskError(
            "agent-not-stopped", "The unlock agent of \(home.path) has not ended within two seconds.",
            hint: "try again, or end the process by hand", kind: .failed)
    }

    /// Whether nobody listens any more; an agent that breaks the connection is about to go.
    private static func isGone(_ home: DeskHome) throws -> Bool {
        do { return try DeskKeys.agent(home) == nil } catch let error as KeyringError where error.code == .agentFailed {
            return false
        }
    }

    /// The agent itself; call it in a process that does nothing else. Blocks its thread until the keys are forgotten.
    /// - Returns: false when it could not start; its starter has been told why.
    package static func serve(socketPath: String, lifetime: Duration) -> Bool {
        AgentServer.hardenProcess()
        do {
            let keys = try AgentSecrets.read(STDIN_FILENO, name: DeskKeys.name)
            let server = try AgentServer(keys: keys, socketPath: socketPath, lifetime: lifetime)
            AgentProcess.answer(AgentSecrets.ready)
            AgentProcess.detach()
            _ = server.run()
            return true
        } catch let error as KeyringError {
            AgentProcess.answer("\(error.message)")
        } catch {
            AgentProcess.answer("The keys did not arrive whole.")
        }
        return false
    }

    private static func notStarted(_ answer: String) -> DeskError {
        let reason = answer.isEmpty ? "It ended without a word." : answer
        return DeskError(
            "agent-not-started", "The unlock agent did not start. \(reason)",
            hint: "give the passphrase to each command instead", kind: .locked)
    }
}

/// The opened keys on their way through the pipe: `count` (u8), signing seed and archive key (32 bytes each), length
/// of the passphrase (u16, big endian) and the passphrase, `count` sealing seeds (32 bytes each).
struct AgentSecrets {
    static let ready = "ready"
    static let seedByteCount = 32

    let signing: SigningKey
    let archive: ArchiveKey
    let passphrase: Passphrase
    let sealing: [SealingKey]

    func encoded() -> SecretBytes {
        let seeds = sealing.prefix(Int(UInt8.max)).map(\.seed)
        return passphrase.withBytes { words in
            let size = 3 + (2 + seeds.count) * Self.seedByteCount + words.count
            return withUnsafeTemporaryAllocation(byteCount: size, alignment: 16) { buffer in
                var end = 0
                func put(_ bytes: UnsafeRawBufferPointer) {
                    UnsafeMutableRawBufferPointer(rebasing: buffer[end..<end + bytes.count]).copyMemory(from: bytes)
                    end += bytes.count
                }
                withUnsafeBytes(of: UInt8(seeds.count)) { put($0) }
                signing.seed.withBytes { put($0) }
                archive.seed.withBytes { put($0) }
                withUnsafeBytes(of: UInt16(words.count).bigEndian) { put($0) }
                put(words)
                for seed in seeds { seed.withBytes { put($0) } }
                let secrets = SecretBytes(copying: UnsafeRawBufferPointer(buffer))
                if let start = buffer.baseAddress { explicit_bzero(start, size) }
                return secrets
            }
        }
    }

    /// Reads them to the end of the pipe.
    static func read(_ descriptor: Int32, name: SealingKeyName) throws -> OpenedKeys {
        guard let count = take(1, from: descriptor)?.first, let signing = take(seedByteCount, from: descriptor),
            let archive = take(seedByteCount, from: descriptor), let length = take(2, from: descriptor),
            let words = take(Int(length[0]) << 8 | Int(length[1]), from: descriptor)
        else { throw malformed }
        let sealing = try (0..<Int(count)).map { _ in
            guard let seed = take(seedByteCount, from: descriptor) else { throw malformed }
            return try SealingKey(seed: seed)
        }
        return OpenedKeys(
            signing: try SigningKey(seed: signing), sealing: sealing,
            archive: try ArchiveKey(seed: SecretBytes(archive)), passphrase: try Passphrase(words), name: name)
    }

    private static let malformed = DeskError("agent-input", "The keys did not arrive whole.", hint: "", kind: .failed)

    private static func take(_ count: Int, from descriptor: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let step = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress?.advanced(by: filled), count - filled)
            }
            if step > 0 { filled += step } else if step == 0 || errno != EINTR { return nil }
        }
        return bytes
    }
}
