/// Why a proof file was refused.
public enum TlogProofError: LedgerError {
    /// More than 128 KiB, 63 hashes or 32 KiB of extra data.
    case tooLarge
    /// Not the lines of a proof file, version 1.
    case malformed
    /// Its checkpoint.
    case note(NoteError)
    /// Its path to the root.
    case proof(ProofError)
    /// The witnesses that cosigned are not enough.
    case quorumNotMet(cosigners: [String])

    public var code: String {
        switch self {
        case .tooLarge: "tlog-proof-too-large"
        case .malformed: "tlog-proof-malformed"
        case .note(let error): error.code
        case .proof(let error): error.code
        case .quorumNotMet: "quorum-not-cosigned"
        }
    }

    public var sentence: String {
        switch self {
        case .tooLarge: "The proof was expected to have at most 128 KiB, 63 hashes and 32 KiB of extra data."
        case .malformed: "The file was expected to be a proof: a title, an index, hashes, an empty line, a checkpoint."
        case .note(let error): error.sentence
        case .proof(let error): error.sentence
        case .quorumNotMet(let cosigners):
            "The checkpoint was expected to carry the cosignatures of the quorum, and has those of "
                + (cosigners.isEmpty ? "nobody." : "\(cosigners.joined(separator: ", ")) alone.")
        }
    }

    public var nextStep: String {
        switch self {
        case .tooLarge, .malformed: "Fetch the proof again; if it stays so, ask whoever made it."
        case .note(let error): error.nextStep
        case .proof(let error): error.nextStep
        case .quorumNotMet: "Ask for a proof under a checkpoint that more witnesses have cosigned."
        }
    }
}
