import Ledger
import Statements
import Transport

/// Checkpoints that contradict each other, in a folder's `evidence/`.
extension MirrorFolder {
    /// Keeps both notes, under names that tell their sizes and roots, and the proof that did not hold, as lines of
    /// base64 under a name that tells both.
    func keep(_ fork: ForkEvidence) throws(AuditError) {
        try makeFolders([Self.evidence])
        let shown = [fork.remembered, fork.presented]
        let names = shown.map { "\($0.head.size)-\($0.head.root.hex.prefix(16))" }
        for (checkpoint, name) in zip(shown, names) {
            try write("\(Self.evidence)/checkpoint-\(name)", checkpoint.note)
        }
        guard let hashes = fork.failedProof?.hashes else { return }
        let lines = hashes.map { "\(Base64.encode($0.bytes))\n" }.joined()
        try write("\(Self.evidence)/proof-\(names.joined(separator: "-"))", Array(lines.utf8))
    }
}
