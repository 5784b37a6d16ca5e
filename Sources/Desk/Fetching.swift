import Envelope
import Rules
package import Statements
import Transport
import Wire

/// Fetching sealed envelopes: in parts if need be, kept sealed until they are opened or handed on.
extension Desk {
    /// The envelope of a message into its file in `downloads`, taken up where it stopped, checked against the logged
    /// submission.
    /// - Parameter own: the keys that it is sealed to and that this desk has: with one of them each chunk is verified
    ///   as it arrives, and one that is wrong is fetched once more; without, the digest at the end tells.
    /// - Throws: `UnreadableReason` for what is a verdict on the message; ``DeskError``, ``Transport/TransportError``.
    func download(
        _ state: MessageState, own: Set<KeyID> = [], progress: StepProgress
    ) async throws -> (file: PartialDownload, header: EnvelopeHeader) {
        let file = try PartialDownload.open(state.id, home: home)
        var chances = own.isEmpty ? 0 : 2
        while true {
            do {
                return (file, try await complete(file, state, own: chances > 0 ? own : [], progress))
            } catch is PartialDownload.WrongChunk {
                // A second one is the relay's doing or the originator's: the digest of the whole has the verdict.
                chances -= 1
                try file.dropBack()
            } catch let error as EnvelopeError {
                // What may be this desk's doing is no verdict on the message: it is tried again.
                guard error.code != .truncated, error.code != .unknownVersion else { throw error }
                let isFresh = file.resumedFrom == 0
                try file.restart()
                if isFresh { throw UnreadableReason.digest }
            }
        }
    }

    private func complete(
        _ file: PartialDownload, _ state: MessageState, own: Set<KeyID>, _ progress: StepProgress
    ) async throws -> EnvelopeHeader {
        try await checkChunks(of: file, own: own)
        if file.isComplete { return try file.finish() }
        let limit = UInt64(EnvelopeFormat.longestHeader) + state.submission.payloadSize
        progress.report(.fetching, file.size, state.submission.payloadSize)
        do {
            _ = try await relay.downloadEnvelope(state.id, from: file.size, limit: limit) { piece in
                try file.append(piece)
                try await checkChunks(of: file, own: own)
                progress.report(.fetching, min(file.size, state.submission.payloadSize), state.submission.payloadSize)
            }
        } catch let error as TransportError where error.code == .relayRefused {
            switch error.problem?.code {
            case "not-found": throw UnreadableReason.notServed
            case "erased": throw try await refusal(ofErased: state)
            default: throw error
            }
        }
        return try file.finish()
    }

    /// What stands behind a relay's word that it erased a content: the log, or nothing.
    private func refusal(ofErased state: MessageState) async throws -> any Error {
        guard let erasure = try await message(state.id).erasure else { return UnreadableReason.notServed }
        return DeskError(
            "erased",
            "The relay has erased its copy of message \(state.id.short), as entry \(erasure.index) of the log says.",
            hint: "what this desk has opened or sent is in its archive: valise read \(state.id.short); otherwise ask "
                + "\(state.originator) to send it again", kind: .notFound)
    }

    /// Begins to check chunks as soon as the header, with the key in it, is here.
    private func checkChunks(of file: PartialDownload, own: Set<KeyID>) async throws {
        guard !own.isEmpty, !file.isChecking, let header = file.header else { return }
        try file.check(with: try await unwrap(header, own: own))
    }

    /// Retrieves a message for another machine: logs the `retrieved` receipt and puts its sealed envelope into a file.
    ///
    /// - Parameters:
    ///   - path: where; a file that is there is replaced only if `overwrite`.
    /// - Returns: bytes of the file.
    /// - Throws: ``DeskError`` as ``read(_:_:)`` throws, `file-exists`; others as thrown below.
    package func fetch(
        _ id: MessageID, to path: String, overwrite: Bool = false, progress: StepProgress = .none
    ) async throws -> UInt64 {
        if !overwrite, DeskFile.exists(path) {
            throw DeskError(
                "file-exists", "\(path) is already there.", hint: "choose another name, or give --overwrite",
                kind: .refused)
        }
        let before = try await message(id)
        let leg = try readingLeg(of: before)
        try await retrieve(before, leg: leg, canOpen: !ownKeys(among: before.state.submission.sealedTo).isEmpty)
        do {
            let (file, header) = try await download(before.state, progress: progress)
            try Self.copy(file, header.fileSize, to: path, overwrite: overwrite)
            file.remove()
            return header.fileSize
        } catch let reason as UnreadableReason {
            try await confirm(LegReference(message: id, leg: leg), .unreadable(reason))
            throw Self.unreadable(id, reason, originator: before.state.originator)
        }
    }

    private static func copy(_ file: PartialDownload, _ size: UInt64, to path: String, overwrite: Bool) throws {
        try SpoolFile.write(to: path, overwrite: overwrite, mode: 0o600) { copy in
            var offset: UInt64 = 0
            while offset < size {
                let piece = try file.read(offset, Int(min(1 << 20, size - offset)))
                guard !piece.isEmpty else { throw EnvelopeError(.truncated, "file", expected: "\(size) bytes") }
                try copy.write(piece, at: offset)
                offset += UInt64(piece.count)
            }
        }
    }
}
