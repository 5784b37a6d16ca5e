import Desk
import Glibc
import Rules
import Statements
import Terminal
import Transport

/// The command that a person has run for each arrival. It learns what an inbox shows, and never any content.
enum ArrivalHook {
    /// A command that takes longer is ended.
    private static let limit = Duration.seconds(300)

    /// Runs `/bin/sh -c command` and waits for it; its output goes to standard error.
    @Sendable static func run(_ command: String, _ row: InboxRow) async {
        guard let child = start(command, row) else {
            return Output.diagnostics.line("caution: --exec could not be started for \(row.arrival.message.short)")
        }
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        var wait = Duration.milliseconds(5)
        var status: Int32 = 0
        while true {
            let ended = waitpid(child, &status, WNOHANG)
            if ended == child { break }
            guard ended == 0 || errno == EINTR else { return }
            if clock.now >= deadline {
                kill(child, SIGKILL)
                _ = waitpid(child, &status, 0)
                return Output.diagnostics.line("caution: --exec took over five minutes and was ended")
            }
            guard (try? await Task.sleep(for: wait)) != nil else { return }
            wait = min(wait * 2, .milliseconds(200))
        }
        if status != 0 {
            let code = status & 0x7f == 0 ? "exit code \((status >> 8) & 0xff)" : "signal \(status & 0x7f)"
            Output.diagnostics.line("caution: --exec ended with \(code) for \(row.arrival.message.short)")
        }
    }

    private static func start(_ command: String, _ row: InboxRow) -> pid_t? {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        guard posix_spawn_file_actions_init(&actions) == 0, posix_spawnattr_init(&attributes) == 0 else { return nil }
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO)
        var defaults = sigset_t()
        sigemptyset(&defaults)
        sigaddset(&defaults, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        var child = pid_t()
        let result = withCStrings(["/bin/sh", "-c", command]) { arguments in
            withCStrings(environment(row)) { environment in
                posix_spawn(&child, "/bin/sh", &actions, &attributes, arguments, environment)
            }
        }
        return result == 0 ? child : nil
    }

    /// The own environment, and what the inbox shows of the arrival.
    static func environment(_ row: InboxRow) -> [String] {
        let facts: [(String, String)] = [
            ("VALISE_MESSAGE", row.arrival.message.description), ("VALISE_NUMBER", row.arrival.number.description),
            ("VALISE_FROM", row.tracked.state.originator.description),
            ("VALISE_PRECEDENCE", row.submission.precedence.description), ("VALISE_STATE", row.stage.word),
            ("VALISE_ROLE", row.isRecipient ? "recipient" : "carrier"),
            ("VALISE_EXPIRY", "\(row.submission.expiry.milliseconds)"),
        ]
        var own: [String] = []
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if !facts.contains(where: { text.hasPrefix("\($0.0)=") }) { own.append(text) }
            next += 1
        }
        return own + facts.map { "\($0.0)=\($0.1)" }
    }

    private static func withCStrings<T>(
        _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> T
    ) -> T {
        var pointers = strings.map { strdup($0) } + [nil]
        defer { pointers.forEach { free($0) } }
        return pointers.withUnsafeMutableBufferPointer { buffer in
            // The buffer has one element at least, so its address is there.
            body(buffer.baseAddress.unsafelyUnwrapped)
        }
    }
}
