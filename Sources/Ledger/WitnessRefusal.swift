/// Why a witness does not cosign. ``WitnessGeneration`` turns it into an answer.
public enum WitnessRefusal: LedgerError {
    /// The body is longer than ``AddCheckpointRequest/maximumByteCount``.
    case requestTooLarge
    /// Not an old size, at most 63 hashes, an empty line and a note.
    case malformedRequest
    /// What follows the empty line is no signed checkpoint.
    case badCheckpoint(NoteError)
    /// The old size is above the checkpoint's.
    case sizesOutOfOrder(old: TreeSize, new: TreeSize)
    /// The witness was not told of this log.
    case unknownLog(origin: String)
    /// No key that the witness trusts for this log has signed.
    case notSigned
    /// A line by a key that the witness trusts does not hold, or there are two of them.
    case badSignature(name: String)
    /// The witness cosigned another size last: this one, or 0 if it never did.
    case otherSize(TreeSize)
    /// The witness has cosigned another root of this size: the log has forked.
    case otherRoot(TreeSize)
    /// The proof does not lead from the tree that the witness cosigned last to this one.
    case inconsistent(ProofError)
    /// There are hashes where there is nothing to prove.
    case needlessProof
    /// A tree of no entries with a root that is not that of no entries.
    case emptyTreeRoot
    /// The witness's clock is this many seconds behind a time that it has cosigned.
    case clockBehind(seconds: UInt64)
    /// The witness has cosigned a smaller tree of this log within the same second.
    case tooSoon
    /// Too many requests wait.
    case overloaded
    /// What has to be on the disk before an answer leaves could not be written.
    case notDurable

    public var code: String {
        switch self {
        case .requestTooLarge: "witness-request-too-large"
        case .malformedRequest: "witness-request-malformed"
        case .badCheckpoint(let error): error.code
        case .sizesOutOfOrder: "witness-sizes-out-of-order"
        case .unknownLog: "witness-unknown-log"
        case .notSigned: "witness-not-signed"
        case .badSignature: "witness-bad-signature"
        case .otherSize: "witness-other-size"
        case .otherRoot: "witness-other-root"
        case .inconsistent: "witness-inconsistent"
        case .needlessProof: "witness-needless-proof"
        case .emptyTreeRoot: "witness-empty-tree-root"
        case .clockBehind: "witness-clock-behind"
        case .tooSoon: "witness-too-soon"
        case .overloaded: "witness-overloaded"
        case .notDurable: "witness-not-durable"
        }
    }

    public var sentence: String {
        switch self {
        case .requestTooLarge:
            "The request was expected to have at most \(AddCheckpointRequest.maximumByteCount) bytes."
        case .malformedRequest:
            "The request was expected to be an old size, at most 63 hashes, an empty line and a signed checkpoint."
        case .badCheckpoint(let error): error.sentence
        case .sizesOutOfOrder(let old, let new): "The old size \(old) was expected to be at most the new size \(new)."
        case .unknownLog(let origin): "The log \(origin) is none that this witness was told of."
        case .notSigned: "The checkpoint was expected to be signed by a key that this witness knows of its log."
        case .badSignature(let name): "One signature by \(name) was expected, and it was expected to hold."
        case .otherSize(let size): "The last checkpoint that this witness cosigned of the log has the size \(size)."
        case .otherRoot(let size): "This witness has cosigned another root of the size \(size): the log has forked."
        case .inconsistent(let error): "The checkpoint does not extend the last one: \(error.sentence)"
        case .needlessProof: "There is nothing to prove from this old size, and no hashes were expected."
        case .emptyTreeRoot: "A tree of no entries was expected to have the root of no entries."
        case .clockBehind(let seconds):
            "The clock of this witness is \(seconds) s behind the newest time that it has cosigned."
        case .tooSoon: "A smaller tree of this log was cosigned within the same second."
        case .overloaded: "Too many requests wait at this witness."
        case .notDurable: "This witness could not make the checkpoint durable."
        }
    }

    public var nextStep: String {
        switch self {
        case .requestTooLarge, .malformedRequest, .needlessProof, .sizesOutOfOrder:
            "Build the request as C2SP tlog-witness has it."
        case .badCheckpoint(let error): error.nextStep
        case .unknownLog, .notSigned: "Ask the operator of the witness to add the log's verifier key."
        case .badSignature: "Sign the checkpoint again with the log's key."
        case .otherSize(let size): "Prove consistency from the size \(size)."
        case .otherRoot, .inconsistent, .emptyTreeRoot: "Keep both checkpoints and find out which tree is the log's."
        case .clockBehind: "Set the clock of the witness, or wait until that time has passed."
        case .tooSoon, .overloaded: "Ask again a second later."
        case .notDurable: "Look at the disk of the witness; ask again later."
        }
    }
}
