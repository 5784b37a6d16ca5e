import Archive
import Glibc
import Keyring
import Statements

/// Composing a text in the person's own editor. The file lies in memory only (tmpfs), in a folder that nobody else can
/// enter, and is overwritten and removed when the editor has ended.
///
/// What the editor itself writes elsewhere (histories, backups in a folder of its own) is the editor's to answer for.
package struct ComposeEditor {
    /// The largest text that is taken back, in bytes.
    package static let limit = 4 << 20
    private let folder: String
    private let environment: (String) -> String?

    /// - Throws: ``DeskError`` `no-memory-folder` where no folder lies in memory.
    package init(
        environment: @escaping (String) -> String? = { Glibc.getenv($0).map { String(cString: $0) } }
    ) throws {
        self.environment = environment
        let candidates = [environment("XDG_RUNTIME_DIR"), "/dev/shm"].compactMap(\.self)
        guard let folder = candidates.first(where: { $0.hasPrefix("/") && Self.isInMemory($0) }) else {
            throw DeskError(
                "no-memory-folder", "Neither XDG_RUNTIME_DIR nor /dev/shm is a folder in memory that you can write to.",
                hint: "write the text into a file yourself and name it, or give it on standard input: valise send ... -"
            )
        }
        self.folder = folder
    }

    /// Whether a folder is writable and its files never reach a disk: the mount that it lies on is a tmpfs or a ramfs.
    static func isInMemory(_ path: String) -> Bool {
        guard access(path, W_OK | X_OK) == 0, let real = realpath(path, nil) else { return false }
        defer { free(real) }
        guard let mounts = try? DeskFile.readText("/proc/self/mounts", limit: 1 << 20) else { return false }
        return kind(of: String(cString: real), mounts: mounts).map { $0 == "tmpfs" || $0 == "ramfs" } ?? false
    }

    /// The file system of a path by the table of mounts (proc(5)): that of the longest mount point above it, the last
    /// of them if there are several.
    static func kind(of path: String, mounts: String) -> String? {
        var best: (length: Int, kind: String)?
        for line in mounts.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count >= 3 else { continue }
            let point = words[1] == "/" ? "" : String(words[1])
            guard path == point || path.hasPrefix("\(point)/") else { continue }
            if point.utf8.count >= best?.length ?? 0 { best = (point.utf8.count, String(words[2])) }
        }
        return best?.kind
    }

    /// Opens the editor that `VISUAL` or `EDITOR` names, else `vi`, and waits for its end.
    /// - Parameter draft: what stands in the file at first.
    /// - Returns: the text.
    /// - Throws: ``DeskError`` with `editor-failed`, `nothing-written`, `text-too-large`, `file-not-text`.
    package func compose(draft: [UInt8]) throws -> [UInt8] {
        var template = Array("\(folder)/valise-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Self.failed("no folder could be made in \(folder)") }
        let own = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { Self.wipe(own) }
        let path = "\(own)/message.txt"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failed("no file could be made in \(own)") }
        let written = draft.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
        guard written == draft.count else { throw Self.failed("the file in \(own) could not be written") }
        try run(path)
        let text = try DeskFile.read(path, limit: Self.limit)
        guard String(validating: text, as: UTF8.self) != nil else {
            throw DeskError("file-not-text", "What the editor wrote is not UTF-8 text.", hint: "save it as UTF-8")
        }
        guard text.contains(where: { $0 > 0x20 }) else {
            throw DeskError(
                "nothing-written", "The text is empty, so nothing was sent.", hint: "write something, then save",
                kind: .usage)
        }
        return text
    }

    private func run(_ path: String) throws {
        let editor = [environment("VISUAL"), environment("EDITOR")].compactMap(\.self).first { !$0.isEmpty } ?? "vi"
        // As git does it: the editor may be a command with options.
        let arguments = ["sh", "-c", "\(editor) \"$@\"", editor, path]
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        // What the person types in the editor is not meant for this program.
        let interrupt = signal(SIGINT, SIG_IGN)
        let quit = signal(SIGQUIT, SIG_IGN)
        defer {
            signal(SIGINT, interrupt)
            signal(SIGQUIT, quit)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        sigemptyset(&defaults)
        for number in [SIGINT, SIGQUIT, SIGPIPE] { sigaddset(&defaults, number) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        var child: pid_t = 0
        guard posix_spawn(&child, "/bin/sh", nil, &attributes, pointers, environ) == 0 else {
            throw Self.failed("/bin/sh could not be started")
        }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 {
            guard errno == EINTR else { throw Self.failed("it could not be waited for") }
        }
        guard status == 0 else { throw Self.failed("it ended with status \(status >> 8 & 0xff)") }
    }

    /// Overwrites and removes every file of the folder, and the folder.
    private static func wipe(_ path: String) {
        guard let listing = opendir(path) else { return }
        var names: [String] = []
        while let item = readdir(listing) {
            names.append(
                withUnsafeBytes(of: &item.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        closedir(listing)
        for name in names where name != "." && name != ".." {
            let file = open("\(path)/\(name)", O_WRONLY | O_NOFOLLOW | O_CLOEXEC)
            var facts = stat()
            if file >= 0, fstat(file, &facts) == 0 {
                let zeros = [UInt8](repeating: 0, count: 64 * 1024)
                var left = Int(facts.st_size)
                while left > 0 {
                    let done = zeros.withUnsafeBytes { write(file, $0.baseAddress, min(left, $0.count)) }
                    if done <= 0 { break }
                    left -= done
                }
            }
            if file >= 0 { close(file) }
            unlink("\(path)/\(name)")
        }
        rmdir(path)
    }

    private static func failed(_ why: String) -> DeskError {
        DeskError(
            "editor-failed", "The editor did not give a text: \(why).",
            hint: "set EDITOR to one that works here, or give the text in a file or with -")
    }
}

/// A text that was composed and could not be sent: kept encrypted, and there again the next time.
extension Desk {
    private static var unsentPurpose: String { "unsent-text" }
    private var unsentPath: String { "\(home.outboxFolder)/unsent" }

    package func unsentText() async throws -> [UInt8]? {
        guard DeskFile.exists(unsentPath) else { return nil }
        return try SealedFile.read(
            unsentPath, key: try await keys.archiveKey(), purpose: Self.unsentPurpose, limit: ComposeEditor.limit)
    }

    package func keepUnsent(_ text: [UInt8]) async throws {
        try home.prepare()
        try SealedFile.write(
            text, to: unsentPath, key: try await keys.archiveKey(), purpose: Self.unsentPurpose)
    }

    package func dropUnsent() throws { try DeskFile.remove(unsentPath) }
}
