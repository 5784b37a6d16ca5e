import Dispatch
import Envelope
import FoundationEssentials
import Ledger
import Synchronization

/// Some chunks in a row, sealed together on another core.
///
/// Chunks and their leaf hashes are independent of each other; what has an order (reading, the digests of parts,
/// writing) stays on the caller's thread, which works on while batches are sealed.
final class ChunkBatch: Sendable {
    /// Chunks in a full batch, a power of two.
    static let chunks = 16
    /// Bytes of content in a full batch: 1 MiB, so that handing one over costs nothing beside sealing it.
    static let contentSize = chunks * EnvelopeFormat.chunk
    /// The most batches that are sealed or waiting at a time, which bounds the memory: about 2 MiB each.
    static let mostAtATime = max(1, min(8, ProcessInfo.processInfo.activeProcessorCount))

    /// Sealed chunks, one after the other, with the leaf hash of each.
    struct Sealed: Sendable {
        var bytes: [UInt8] = []
        var leaves: [Hash] = []
    }

    private let content: [UInt8]
    /// The place of the first chunk in its payload.
    private let place: UInt64
    private let isLast: Bool
    private let outcome = Mutex<Result<Sealed, SealingError>?>(nil)
    private let isDone = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - content: whole chunks; only the last chunk of the payload may be shorter.
    ///   - isLast: whether the payload's last chunk is the last of these.
    init(content: [UInt8], place: UInt64, isLast: Bool) {
        self.content = content
        self.place = place
        self.isLast = isLast
    }

    /// Seals on another thread; ``wait()`` gives the outcome.
    func start(_ cipher: ChunkCipher) {
        DispatchQueue.global(qos: .userInitiated).async {
            let result: Result<Sealed, SealingError>
            do throws(SealingError) { result = .success(try self.seal(cipher)) } catch { result = .failure(error) }
            self.outcome.withLock { $0 = result }
            self.isDone.signal()
        }
    }

    /// The outcome of ``start(_:)``, once and as soon as it is there.
    func wait() throws(SealingError) -> Sealed {
        isDone.wait()
        guard let result = outcome.withLock({ $0.take() }) else { throw SealingError.failed("seal a chunk") }
        return try result.get()
    }

    /// Seals on this thread.
    func seal(_ cipher: ChunkCipher) throws(SealingError) -> Sealed {
        var sealed = Sealed()
        let chunks = (content.count + EnvelopeFormat.chunk - 1) / EnvelopeFormat.chunk
        sealed.bytes.reserveCapacity(content.count + chunks * EnvelopeFormat.tag)
        for chunk in 0..<chunks {
            let start = chunk * EnvelopeFormat.chunk
            let end = min(start + EnvelopeFormat.chunk, content.count)
            let begun = sealed.bytes.count
            try cipher.seal(
                content[start..<end], at: place + UInt64(chunk), isLast: isLast && end == content.count,
                into: &sealed.bytes)
            sealed.leaves.append(Merkle.leafHash(sealed.bytes[begun...]))
        }
        return sealed
    }
}
