import Glibc
import Terminal
import Testing

@Suite("A command ends with all that it started")
struct ShellCommandTests {
    private static func command(_ text: String, _ limit: Duration = .seconds(60), grace: Duration = .seconds(60))
        -> ShellCommand
    {
        ShellCommand(text, environment: ["PATH=/usr/bin:/bin", "WORD=cedar"], limit: limit, grace: grace)
    }

    @Test(
        "how it ended is told",
        arguments: [
            ("true", .exited(0)), ("exit 3", .exited(3)), ("kill -TERM $$", .signalled(SIGTERM)),
            ("test \"$WORD\" = cedar && test -z \"$HOME\"", .exited(0)), ("read line || exit 7", .exited(7)),
        ] as [(String, ShellCommand.Ending)])
    func endings(text: String, ending: ShellCommand.Ending) async throws {
        #expect(try await Self.command(text).run() == ending)
    }

    @Test("it leads a group of its own, with no signal blocked or ignored")
    func group() async throws {
        let scratch = ScratchDirectory()
        let file = scratch.file("facts", "")
        let text = "{ cut -d' ' -f5 /proc/$$/stat; echo $$; grep -E 'Sig(Blk|Ign)' /proc/self/status; } >\(file)"
        #expect(try await Self.command(text).run() == .exited(0))
        let words = try #require(Self.text(file)).split { $0 == " " || $0 == "\n" || $0 == "\t" }
        #expect(words.count == 6 && words[0] == words[1])
        // Signals 1 to 31; the C library keeps two of those above for itself.
        let masks = [words[3], words[5]].map { UInt64($0, radix: 16).map { $0 & 0x7FFF_FFFF } }
        #expect(masks == [0, 0], "\(words)")
    }

    /// Runs `body` with a named pipe, of which this side reads.
    /// - Returns: whether nobody has its other side open any more.
    private static func watched(_ body: (_ fifo: String, _ reader: Int32) async throws -> Void) async throws -> Bool {
        let scratch = ScratchDirectory()
        let fifo = scratch.path + "/fifo"
        try #require(mkfifo(fifo, 0o600) == 0)
        let reader = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        try #require(reader >= 0)
        defer { close(reader) }
        try await body(fifo, reader)
        var byte: UInt8 = 0
        return read(reader, &byte, 1) == 0
    }

    @Test("over its limit, its children are ended too")
    func overran() async throws {
        let gone = try await Self.watched { fifo, _ in
            let text = "exec 8>\(fifo); sleep 1000 & sleep 1001 & wait"
            let ending = try await Self.command(text, .milliseconds(300)).run()
            #expect(ending == .overran)
        }
        #expect(gone)
    }

    @Test("what does not listen to SIGTERM is killed when the grace is over")
    func deaf() async throws {
        let gone = try await Self.watched { fifo, _ in
            let text = "exec 8>\(fifo); trap '' TERM; (sleep 1000; sleep 1001) & wait; wait"
            let ending = try await Self.command(text, .milliseconds(300), grace: .milliseconds(300)).run()
            #expect(ending == .overran)
        }
        #expect(gone)
    }

    @Test("what listens to SIGTERM has its time to end")
    func polite() async throws {
        let scratch = ScratchDirectory()
        let file = scratch.path + "/ended"
        let text = "trap 'echo ended >\(file); exit 0' TERM; sleep 1000 & wait"
        #expect(try await Self.command(text, .milliseconds(300)).run() == .overran)
        #expect(Self.text(file) == "ended\n")
    }

    @Test("a cancelled task ends its command, children and all")
    func stopped() async throws {
        let gone = try await Self.watched { fifo, reader in
            let task = Task { try await Self.command("exec 8>\(fifo); sleep 1000 & echo >&8; wait").run() }
            var waiting = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
            // The command's task needs this thread too.
            while poll(&waiting, 1, 0) == 0 { await Task.yield() }
            var byte: UInt8 = 0
            #expect(read(reader, &byte, 1) == 1)
            task.cancel()
            let ending = try await task.value
            #expect(ending == .stopped)
        }
        #expect(gone)
    }

    private static func text(_ path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
