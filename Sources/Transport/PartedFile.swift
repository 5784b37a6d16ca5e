import Wire

/// Reads bytes of a file from an offset: as many as are asked for unless it ends before. It is asked for the same bytes
/// again when a transfer is taken up again.
package typealias FileReading = @Sendable (_ offset: UInt64, _ atMost: Int) async throws -> [UInt8]

/// Is told how many bytes of a transfer are through; after a break it may be fewer than before.
package typealias TransferProgress = @Sendable (_ done: UInt64, _ total: UInt64) -> Void

/// A file that goes to the relay in resumable parts, and where it goes.
struct PartedFile: Sendable {
    let read: FileReading
    /// Bytes in all.
    let size: UInt64
    /// Bytes of the payload, with which the file ends.
    let payload: UInt64
    let begin: Route
    /// Whether the beginning carries a message signature; if not, the statement in it is signed by all its signers.
    let isBegunSigned: Bool
    let goOn: Route
    /// The longest answer to the whole file, in bytes.
    let answerLimit: Int

    /// The most bytes that can stand before a payload, generously.
    private static let longestHeader: UInt64 = 1 << 20

    /// What stands before the payload.
    func header() async throws -> [UInt8] {
        guard payload < size, size - payload <= Self.longestHeader else {
            throw TransportError(
                .malformedAnswer, "a file of \(size) bytes cannot end with a payload of \(payload) bytes")
        }
        let end = Int(size - payload)
        var bytes: [UInt8] = []
        while bytes.count < end {
            let piece = try await read(UInt64(bytes.count), end - bytes.count)
            guard !piece.isEmpty else { throw CutShort(at: UInt64(bytes.count)) }
            bytes += piece
        }
        return bytes
    }
}

/// The file ended before its announced size.
package struct CutShort: Error, Sendable, CustomStringConvertible {
    package let at: UInt64
    package var description: String { "the file ended at byte \(at), before its size [file-cut-short]" }
}

/// A file's bytes from an offset to its end, read as they are wanted.
struct FileChunks: AsyncSequence, Sendable {
    private static let piece = 256 * 1024
    private let read: FileReading
    let start: UInt64
    let end: UInt64
    private let progress: TransferProgress?

    init(read: @escaping FileReading, from start: UInt64, to end: UInt64, progress: TransferProgress?) {
        self.read = read
        self.start = start
        self.end = end
        self.progress = progress
    }

    struct Iterator: AsyncIteratorProtocol {
        let file: FileChunks
        var position: UInt64

        mutating func next() async throws -> [UInt8]? {
            // What was handed over before has left by now, but for what the connection holds.
            if position > file.start { file.progress?(position, file.end) }
            guard position < file.end else { return nil }
            let wanted = Int(Swift.min(UInt64(FileChunks.piece), file.end - position))
            let bytes = try await file.read(position, wanted)
            guard !bytes.isEmpty, bytes.count <= wanted else { throw CutShort(at: position) }
            position += UInt64(bytes.count)
            return bytes
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(file: self, position: start) }
}
