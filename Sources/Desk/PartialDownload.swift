import Envelope
import Glibc
import Keyring
import Rules
import Sealing
import Statements
import Synchronization

/// A sealed envelope file on its way in: `downloads/<12>.part`, still sealed, kept across runs until it is opened.
///
/// What is there is read again when it is taken up, so that its digest goes on where it stopped; bytes that cannot be
/// right are dropped at once. With ``check(with:)`` each sealed chunk is opened as it arrives, and what it opens to is
/// forgotten.
final class PartialDownload: Sendable {
    let path: String
    private let descriptor: Int32
    private let lock: FileLock.Kept
    private let message: MessageID
    private let state: Mutex<State>

    private struct State {
        var reader = EnvelopeReader()
        var chunks: ArrivingChunks?
        var size: UInt64 = 0
        var resumedFrom: UInt64 = 0
    }

    /// A chunk that arrived is not the one that was sealed.
    struct WrongChunk: Error {}

    /// The header, once it is here whole.
    var header: EnvelopeHeader? { state.withLock { $0.reader.header } }
    /// Whether chunks are checked as they come.
    var isChecking: Bool { state.withLock { $0.chunks != nil } }
    /// Bytes here.
    var size: UInt64 { state.withLock { $0.size } }
    /// Bytes that an earlier run had left.
    var resumedFrom: UInt64 { state.withLock { $0.resumedFrom } }

    /// Sealed files that nobody came back for are removed after so long.
    private static let abandonedAfter: Int64 = 45 * 86_400

    /// Opens the file of a message, new or left by an earlier run, and reads what is there.
    /// - Throws: ``DeskError`` `download-running` when another run of this desk is at it; `file-unwritable`.
    static func open(_ message: MessageID, home: DeskHome) throws -> PartialDownload {
        try home.prepare()
        removeAbandoned(home)
        let path = path(of: message, home: home)
        guard let lock = try FileLock.take("\(path).lock") else {
            throw DeskError(
                "download-running", "Another run of this desk is fetching message \(message.short).",
                hint: "wait for it, or end it", kind: .unavailable)
        }
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw unwritable(path) }
        let file = PartialDownload(path: path, descriptor: descriptor, lock: lock, message: message)
        try file.takeUp()
        return file
    }

    /// Where the file of a message is, or would be.
    static func path(of message: MessageID, home: DeskHome) -> String {
        "\(home.downloadsFolder)/\(message.short).part"
    }

    private init(path: String, descriptor: Int32, lock: FileLock.Kept, message: MessageID) {
        self.path = path
        self.descriptor = descriptor
        self.lock = lock
        self.message = message
        state = Mutex(State())
    }

    deinit { close(descriptor) }

    /// Whether nothing is missing.
    var isComplete: Bool { state.withLock { state in state.reader.header?.fileSize == state.size } }

    /// The next bytes, in order.
    /// - Throws: ``Envelope/EnvelopeError`` for bytes that cannot be the message's, ``WrongChunk``; ``DeskError``
    ///   `file-unwritable`.
    func append(_ bytes: [UInt8]) throws {
        try state.withLock { state in
            try check(bytes, &state)
            var rest = bytes[...]
            while !rest.isEmpty {
                let done = rest.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, Int(state.size)) }
                if done < 0, errno == EINTR { continue }
                guard done > 0 else { throw Self.unwritable(path) }
                state.size += UInt64(done)
                rest = rest.dropFirst(done)
            }
        }
    }

    /// Checks the chunks that are here, and from now on each that comes.
    /// - Throws: ``WrongChunk``; ``dropBack()`` then removes what is not good.
    func check(with opener: PayloadOpener) throws {
        var chunks = opener.arriving()
        var offset = UInt64(header?.byteCount ?? 0)
        while offset < size {
            let bytes = try read(offset, 1 << 20)
            if bytes.isEmpty { break }
            do { try chunks.take(bytes[...]) } catch {
                state.withLock { [chunks] in $0.chunks = chunks }
                throw WrongChunk()
            }
            offset += UInt64(bytes.count)
        }
        state.withLock { [chunks] in $0.chunks = chunks }
    }

    /// Goes back to the end of the last good chunk; nothing is checked until ``check(with:)`` is called again.
    func dropBack() throws {
        let good = state.withLock { state in
            min(state.size, UInt64(state.reader.header?.byteCount ?? 0) + (state.chunks?.checked ?? 0))
        }
        guard ftruncate(descriptor, Int(good)) == 0 else { throw Self.unwritable(path) }
        state.withLock { $0 = State() }
        try takeUp()
    }

    /// Says that the file has ended.
    /// - Throws: ``Envelope/EnvelopeError``.
    func finish() throws -> EnvelopeHeader {
        let header = try state.withLock { try $0.reader.finish() }
        guard fsync(descriptor) == 0 else { throw Self.unwritable(path) }
        return header
    }

    /// Begins anew: what is here was not the message's.
    func restart() throws {
        guard ftruncate(descriptor, 0) == 0 else { throw Self.unwritable(path) }
        state.withLock { $0 = State() }
    }

    /// Bytes from an offset: fewer than asked for only at the end.
    func read(_ offset: UInt64, _ count: Int) throws -> [UInt8] {
        try FileBytes.read(descriptor, offset, count, path: path)
    }

    /// Its content is opened, or handed on: it is not needed any more.
    func remove() {
        unlink(path)
        unlink("\(path).lock")
    }

    /// Gives the file, which is complete, to the archive: the payload stays as it came, and zeros take the place of the
    /// header, which names parties and routes.
    /// - Returns: false where it cannot have that name; it may be of no use any more then.
    func keep(as name: String) -> Bool {
        guard isComplete, let header, FileBytes.blank(descriptor, header.byteCount), fdatasync(descriptor) == 0,
            rename(path, name) == 0
        else { return false }
        unlink("\(path).lock")
        return true
    }

    private func check(_ bytes: [UInt8], _ state: inout State) throws {
        let isHeaderNew = state.reader.header == nil
        let payload = try state.reader.take(bytes[...])
        do { try state.chunks?.take(payload) } catch { throw WrongChunk() }
        guard isHeaderNew, let header = state.reader.header else { return }
        guard MessageID(header.signed.id) == message else {
            throw EnvelopeError(.digestMismatch, "submission", expected: "that of message \(message.short)")
        }
    }

    private func takeUp() throws {
        while true {
            let bytes = try read(size, 1 << 20)
            if bytes.isEmpty { break }
            do {
                try state.withLock { state in
                    try check(bytes, &state)
                    state.size += UInt64(bytes.count)
                }
            } catch is EnvelopeError {
                return try restart()
            }
        }
        state.withLock { $0.resumedFrom = $0.size }
    }

    private static func removeAbandoned(_ home: DeskHome) {
        guard let folder = opendir(home.downloadsFolder) else { return }
        defer { closedir(folder) }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        while let item = readdir(folder) {
            let name = withUnsafeBytes(of: &item.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            let path = "\(home.downloadsFolder)/\(name)"
            var facts = stat()
            guard name.hasSuffix(".part") || name.hasSuffix(".part.lock"), lstat(path, &facts) == 0,
                Int64(facts.st_mtim.tv_sec) + abandonedAfter < Int64(now.tv_sec)
            else { continue }
            unlink(path)
        }
    }

    private static func unwritable(_ path: String) -> DeskError {
        DeskError(
            "file-unwritable", "\(path) cannot be written (\(String(cString: strerror(errno)))).",
            hint: "check its permissions and the space left; what came so far is kept")
    }
}
