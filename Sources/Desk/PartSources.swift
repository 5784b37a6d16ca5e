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

/// The parts of one message. Files are read twice: once for their digests, which stand before them in the content, and
/// once to be sealed; a difference is `changed-while-reading`.
final class PartSources {
    private let text: [UInt8]?
    private var descriptors: [Int32] = []
    private var infos: [(name: String, path: String)] = []
    private var textOffset = 0
    private var readParts: [PartInfo] = []

    init(text: [UInt8]?, attachments: [AttachedFile]) throws {
        self.text = text
        for file in attachments {
            let descriptor = open(file.path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
            guard descriptor >= 0 else {
                throw DeskError(
                    "file-unreadable", "\(file.path) could not be read (\(String(cString: strerror(errno)))).",
                    hint: "check the path and its permissions")
            }
            descriptors.append(descriptor)
            infos.append((file.name, file.path))
        }
    }

    deinit { for descriptor in descriptors { close(descriptor) } }

    /// The content's fields: subject, reference, then the text and the attachments with their digests.
    func fields(subject: String?, reference: MessageID?) throws -> [Field] {
        var fields: [Field] = []
        if let subject { fields.append(.subject(subject)) }
        if let reference { fields.append(.reference(reference)) }
        fields.append(.source(.own))
        if let text {
            var digester = PartDigester()
            digester.take(text)
            fields.append(.text(try PartInfo(name: "text", mediaType: "text/plain; charset=utf-8", read: digester)))
        }
        for (descriptor, info) in zip(descriptors, infos) {
            var digester = PartDigester()
            while true {
                let piece = try Self.read(descriptor, 256 * 1024, path: info.path)
                if piece.isEmpty { break }
                digester.take(piece)
            }
            fields.append(
                .attachment(try PartInfo(name: info.name, mediaType: "application/octet-stream", read: digester)))
            lseek(descriptor, 0, SEEK_SET)
        }
        return fields
    }

    /// The next bytes of a part, for the sealer.
    func read(_ part: PartNumber, atMost count: Int) throws -> [UInt8] {
        var file = part.value
        if let text {
            if file == 0 {
                let piece = Array(text.dropFirst(textOffset).prefix(count))
                textOffset += piece.count
                return piece
            }
            file -= 1
        }
        return try Self.read(descriptors[file], count, path: infos[file].path)
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
                hint: errno == EISDIR ? "attach files, or pack the folder first" : "check the file and its disk")
        }
        return bytes
    }
}

/// The sealed payload on its way out: a file in the home that nobody else can read, removed afterwards.
final class SpoolFile: Sendable {
    let path: String
    private let descriptor: Int32

    private init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    static func make(in home: DeskHome) throws -> SpoolFile {
        try home.prepare()
        guard let (descriptor, path) = TemporaryFile.make("\(home.stateFolder)/spool-") else {
            throw DeskError(
                "file-unwritable", "\(home.stateFolder) cannot take a file (\(String(cString: strerror(errno)))).",
                hint: "check its permissions and the space left")
        }
        return SpoolFile(path: path, descriptor: descriptor)
    }

    deinit { close(descriptor) }

    func remove() { unlink(path) }

    func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let done = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if done < 0, errno == EINTR { continue }
            guard done > 0 else {
                throw DeskError(
                    "file-unwritable", "\(path) cannot be written (\(String(cString: strerror(errno)))).",
                    hint: "free some space and try again")
            }
            rest = rest.dropFirst(done)
        }
    }

    /// Bytes from an offset: fewer than asked for only at the end.
    func read(_ offset: UInt64, _ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let wanted = count - bytes.count
            let start = Int(offset) + bytes.count
            var result = 0
            let piece = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
                repeat {
                    result = pread(descriptor, buffer.baseAddress, wanted, start)
                } while result < 0 && errno == EINTR
                filled = max(0, result)
            }
            guard result >= 0 else {
                throw DeskError(
                    "file-unreadable", "\(path) could not be read (\(String(cString: strerror(errno)))).",
                    hint: "check the disk, then try again; nothing was said of the message")
            }
            if piece.isEmpty { break }
            bytes = bytes.isEmpty ? piece : bytes + piece
        }
        return bytes
    }

    /// `header`, then this file, in pieces.
    func chunks(after header: [UInt8]) -> SpooledChunks { SpooledChunks(header: header, spool: self) }
}

/// An envelope on its way out: its header, then the spooled payload, in pieces of at most 256 KiB.
struct SpooledChunks: AsyncSequence, Sendable {
    let header: [UInt8]
    let spool: SpoolFile

    struct Iterator: AsyncIteratorProtocol {
        var header: [UInt8]?
        let spool: SpoolFile
        var offset: UInt64 = 0

        mutating func next() async throws -> [UInt8]? {
            if let header {
                self.header = nil
                return header
            }
            let piece = try spool.read(offset, 256 * 1024)
            offset += UInt64(piece.count)
            return piece.isEmpty ? nil : piece
        }
    }
    func makeAsyncIterator() -> Iterator { Iterator(header: header, spool: spool) }
}
