import Crypto
import Foundation
import Glibc
@testable import Keyring
import Ledger
import Testing

// That a process of another user is turned away cannot be tried here: the folder's mode stops it before SO_PEERCRED
// does.
@Suite("the unlock agent", .timeLimit(.minutes(1)))
struct AgentTests {
    let bench: Workbench
    let signing = SigningKey.generate()
    let sealing: [SealingKey]
    /// A naming rule that differs from the agent's own.
    let name = SealingKeyName { Hash.sha256([7] + $0) }

    init() throws {
        bench = try Workbench()
        sealing = try (0..<2).map { _ in try SealingKey.generate() }
    }

    private var path: String { bench.file("agent/socket") }
    private var keys: OpenedKeys { OpenedKeys(signing: signing, sealing: sealing, name: name) }

    /// Starts an agent on a thread of its own.
    private func start(_ keys: OpenedKeys? = nil, lifetime: Duration = .seconds(600)) throws -> (
        server: AgentServer, ending: Task<AgentServer.Ending?, Never>
    ) {
        let server = try AgentServer(keys: keys ?? self.keys, socketPath: path, lifetime: lifetime)
        // Started at once, since clients that block may occupy every thread on which a task could start it.
        let (endings, continuation) = AsyncStream.makeStream(of: AgentServer.Ending.self)
        Thread.detachNewThread {
            continuation.yield(server.run())
            continuation.finish()
        }
        return (server, Task { await endings.first { _ in true } })
    }

    @Test("it signs and opens as the keys themselves would, and private keys stay inside")
    func delegation() async throws {
        let (server, ending) = try start()
        let client = try AgentClient(socketPath: path, name: name)
        #expect(client.signingPublicKey == signing.publicKey)
        #expect(client.sealingPublicKeys == sealing.map(\.publicKey))
        let signature = try await client.sign([1, 2, 3])
        let checker = try Curve25519.Signing.PublicKey(rawRepresentation: signing.publicKey)
        #expect(checker.isValidSignature(signature, for: [1, 2, 3]))
        let message = [UInt8](repeating: 5, count: 3000)
        for holder in [client, keys] as [any DelegateKeys] {
            for key in sealing {
                let (enc, ciphertext) = try seal(message, to: key.publicKey, info: [1], aad: [2])
                let opened = try await holder.open(
                    sealingKey: name(key.publicKey), enc: enc, ciphertext: ciphertext, info: [1], aad: [2])
                #expect(opened == message)
            }
        }
        server.stop()
        #expect(await ending.value == .stopped)
    }

    @Test("a refusal comes back as the error that the keys themselves would give")
    func refusal() async throws {
        let (server, ending) = try start()
        let client = try AgentClient(socketPath: path, name: name)
        let (enc, ciphertext) = try seal([1], to: sealing[0].publicKey, info: [1], aad: [2])
        for holder in [client, keys] as [any DelegateKeys] {
            await expect(.cannotUnseal) {
                _ = try await holder.open(
                    sealingKey: name(sealing[1].publicKey), enc: enc, ciphertext: ciphertext, info: [1], aad: [2])
            }
            await expect(.unknownSealingKey) {
                _ = try await holder.open(
                    sealingKey: .zero, enc: enc, ciphertext: ciphertext, info: [1], aad: [2])
            }
        }
        await expect(.agentMessageTooLarge) {
            _ = try await client.sign([UInt8](repeating: 0, count: AgentFrame.byteLimit))
        }
        _ = try await client.sign([UInt8](repeating: 0, count: AgentFrame.byteLimit - 5))
        server.stop()
        _ = await ending.value
    }

    @Test("more sealing keys than fit one reply are all listed")
    func manyKeys() async throws {
        let many = try (0..<70).map { _ in try SealingKey.generate() }
        let (server, ending) = try start(OpenedKeys(signing: signing, sealing: many, name: name))
        let client = try AgentClient(socketPath: path, name: name)
        #expect(client.sealingPublicKeys == many.map(\.publicKey))
        server.stop()
        _ = await ending.value
    }

    @Test("it gives out the archive key, and none when it holds none")
    func archive() async throws {
        let archive = try ArchiveKey.generate()
        let (server, ending) = try start(
            OpenedKeys(signing: signing, sealing: [], archive: archive, passphrase: .right, name: name))
        let client = try AgentClient(socketPath: path, name: name)
        #expect(try await client.archiveKey().seed == archive.seed)
        server.stop()
        _ = await ending.value
        let (bare, bareEnding) = try start()
        await expect(.keyFileMissing) { _ = try await client.archiveKey() }
        await expect(.passphraseMissing) { _ = try await client.makeSealingKey() }
        bare.stop()
        _ = await bareEnding.value
    }

    @Test("a sealing key that it makes is held at once, and its file opens with the passphrase")
    func making() async throws {
        let (server, ending) = try start(
            OpenedKeys(signing: signing, sealing: sealing, passphrase: .right, name: name))
        let client = try AgentClient(socketPath: path, name: name)
        let other = try AgentClient(socketPath: path, name: name)
        let made = try await client.makeSealingKey()
        #expect(client.sealingPublicKeys.last == made.publicKey)
        let file = KeyFile(path: bench.file("new.pem"))
        try file.write(made)
        #expect(try file.readSealingKey(.passphrase(.right)).publicKey == made.publicKey)
        let (enc, ciphertext) = try seal([4, 2], to: made.publicKey, info: [1], aad: [2])
        for holder in [client, other] {
            let opened = try await holder.open(
                sealingKey: name(made.publicKey), enc: enc, ciphertext: ciphertext, info: [1], aad: [2])
            #expect(opened == [4, 2])
        }
        try await other.forget(sealingKey: name(made.publicKey))
        await expect(.unknownSealingKey) {
            _ = try await client.open(
                sealingKey: name(made.publicKey), enc: enc, ciphertext: ciphertext, info: [1], aad: [2])
        }
        try await client.forget(sealingKey: .zero)
        #expect(try AgentClient(socketPath: path, name: name).sealingPublicKeys == sealing.map(\.publicKey))
        server.stop()
        _ = await ending.value
    }

    @Test("two clients at once each get their own answers")
    func twoClients() async throws {
        let (server, ending) = try start()
        let clients = try (0..<2).map { _ in try AgentClient(socketPath: path, name: name) }
        let checker = try Curve25519.Signing.PublicKey(rawRepresentation: signing.publicKey)
        let valid = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<100 {
                let client = clients[number % 2]
                group.addTask {
                    let message = [UInt8(number)]
                    return checker.isValidSignature(try await client.sign(message), for: message)
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(valid == 100)
        server.stop()
        _ = await ending.value
    }

    @Test(
        "an oversized, empty or senseless frame ends that client's connection only",
        arguments: [
            [0, 1, 0, 1], [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0], [0, 0, 0, 1, 99], [0, 0, 0, 2, 1, 0],
            [0, 0, 0, 9, 3, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0],
        ] as [[UInt8]])
    func badFrames(frame: [UInt8]) async throws {
        let (server, ending) = try start()
        let client = try AgentClient(socketPath: path, name: name)
        let raw = try #require(try UnixSocket.connect(path))
        let deadline = AgentClock.now() + 5000
        try UnixSocket.send(frame, to: raw, until: deadline)
        let error = #expect(throws: KeyringError.self) { _ = try UnixSocket.receive(1, from: raw, until: deadline) }
        #expect(error?.message.contains("closed the connection") == true)
        close(raw)
        #expect(try await client.sign([1]).count == 64)
        server.stop()
        _ = await ending.value
    }

    @Test("requests sent in one piece, or byte by byte, are each answered in order")
    func pipelining() async throws {
        let (server, ending) = try start()
        let raw = try #require(try UnixSocket.connect(path))
        let deadline = AgentClock.now() + 10_000
        let requests = (0..<200).map { AgentRequest.sign([UInt8($0)]) }
        try UnixSocket.send(requests.flatMap(\.frame), to: raw, until: deadline)
        for byte in AgentRequest.keys(from: 0).frame { try UnixSocket.send([byte], to: raw, until: deadline) }
        let checker = try Curve25519.Signing.PublicKey(rawRepresentation: signing.publicKey)
        for number in 0..<200 {
            guard case .signature(let signature)? = try reply(raw, deadline) else {
                Issue.record("no signature \(number)")
                break
            }
            #expect(checker.isValidSignature(signature, for: [UInt8(number)]))
        }
        #expect(
            try reply(raw, deadline)
                == .keys(signing: signing.publicKey, count: 2, sealing: sealing.map(\.publicKey)))
        close(raw)
        server.stop()
        _ = await ending.value
    }

    @Test("at most 16 clients are served at a time, and the next one's turn comes")
    func fullHouse() async throws {
        let (server, ending) = try start()
        var crowd: [Int32] = []
        let deadline = AgentClock.now() + 10_000
        for _ in 0..<AgentServer.connectionLimit {
            let raw = try #require(try UnixSocket.connect(path))
            try UnixSocket.send(AgentRequest.status.frame, to: raw, until: deadline)
            _ = try reply(raw, deadline)
            crowd.append(raw)
        }
        #expect(code { _ = try AgentClient(socketPath: path, name: name, timeout: .milliseconds(100)) } == .agentFailed)
        for raw in crowd { close(raw) }
        #expect(try await AgentClient(socketPath: path, name: name).sign([1]).count == 64)
        server.stop()
        _ = await ending.value
    }

    @Test("it tells how long it lives, ends at that time, and takes its socket with it")
    func expiry() async throws {
        let (_, ending) = try start(lifetime: .milliseconds(1500))
        let client = try AgentClient(socketPath: path, name: name)
        let left = try client.timeLeft()
        #expect(left > .zero && left <= .milliseconds(1500))
        #expect(await ending.value == .expired)
        #expect(bench.mode("agent/socket") == 0)
        await expect(.agentNotRunning) { _ = try await client.sign([1]) }
    }

    @Test("a client can stop it")
    func stopping() async throws {
        let (_, ending) = try start()
        let client = try AgentClient(socketPath: path, name: name)
        try client.stop()
        #expect(await ending.value == .stopped)
        #expect(code { _ = try AgentClient(socketPath: path, name: name) } == .agentNotRunning)
    }

    @Test("a client that the agent turned out for idleness connects again")
    func reconnecting() async throws {
        let (first, ending) = try start()
        let client = try AgentClient(socketPath: path, name: name)
        first.stop()
        _ = await ending.value
        let (second, secondEnding) = try start()
        #expect(try await client.sign([1]).count == 64)
        second.stop()
        _ = await secondEnding.value
        let (other, otherEnding) = try start(OpenedKeys(signing: .generate(), sealing: [], name: name))
        await expect(.agentFailed) { _ = try await client.sign([1]) }
        other.stop()
        _ = await otherEnding.value
    }

    @Test("folder and socket are for their owner alone; a second agent is refused")
    func permissions() async throws {
        let (server, ending) = try start()
        #expect(bench.mode("agent") == 0o700)
        #expect(bench.mode("agent/socket") == 0o600)
        #expect(code { _ = try start() } == .agentAlreadyRunning)
        server.stop()
        _ = await ending.value
        chmod(bench.file("agent"), 0o750)
        #expect(code { _ = try start() } == .agentFolderOpenToOthers)
    }

    @Test("a socket that a dead agent left behind counts as not running and is replaced")
    func stale() async throws {
        #expect(mkdir(bench.file("agent"), 0o700) == 0)
        let dead = try UnixSocket.make()
        #expect(try UnixSocket.withAddress(path) { bind(dead, $0, $1) } == 0)
        close(dead)
        #expect(code { _ = try AgentClient(socketPath: path, name: name) } == .agentNotRunning)
        let (server, ending) = try start()
        #expect(try await AgentClient(socketPath: path, name: name).sign([1]).count == 64)
        server.stop()
        _ = await ending.value
    }

    @Test("a file that is no socket is left alone, and a path too long for a socket is said")
    func otherPaths() throws {
        #expect(mkdir(bench.file("agent"), 0o700) == 0)
        _ = try bench.put("agent/socket", "mine")
        #expect(code { _ = try start() } == .agentFailed)
        #expect(text(try bench.bytes("agent/socket")) == "mine")
        let long = bench.file(String(repeating: "x", count: 108 - bench.path.utf8.count))
        #expect(code { _ = try AgentClient(socketPath: long, name: name) } == .agentPathTooLong)
    }

    @Test("an agent that never answers is given up after the time-out")
    func silence() throws {
        #expect(mkdir(bench.file("agent"), 0o700) == 0)
        let mute = try UnixSocket.make()
        defer { close(mute) }
        #expect(try UnixSocket.withAddress(path) { bind(mute, $0, $1) } == 0)
        #expect(listen(mute, 4) == 0)
        #expect(code { _ = try AgentClient(socketPath: path, name: name, timeout: .milliseconds(50)) } == .agentFailed)
    }

    @Test("every request and reply survives its frame, and cut or padded ones are refused")
    func frames() throws {
        let requests: [AgentRequest] = [
            .status, .keys(from: 3), .sign([]), .sign([1, 2]), .stop, .archive, .make, .forget(key: .zero),
            .open(key: .sha256([1]), enc: [1], ciphertext: [], info: [2, 2], aad: [3]),
        ]
        for request in requests {
            let body = Array(request.frame.dropFirst(AgentFrame.headerByteCount))
            #expect(AgentFrame.length(request.frame) == body.count)
            #expect(AgentRequest(body: body) == request)
            #expect(AgentRequest(body: body + [0]) == nil)
            for length in 0..<body.count { #expect(AgentRequest(body: Array(body.prefix(length))) == nil) }
        }
        let replies: [AgentReply] = [
            .status(millisecondsLeft: 9), .signature([1]), .plaintext([]), .stopping, .forgotten,
            .archive(SecretBytes([UInt8](repeating: 3, count: 32))),
            .made(NewSealingKey(publicKey: sealing[0].publicKey, text: SecretBytes([1, 2]))),
            .keys(signing: signing.publicKey, count: 2, sealing: sealing.map(\.publicKey)),
            .refused(KeyringError(.cannotUnseal, "It.", hint: "Do.")),
        ]
        for reply in replies {
            let body = Array(reply.frame.dropFirst(AgentFrame.headerByteCount))
            #expect(AgentReply(body: body) == reply)
            #expect(AgentReply(body: body + [0]) == nil)
        }
    }

    private func reply(_ descriptor: Int32, _ deadline: Int64) throws -> AgentReply? {
        let header = try UnixSocket.receive(AgentFrame.headerByteCount, from: descriptor, until: deadline)
        let length = try #require(AgentFrame.length(header))
        return AgentReply(body: try UnixSocket.receive(length, from: descriptor, until: deadline))
    }

    private func expect(
        _ expected: KeyringError.Code, sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () async throws -> Void
    ) async {
        do {
            try await body()
            Issue.record("nothing was thrown", sourceLocation: sourceLocation)
        } catch {
            #expect((error as? KeyringError)?.code == expected, sourceLocation: sourceLocation)
        }
    }
}
