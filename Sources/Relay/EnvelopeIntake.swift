import Envelope
import Hummingbird
import Ledger
import NIOCore
import Rules
import Statements
import Store
import Wire

/// Takes an envelope file off the wire: parsed and digested as it comes, refused as early as it can be.
///
/// A small one stays in memory and becomes part of the commit; a larger one is staged in the store, made durable there,
/// and removed again unless its submission is accepted.
struct EnvelopeIntake {
    struct Taken {
        let examined: ExaminedStatement
        /// What became of it before; nothing of its file is kept then.
        var old: Sequencer.Outcome?
        let bytes: EnvelopeBytes
        /// Removes the staged file unless a commit came to refer to it.
        let cleanUp: @Sendable () async -> Void
    }

    let store: any Store
    let sequencer: Sequencer
    let turnstile: Turnstile
    let disk: DiskWatch
    let charter: CharterInForce
    /// The largest payload that any channel takes.
    let largest: UInt64

    /// - Throws: ``Wire/Problem`` or an envelope's error for what the sender did wrong, ``StoreError`` for what the
    ///   store could not do.
    func take(_ body: RequestBody, length: Int?) async throws -> Taken {
        var reader = EnvelopeReader()
        var known: (examined: ExaminedStatement, old: Sequencer.Outcome?)?
        var held: [UInt8] = []
        if let length { held.reserveCapacity(min(length, EnvelopeBytes.inlineLimit)) }
        var staged: (any StagedEnvelopeWriter)?
        do {
            for try await buffer in body {
                let piece = Array(buffer.readableBytesView)
                _ = try reader.take(piece[...])
                if known == nil, let header = reader.header {
                    guard header.payloadSize <= largest else {
                        throw Problem(.oversized, "No channel takes more than \(largest) bytes.")
                    }
                    known = try await examine(header)
                }
                if known?.old != nil {
                    held = []
                } else if let staged {
                    try disk.admit()
                    try await staged.write(piece)
                } else {
                    held.append(contentsOf: piece)
                    // A stranger's bytes never reach the store: nothing is staged before the signatures were checked.
                    if held.count > EnvelopeBytes.inlineLimit, known != nil {
                        let writer = try await store.stageEnvelope()
                        staged = writer
                        try await writer.write(held)
                        held = []
                    }
                }
            }
            // A file that is whole had its header in one of the pieces.
            _ = try reader.finish()
            guard let known else { throw Problem(.malformed, "The envelope has no header.") }
            guard let staged else {
                return Taken(examined: known.examined, old: known.old, bytes: .inline(held), cleanUp: {})
            }
            return Taken(examined: known.examined, bytes: .staged(try await staged.finish())) { await staged.discard() }
        } catch {
            await staged?.discard()
            throw error
        }
    }

    /// Who sent it, before its payload is taken: a stranger's upload ends here.
    private func examine(
        _ header: EnvelopeHeader
    ) async throws -> (examined: ExaminedStatement, old: Sequencer.Outcome?) {
        let statement = header.signed.statement
        try turnstile.refuseEarly(statement)
        let examined = try Authentication.examine(header.signed, charter: charter)
        if !turnstile.isOwn(statement.party), let old = await sequencer.old(examined) {
            // Its file is read as a stranger's is: by what its address has left.
            try turnstile.admitCarried()
            return (examined, old)
        }
        try turnstile.admit(statement, content: header.fileSize)
        return (examined, nil)
    }
}
