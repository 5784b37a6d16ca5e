import Glibc
import Keyring

/// A child process that outlives this one: secrets in by its standard input, one answer out by its standard output.
enum AgentProcess {
    /// An answer is one sentence; more is not read.
    private static let answerLimit = 4_096

    /// Starts the program in a session of its own, with no descriptor of this process but the two pipes.
    /// - Returns: what it wrote until it closed its standard output or ended.
    static func run(_ program: [String], input: SecretBytes) throws -> String {
        let toChild = try makePipe()
        let fromChild: (read: Int32, write: Int32)
        do { fromChild = try makePipe() } catch {
            close(toChild.read)
            close(toChild.write)
            throw error
        }
        keepDescriptorsBack()
        var child = pid_t()
        let status = spawn(program, input: toChild.read, output: fromChild.write, &child)
        close(toChild.read)
        close(fromChild.write)
        defer { close(fromChild.read) }
        guard status == 0 else {
            close(toChild.write)
            throw failed("could not be run", status)
        }
        input.withBytes { send($0, to: toChild.write) }
        close(toChild.write)
        let answer = receive(from: fromChild.read)
        // Collects a child that failed; one that serves goes on, and is the system's once this process has ended.
        var ending: Int32 = 0
        if answer != AgentSecrets.ready { waitpid(child, &ending, 0) }
        return answer
    }

    /// In the child: tells the starter.
    static func answer(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            _ = Glibc.write(STDOUT_FILENO, bytes.baseAddress, min(bytes.count, answerLimit))
        }
    }

    /// In the child: lets go of the starter's pipes, of the terminal and of the working folder.
    static func detach() {
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where null >= 0 { dup2(null, descriptor) }
        if null > STDERR_FILENO { close(null) }
        _ = chdir("/")
    }

    private static func spawn(_ program: [String], input: Int32, output: Int32, _ child: inout pid_t) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        // POSIX_SPAWN_SETSID of glibc 2.26, which the importer does not see as a number.
        posix_spawnattr_setflags(&attributes, 0x80)
        var arguments = program.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        return posix_spawn(&child, "/proc/self/exe", &actions, &attributes, &arguments, environ)
    }

    /// Descriptors that the shell left open, such as that of `--passphrase-fd`, are not for the agent.
    private static func keepDescriptorsBack() {
        guard let folder = opendir("/proc/self/fd") else { return }
        defer { closedir(folder) }
        while let item = readdir(folder) {
            let name = withUnsafeBytes(of: &item.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let number = Int32(name), number > STDERR_FILENO { _ = fcntl(number, F_SETFD, FD_CLOEXEC) }
        }
    }

    private static func makePipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw failed("had no pipe", errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// A child that ended early shows as an error, not as SIGPIPE: programs ignore that signal.
    private static func send(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) {
        var sent = 0
        while sent < bytes.count {
            let step = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: sent), bytes.count - sent)
            if step > 0 { sent += step } else if errno != EINTR { return }
        }
    }

    private static func receive(from descriptor: Int32) -> String {
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: answerLimit)
        while answer.count < answerLimit {
            let step = Glibc.read(descriptor, &buffer, buffer.count)
            if step > 0 { answer += buffer[..<step] } else if step == 0 || errno != EINTR { break }
        }
        return String(decoding: answer.prefix(answerLimit), as: UTF8.self)
    }

    private static func failed(_ what: String, _ number: Int32) -> DeskError {
        DeskError(
            "agent-not-started", "The unlock agent \(what) (\(String(cString: strerror(number)))).",
            hint: "give the passphrase to each command instead", kind: .locked)
    }
}
