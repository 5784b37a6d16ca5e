import Daemon
import Foundation
import Glibc
import Logging
import ServiceLifecycle
import Testing

@Suite("A log line is one JSON object")
struct LogLineTests {
    static func lines(_ write: (Logger) -> Void) throws -> [[String: Any]] {
        let capture = Capture()
        write(Logger(label: "relay.test") { JSONLogHandler(label: $0, level: .debug, descriptor: capture.descriptor) })
        let text = capture.finish()
        #expect(text.isEmpty || text.hasSuffix("\n"))
        return try text.split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    @Test("time, level, label, message and metadata are there")
    func members() throws {
        let lines = try Self.lines {
            var logger = $0
            logger[metadataKey: "relay"] = "geneva"
            logger.warning("batch committed", metadata: ["size": "3", "nested": ["a": ["x", "y"]], "relay": "own"])
        }
        let line = try #require(lines.first)
        #expect(lines.count == 1)
        #expect(line["level"] as? String == "warning")
        #expect(line["label"] as? String == "relay.test")
        #expect(line["message"] as? String == "batch committed")
        let time = try #require(line["time"] as? String)
        #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
        let metadata = try #require(line["metadata"] as? [String: Any])
        #expect(metadata["relay"] as? String == "own")
        #expect(metadata["size"] as? String == "3")
        #expect((metadata["nested"] as? [String: [String]])?["a"] == ["x", "y"])
    }

    @Test("hostile text stays inside its string and is read back")
    func hostile() throws {
        let text = "\"}\n{\"level\":\"info\"}\\ \u{0}\u{1B}[2J\u{7F}\u{9B}\u{202E}\u{2028}\r\t سلام 条 🚀"
        let lines = try Self.lines { $0.info("\(text)", metadata: ["\(text)": "\(text)"]) }
        #expect(lines.count == 1)
        #expect(lines.first?["message"] as? String == text)
        #expect((lines.first?["metadata"] as? [String: String])?[text] == text)
    }

    @Test("a raw line holds no character that a terminal acts on")
    func raw() {
        let capture = Capture()
        JSONLogHandler(label: "x", level: .trace, descriptor: capture.descriptor).log(
            event: LogEvent(
                level: .info, message: "a\u{1B}\u{9B}\u{202E}\n", metadata: nil, source: nil, file: "", function: "",
                line: 0))
        let text = capture.finish()
        #expect(text.contains(#""message":"a\u001b\u009b\u202e\n"}"#))
        #expect(text.hasPrefix(#"{"time":""#))
    }

    @Test("a long text is cut after 4096 bytes")
    func long() throws {
        let lines = try Self.lines { $0.info("\(String(repeating: "é", count: 10_000))") }
        #expect((lines.first?["message"] as? String)?.utf8.count == 4096 + 3)
    }

    @Test("events below the level are not written")
    func level() throws {
        #expect(try Self.lines { $0.trace("quiet") }.isEmpty)
        #expect(try LogLevelSetting.parse("error", origin: "--log-level").level == .error)
    }

    @Test("an unknown level is refused, never replaced", arguments: ["", "INFO", "verbose", "info "])
    func unknownLevel(text: String) {
        let error = #expect(throws: DaemonError.self) { try LogLevelSetting.parse(text, origin: "--log-level") }
        #expect(error?.code == "log-level-unknown")
        #expect(error?.message.contains("--log-level") == true)
    }
}

@Suite("One process works in a data directory")
struct DirectoryLockTests {
    let directory = ScratchDirectory()

    @Test("a second holder is refused and told who holds it")
    func twice() throws {
        let first = try DirectoryLock(directory: directory.path)
        let error = #expect(throws: DaemonError.self) { try DirectoryLock(directory: directory.path) }
        #expect(error?.code == "data-directory-in-use")
        #expect(error?.message.contains("process \(getpid())") == true)
        #expect(error?.message.contains(directory.path) == true)
        withExtendedLifetime(first) {}
    }

    @Test("the lock ends with its holder")
    func released() throws {
        do { _ = try DirectoryLock(directory: directory.path) }
        let next = try DirectoryLock(directory: directory.path)
        #expect(next.directory == directory.path)
    }

    @Test("a lock file left by a dead process does not hold")
    func leftBehind() throws {
        _ = directory.file("lock", "1\n")
        _ = try DirectoryLock(directory: directory.path)
    }

    @Test("a directory that does not exist is named")
    func missing() {
        let error = #expect(throws: DaemonError.self) { try DirectoryLock(directory: "/nowhere/data") }
        #expect(error?.code == "data-directory-not-lockable")
        #expect(error?.message.contains("/nowhere/data/lock") == true)
    }

    @Test("a lock file that is a link is not followed")
    func link() throws {
        let target = directory.file("target", "x")
        #expect(symlink(target, directory.path + "/lock") == 0)
        #expect(throws: DaemonError.self) { try DirectoryLock(directory: directory.path) }
    }
}

@Suite("The service manager is told")
struct ServiceNotifierTests {
    /// A datagram socket at a path, as the service manager holds it.
    static func listen(_ path: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
        return descriptor
    }

    static func receive(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    @Test("ready carries a status of one line")
    func states() throws {
        let directory = ScratchDirectory()
        let manager = try Self.listen(directory.path + "/notify")
        defer { close(manager) }
        let notifier = ServiceNotifier(socketPath: directory.path + "/notify")
        #expect(notifier.ready(status: "port 8443\nREADY=0"))
        #expect(Self.receive(manager) == "READY=1\nSTATUS=port 8443 READY=0")
        #expect(notifier.stopping())
        #expect(Self.receive(manager) == "STOPPING=1")
    }

    @Test("without a usable socket nothing happens", arguments: [nil, "", "relative", "/nowhere/notify"] as [String?])
    func none(path: String?) {
        #expect(!ServiceNotifier(socketPath: path).ready())
    }

    @Test("a group that stops says so, and its services end")
    func group() async throws {
        let directory = ScratchDirectory()
        let manager = try Self.listen(directory.path + "/notify")
        defer { close(manager) }
        let (started, start) = AsyncStream.makeStream(of: Void.self)
        let group = ServiceRoot.group(
            [.init("waiting", Waiting(start: start))], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            notifier: ServiceNotifier(socketPath: directory.path + "/notify"))
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            for await _ in started { break }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(Self.receive(manager) == "STOPPING=1")
    }
}

private struct Waiting: Service {
    let start: AsyncStream<Void>.Continuation

    func run() async throws {
        start.yield()
        try await gracefulShutdown()
    }
}
