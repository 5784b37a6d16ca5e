import Glibc
import Sealing
import Statements

/// A file to be attached: where it is, and the name that the recipient sees.
package struct AttachedFile: Hashable, Sendable {
    package let path: String
    package let name: String
    package init(path: String) {
        self.path = path
        name = String(path.split(separator: "/").last ?? "attachment")
    }
}

/// Something to be attached that is in memory, with a media type of its own.
package struct AttachedBytes: Hashable, Sendable {
    package let name: String
    package let mediaType: String
    package let bytes: [UInt8]
    package init(name: String, mediaType: String, bytes: [UInt8]) {
        self.name = name
        self.mediaType = mediaType
        self.bytes = bytes
    }
}

/// The parts of one message. Their sizes stand before them in the content and are asked for first, and each file is
/// read once. A file that gives another number of bytes, or that anybody wrote to meanwhile, is
/// `changed-while-reading`.
final class PartSources {
    /// One part, in the order of the content.
    private enum Source {
        case memory([UInt8])
        case file(descriptor: Int32, path: String)
    }

    private var sources: [Source] = []
    private var kinds: [(isText: Bool, name: String, mediaType: String)] = []
    /// How much of a part in memory was read.
    private var offset = 0
    private var current = -1
    /// What the system said of each file before it was read.
    private var before: [Int: FileVersion] = [:]

    /// When a file was last written to, and when its contents, size or times were last changed by anybody.
    private struct FileVersion: Equatable {
        let size: Int
        let times: [Int]
        init(_ facts: stat) {
            size = facts.st_size
            times = [facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec, facts.st_ctim.tv_sec, facts.st_ctim.tv_nsec]
        }
    }

    init(text: [UInt8]?, attachments: [AttachedFile], inMemory: [AttachedBytes] = []) throws {
        if let text {
            add(.memory(text), isText: true, "text", "text/plain; charset=utf-8")
        }
        for part in inMemory { add(.memory(part.bytes), isText: false, part.name, part.mediaType) }
        for file in attachments {
            let descriptor = open(file.path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
            guard descriptor >= 0 else {
                throw DeskError(
                    errno == ENOENT ? "file-missing" : "file-unreadable",
                    "\(file.path) could not be read (\(String(cString: strerror(errno)))).",
                    hint: "check the path and its permissions", kind: errno == ENOENT ? .notFound : .failed)
            }
            add(.file(descriptor: descriptor, path: file.path), isText: false, file.name, "application/octet-stream")
        }
    }

    deinit {
        for case .file(let descriptor, _) in sources { close(descriptor) }
    }

    private func add(_ source: Source, isText: Bool, _ name: String, _ mediaType: String) {
        sources.append(source)
        kinds.append((isText, name, mediaType))
    }

    /// A field for each part, without its digest: that is taken while it is sealed.
    func fields() throws -> [Field] {
        try sources.indices.map { index in
            let kind = kinds[index]
            let info = try PartInfo(name: kind.name, mediaType: kind.mediaType, unread: try size(of: index))
            return kind.isText ? .text(info) : .attachment(info)
        }
    }

    /// Bytes; of a regular file only, for nothing else has a size before it was read.
    private func size(of index: Int) throws -> UInt64 {
        switch sources[index] {
        case .memory(let bytes): return UInt64(bytes.count)
        case .file(let descriptor, let path):
            var facts = stat()
            guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
                throw DeskError(
                    "file-unreadable", "\(path) is no regular file.",
                    hint: "attach files; pack a folder, or save what a pipe gives, first")
            }
            before[index] = FileVersion(facts)
            return UInt64(max(0, facts.st_size))
        }
    }

    /// To be called when everything was read: what was sealed is a whole version of each file.
    /// - Throws: ``DeskError`` `changed-while-reading`.
    func expectUnchanged() throws {
        for (index, source) in sources.enumerated() {
            guard case .file(let descriptor, let path) = source else { continue }
            var facts = stat()
            guard fstat(descriptor, &facts) == 0, before[index] == FileVersion(facts) else {
                throw DeskError(
                    "changed-while-reading", "\(path) was changed while it was read.",
                    hint: "close whatever writes to the file, then send again")
            }
        }
    }

    /// The next bytes of a part, for the sealer.
    func read(_ part: PartNumber, atMost count: Int) throws -> [UInt8] {
        if part.value != current { (current, offset) = (part.value, 0) }
        switch sources[part.value] {
        case .memory(let bytes):
            let piece = Array(bytes.dropFirst(offset).prefix(count))
            offset += piece.count
            return piece
        case .file(let descriptor, let path): return try Self.read(descriptor, count, path: path)
        }
    }

    private static func read(_ descriptor: Int32, _ count: Int, path: String) throws -> [UInt8] {
        let limit = count
        var result = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, filled in
            repeat { result = Glibc.read(descriptor, buffer.baseAddress, limit) } while result < 0 && errno == EINTR
            filled = max(0, result)
        }
        guard result >= 0 else {
            throw DeskError(
                "file-unreadable", "\(path) could not be read (\(String(cString: strerror(errno)))).",
                hint: "check the file and its disk")
        }
        return bytes
    }
}
