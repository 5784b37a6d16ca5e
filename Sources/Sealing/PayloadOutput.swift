import Envelope
import Ledger

/// Cuts content into chunks, has them sealed, and digests them. Memory does not grow with the content.
///
/// The first batch of chunks holds the manifest. When that is not known before the parts were read, whose digests it
/// names, the batch is sealed and written last.
struct PayloadOutput {
    private let cipher: ChunkCipher
    private var left: UInt64
    private var pending: [UInt8]
    private let isLate: Bool
    /// The content of the first batch, until it is sealed.
    private var head: [UInt8] = []
    /// Of the first batch, once it is sealed.
    private var headLeaves: [Hash] = []
    /// The place of the next chunk to be handed over.
    private var place: UInt64 = 0
    private var running: [ChunkBatch] = []
    private var tree = LateHeadTree()
    private var offset: UInt64 = 0
    /// Bytes of the whole payload.
    let size: UInt64

    /// - Parameters:
    ///   - size: bytes of content with its padding.
    ///   - opening: what the content begins with.
    ///   - isLate: whether `opening` only stands for as many bytes, which ``finish(opening:_:)`` gives.
    init(cipher: ChunkCipher, size: UInt64, opening: [UInt8], isLate: Bool) {
        self.cipher = cipher
        self.size = EnvelopeFormat.payloadSize(ofContent: size)
        self.isLate = isLate
        left = size - UInt64(opening.count)
        pending = opening
        pending.reserveCapacity(batchSize)
    }

    private var batchSize: Int { Int(min(UInt64(ChunkBatch.contentSize), left + UInt64(pending.count))) }

    mutating func take(_ bytes: [UInt8], _ write: (UInt64, [UInt8]) throws -> Void) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(ChunkBatch.contentSize - pending.count)
            pending += piece
            left -= UInt64(piece.count)
            rest = rest.dropFirst(piece.count)
            if pending.count == ChunkBatch.contentSize { try close(write) }
        }
    }

    mutating func pad(_ write: (UInt64, [UInt8]) throws -> Void) throws {
        let zeros = [UInt8](repeating: 0, count: EnvelopeFormat.chunk)
        while left > 0 { try take(Array(zeros.prefix(Int(min(left, UInt64(zeros.count))))), write) }
        if !pending.isEmpty { try close(write) }
    }

    /// Ends the payload.
    /// - Parameter opening: the first bytes of the content, if they are late; as many as were said.
    /// - Returns: the payload digest.
    mutating func finish(opening: [UInt8], _ write: (UInt64, [UInt8]) throws -> Void) throws -> Hash {
        while !running.isEmpty { try put(try running.removeFirst().wait(), write) }
        if isLate {
            head.replaceSubrange(..<opening.count, with: opening)
            try sealHead(isLast: place == Self.chunks(head), write)
        }
        return PayloadDigester.digest(size: size, root: tree.root(head: headLeaves))
    }

    private mutating func sealHead(isLast: Bool, _ write: (UInt64, [UInt8]) throws -> Void) throws {
        let sealed = try ChunkBatch(content: head, place: 0, isLast: isLast).seal(cipher)
        head = []
        headLeaves = sealed.leaves
        try write(0, sealed.bytes)
    }

    private static func chunks(_ content: [UInt8]) -> UInt64 {
        UInt64((content.count + EnvelopeFormat.chunk - 1) / EnvelopeFormat.chunk)
    }

    private mutating func close(_ write: (UInt64, [UInt8]) throws -> Void) throws {
        defer { pending.reserveCapacity(batchSize) }
        let content = pending
        let first = place
        pending = []
        place += Self.chunks(content)
        guard first > 0 else {
            head = content
            offset = UInt64(content.count) + place * UInt64(EnvelopeFormat.tag)
            return isLate ? () : try sealHead(isLast: left == 0, write)
        }
        let batch = ChunkBatch(content: content, place: first, isLast: left == 0)
        guard ChunkBatch.mostAtATime > 1 else { return try put(try batch.seal(cipher), write) }
        batch.start(cipher)
        running.append(batch)
        if running.count > ChunkBatch.mostAtATime { try put(try running.removeFirst().wait(), write) }
    }

    private mutating func put(_ sealed: ChunkBatch.Sealed, _ write: (UInt64, [UInt8]) throws -> Void) throws {
        for leaf in sealed.leaves { tree.append(leaf) }
        try write(offset, sealed.bytes)
        offset += UInt64(sealed.bytes.count)
    }
}

/// The tree of RFC 6962 section 2.1 over leaves of which the first ``ChunkBatch/chunks`` come last. It keeps a hash for
/// each level on either edge.
struct LateHeadTree {
    private struct Node {
        let level: Int
        let index: UInt64
        let hash: Hash
    }

    private var nodes: [Node] = []
    private var next = UInt64(ChunkBatch.chunks)

    mutating func append(_ leaf: Hash) {
        var node = Node(level: 0, index: next, hash: leaf)
        next += 1
        while node.index % 2 == 1, let left = nodes.last, left.level == node.level, left.index == node.index - 1 {
            nodes.removeLast()
            node = Node(
                level: node.level + 1, index: node.index / 2, hash: Merkle.nodeHash(left.hash, node.hash))
        }
        nodes.append(node)
    }

    /// - Parameter head: the first leaves: ``ChunkBatch/chunks`` of them, or all that there are.
    func root(head: [Hash]) -> Hash {
        var first = CompactRange()
        for leaf in head { first.append(leaf) }
        var left = first.root
        var level = ChunkBatch.chunks.trailingZeroBitCount
        var rest = nodes[...]
        while let sibling = rest.first, sibling.level == level, sibling.index == 1 {
            left = Merkle.nodeHash(left, sibling.hash)
            level += 1
            rest = rest.dropFirst()
        }
        guard var right = rest.last?.hash else { return left }
        for node in rest.dropLast().reversed() { right = Merkle.nodeHash(node.hash, right) }
        return Merkle.nodeHash(left, right)
    }
}
