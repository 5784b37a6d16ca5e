import Glibc

/// A command line that `/bin/sh` runs in a process group of its own, so that it can be ended with all that it started.
///
/// It reads nothing, and what it prints goes to standard error.
package struct ShellCommand: Sendable {
    package enum Ending: Hashable, Sendable {
        /// By itself, with this exit code. What it left running in the background goes on.
        case exited(Int32)
        /// By this signal, which was not sent from here.
        case signalled(Int32)
        /// It took longer than the limit, and its group was ended.
        case overran
        /// The task was cancelled, and its group was ended.
        case stopped
    }

    private let command: String
    private let environment: [String]
    private let limit: Duration
    private let grace: Duration

    /// - Parameters:
    ///   - environment: `NAME=value`, the whole of it.
    ///   - limit: how long the command may take.
    ///   - grace: between SIGTERM to its group and SIGKILL.
    package init(_ command: String, environment: [String], limit: Duration, grace: Duration = .seconds(5)) {
        self.command = command
        self.environment = environment
        self.limit = limit
        self.grace = grace
    }

    /// The environment of this program with variables added, or put in the place of those of the same name.
    package static func environment(adding facts: [(name: String, value: String)]) -> [String] {
        var own: [String] = []
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if !facts.contains(where: { text.hasPrefix("\($0.name)=") }) { own.append(text) }
            next += 1
        }
        return own + facts.map { "\($0.name)=\($0.value)" }
    }

    /// Runs it and waits for its end. When the task is cancelled, its group is ended first.
    /// - Throws: ``CommandFailure`` `exec-not-started`.
    package func run() async throws(CommandFailure) -> Ending {
        let child = try start()
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        var pause = Duration.milliseconds(5)
        while true {
            if let ending = Self.collect(child) { return ending }
            let isLate = clock.now >= deadline
            if isLate || Task.isCancelled {
                // Not a child task: it has its full time though this one is cancelled.
                await Task.detached { await endGroup(child) }.value
                return isLate ? .overran : .stopped
            }
            try? await Task.sleep(for: min(pause, deadline - clock.now))
            pause = min(pause * 2, .milliseconds(200))
        }
    }

    /// SIGTERM to the whole group; SIGKILL to what is left of it when the grace is over.
    private func endGroup(_ leader: pid_t) async {
        kill(-leader, SIGTERM)
        let clock = ContinuousClock()
        let deadline = clock.now + grace
        var isCollected = false
        while true {
            isCollected = isCollected || Self.collect(leader) != nil
            // As long as a process is in the group, its number is not given to another.
            if isCollected, kill(-leader, 0) != 0 { return }
            if clock.now >= deadline { break }
            try? await Task.sleep(for: .milliseconds(20))
        }
        kill(-leader, SIGKILL)
        while !isCollected {
            isCollected = Self.collect(leader) != nil
            if !isCollected { try? await Task.sleep(for: .milliseconds(5)) }
        }
    }

    /// How the child ended; nil while it runs.
    private static func collect(_ child: pid_t) -> Ending? {
        var status: Int32 = 0
        let found = waitpid(child, &status, WNOHANG)
        if found == 0 || (found < 0 && errno == EINTR) { return nil }
        guard found == child else { return .exited(0) }
        return status & 0x7F == 0 ? .exited((status >> 8) & 0xFF) : .signalled(status & 0x7F)
    }

    private func start() throws(CommandFailure) -> pid_t {
        // Where a parent had it ignored, the system would not keep how a child ended.
        signal(SIGCHLD, SIG_DFL)
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO)
        posix_spawnattr_setpgroup(&attributes, 0)
        // The thread that spawns may have signals blocked, programs ignore SIGPIPE, and shells have what runs in the
        // background ignore more: none of that is for the command.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGPIPE, SIGINT, SIGQUIT, SIGTERM] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        posix_spawnattr_setflags(&attributes, Int16(flags))
        let words = ["/bin/sh", "-c", command]
        var arguments = words.map { strdup($0) } + [nil]
        var variables = environment.map { strdup($0) } + [nil]
        defer { for pointer in arguments + variables { free(pointer) } }
        var child = pid_t()
        let result = posix_spawn(&child, "/bin/sh", &actions, &attributes, &arguments, &variables)
        guard result == 0 else {
            throw CommandFailure(
                code: "exec-not-started",
                message: "/bin/sh could not be started: \(String(cString: strerror(result))).",
                hints: ["free memory or processes, then run the same command again: it goes on where it was"])
        }
        return child
    }
}
