import COpenSSL
import Glibc
import Ledger
import Synchronization

/// The unlock agent: holds opened keys for a while and uses them for programs of the same user.
///
/// It listens on a Unix socket (0600, in a folder 0700), serves only processes of its own user (SO_PEERCRED), at most
/// 16 at a time, and ends at the end of its lifetime or when told to. Signing and sealing keys never leave it; the
/// archive key does. It also holds the passphrase, which encrypts the sealing keys that it makes. One thread does it
/// all.
package final class AgentServer: Sendable {
    /// Why the agent ended.
    package enum Ending: Sendable {
        /// Its lifetime was over.
        case expired
        /// A client or ``stop()`` asked it to.
        case stopped
    }

    static let connectionLimit = 16

    private let keys: Mutex<OpenedKeys?>
    private let socket: AgentSocket
    private let wakeRead: Int32
    private let wakeWrite: Int32
    private let deadline: Int64

    /// Makes the socket and listens: from here on clients can connect, and ``run()`` answers them.
    ///
    /// - Parameters:
    ///   - keys: the opened keys; the agent's copy is let go at the end of ``run()``.
    ///   - socketPath: at most 107 bytes; its folder is made (0700) when missing.
    ///   - lifetime: from now; time in which the machine is suspended counts.
    /// - Throws: ``KeyringError`` with `agent-already-running`, `agent-folder-open-to-others`, `agent-path-too-long`,
    ///   `agent-failed`, `file-unwritable`.
    package init(keys: OpenedKeys, socketPath: String, lifetime: Duration) throws {
        var wake: [Int32] = [-1, -1]
        guard pipe(&wake) == 0 else { throw UnixSocket.failed("no pipe could be made", errno) }
        wake.forEach(UnixSocket.closeOnExecAndNeverBlock)
        do {
            socket = try AgentSocket.listen(path: socketPath)
        } catch {
            close(wake[0])
            close(wake[1])
            throw error
        }
        self.keys = Mutex(keys)
        wakeRead = wake[0]
        wakeWrite = wake[1]
        deadline = AgentClock.now() + AgentClock.milliseconds(lifetime)
    }

    deinit {
        close(wakeRead)
        close(wakeWrite)
    }

    /// Keeps the keys of this process out of core dumps, debuggers and (where limits allow) swap. Call it first of all,
    /// before a passphrase is read, in a process that is nothing but the agent.
    package static func hardenProcess() {
        _ = valise_refuse_dumps()
        _ = valise_lock_memory()
    }

    /// Serves until the lifetime is over or a stop is asked for; then lets go of the keys and removes the socket.
    /// Blocks its thread; call it once.
    package func run() -> Ending {
        var connections: [AgentConnection] = []
        var stopping = false
        defer {
            for index in connections.indices { connections[index].end() }
            keys.withLock { $0 = nil }
            socket.remove()
        }
        while !stopping {
            let now = AgentClock.now()
            if now >= deadline { return .expired }
            var waits = [pollfd(fd: wakeRead, events: Int16(POLLIN), revents: 0)]
            let canAccept = connections.count < Self.connectionLimit
            waits.append(pollfd(fd: canAccept ? socket.descriptor : -1, events: Int16(POLLIN), revents: 0))
            waits += connections.map { pollfd(fd: $0.descriptor, events: $0.events, revents: 0) }
            // Never longer than half a minute: poll's clock stands still while the machine is suspended.
            let next = connections.map(\.deadline).min() ?? deadline
            guard
                poll(&waits, nfds_t(waits.count), Int32(clamping: min(30_000, max(1, min(next, deadline) - now)))) >= 0
            else { continue }
            if AgentClock.now() >= deadline { return .expired }
            if waits[0].revents != 0 { return .stopped }
            serve(&connections, waits.dropFirst(2), stopping: &stopping)
            if waits[1].revents != 0 { accept(into: &connections) }
        }
        return .stopped
    }

    /// Ends ``run()`` from another thread; safe in a signal handler too.
    package func stop() {
        var byte: UInt8 = 1
        _ = write(wakeWrite, &byte, 1)
    }

    private func serve(_ connections: inout [AgentConnection], _ waits: ArraySlice<pollfd>, stopping: inout Bool) {
        let now = AgentClock.now()
        var kept: [AgentConnection] = []
        for (connection, wait) in zip(connections, waits) {
            var connection = connection
            var alive = now < connection.deadline
            if alive, wait.revents != 0 {
                let answer = { (request: AgentRequest) -> AgentReply in
                    if request == .stop { stopping = true }
                    return self.answer(request)
                }
                alive = wait.events == Int16(POLLOUT) ? connection.transmit(answer) : connection.receive(answer)
            }
            if alive { kept.append(connection) } else { connection.end() }
        }
        connections = kept
    }

    private func accept(into connections: inout [AgentConnection]) {
        let client = Glibc.accept(socket.descriptor, nil, nil)
        guard client >= 0 else { return }
        UnixSocket.closeOnExecAndNeverBlock(client)
        if UnixSocket.peerIsThisUser(client) {
            connections.append(AgentConnection(descriptor: client))
        } else {
            close(client)
        }
    }

    private func answer(_ request: AgentRequest) -> AgentReply {
        keys.withLock { keys in
            guard let keys else { return .stopping }
            do {
                return try Self.use(keys, request, millisecondsLeft: max(0, deadline - AgentClock.now()))
            } catch let error as KeyringError {
                return .refused(error)
            } catch {
                return .refused(KeyringError.failed("answer"))
            }
        }
    }

    private static func use(_ keys: OpenedKeys, _ request: AgentRequest, millisecondsLeft: Int64) throws -> AgentReply {
        switch request {
        case .status: return .status(millisecondsLeft: millisecondsLeft)
        case .keys(let first):
            let all = keys.sealingPublicKeys
            let page = all.dropFirst(Int(clamping: max(0, first))).prefix(AgentFrame.keysPerReply)
            return .keys(signing: keys.signingPublicKey, count: Int64(all.count), sealing: Array(page))
        case .sign(let message): return .signature(try keys.signing.sign(message))
        case .open(let name, let enc, let ciphertext, let info, let aad):
            guard let key = keys.sealingKey(publicKeySHA256: name) else { throw KeyringError.unknownSealingKey(name) }
            return .plaintext(try key.open(enc: enc, ciphertext: ciphertext, info: info, aad: aad))
        case .stop: return .stopping
        case .archive: return .archive(try keys.heldArchiveKey().seed)
        case .make: return .made(try keys.newSealingKey())
        case .forget(let name):
            keys.forget(publicKeySHA256: name)
            return .forgotten
        }
    }
}
