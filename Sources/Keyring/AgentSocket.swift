import Glibc
import Wording

/// The agent's listening socket in the file system: made for one user, removed at the end.
struct AgentSocket {
    let descriptor: Int32
    private let path: String
    private let device: UInt64
    private let inode: UInt64

    /// Makes the folder (0700) and the socket (0600), and listens. A socket that a dead agent left behind is removed.
    /// - Throws: ``KeyringError`` with `agent-folder-open-to-others`, `agent-already-running`, `agent-path-too-long`,
    ///   `agent-failed`, `file-unwritable`.
    static func listen(path: String) throws -> AgentSocket {
        let folder = Durable.split(path).folder
        try Durable.makeFolder(path: folder)
        let lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard lock >= 0 else { throw UnixSocket.failed("\(folder) cannot be opened", errno) }
        // Closing also lets go of the lock, which keeps two agents from removing each other's new socket.
        defer { close(lock) }
        try check(lock, folder)
        guard flock(lock, LOCK_EX) == 0 else { throw UnixSocket.failed("\(folder) cannot be locked", errno) }
        try removeStale(path)
        let descriptor = try UnixSocket.make()
        do {
            return try bind(descriptor, path)
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Stops listening and removes the socket, unless another has taken its place.
    func remove() {
        close(descriptor)
        var facts = stat()
        if lstat(path, &facts) == 0, facts.st_dev == device, facts.st_ino == inode { unlink(path) }
    }

    private static func check(_ folder: Int32, _ path: String) throws {
        var facts = stat()
        guard fstat(folder, &facts) == 0, facts.st_uid == geteuid(), facts.st_mode & 0o077 == 0 else {
            throw KeyringError(
                .agentFolderOpenToOthers,
                "The folder \(path) of the agent's socket was expected to be yours alone (mode 0700).",
                hint: "Run `chmod 700 \(ShellWord.quoted(path))` as its owner.")
        }
    }

    private static func removeStale(_ path: String) throws {
        if let running = try UnixSocket.connect(path) {
            close(running)
            throw KeyringError(
                .agentAlreadyRunning, "An unlock agent already listens on \(path).", hint: "Run `valise lock` first.")
        }
        var facts = stat()
        guard lstat(path, &facts) == 0 else { return }
        guard facts.st_mode & S_IFMT == S_IFSOCK else {
            throw UnixSocket.failed("\(path) is taken by a file that is not a socket", 0)
        }
        unlink(path)
    }

    private static func bind(_ descriptor: Int32, _ path: String) throws -> AgentSocket {
        // On Linux the socket's own mode becomes the file's, so there is no moment at which others could connect.
        fchmod(descriptor, 0o600)
        guard try UnixSocket.withAddress(path, { Glibc.bind(descriptor, $0, $1) }) == 0 else {
            throw UnixSocket.failed("\(path) could not be made", errno)
        }
        var facts = stat()
        guard chmod(path, 0o600) == 0, Glibc.listen(descriptor, 16) == 0, lstat(path, &facts) == 0 else {
            let number = errno
            unlink(path)
            throw UnixSocket.failed("\(path) could not be listened on", number)
        }
        return AgentSocket(
            descriptor: descriptor, path: path, device: UInt64(facts.st_dev), inode: UInt64(facts.st_ino))
    }
}
