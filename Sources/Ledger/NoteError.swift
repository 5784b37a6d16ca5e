/// Why a signed note, a verifier key or a checkpoint was refused.
public enum NoteError: LedgerError {
    /// More than 64 KiB, or more than 100 signature lines.
    case tooLarge
    /// Not text, an empty line, and signature lines.
    case malformed
    /// Not a verifier key in its only spelling.
    case malformedKey
    /// The key type is neither 0x01 nor 0x04.
    case unknownKeyType(UInt8)
    /// A public key that could not be trusted with anything: non-canonical or of small order.
    case weakKey(name: String)
    /// The key has another purpose than the one asked for.
    case wrongKeyType(name: String)
    /// The signer returned something other than 64 bytes.
    case signingFailed(name: String)
    /// A signature by a configured key does not hold.
    case invalidSignature(name: String)
    /// No signature by a configured key is there.
    case noKnownSignature
    /// Not three checkpoint lines.
    case malformedCheckpoint
    /// A checkpoint with lines after the root.
    case extensionLines
    /// The checkpoint is about another log.
    case wrongOrigin(expected: String, found: String)
    /// A cosignature time of zero or of 2^63 and more.
    case timeOutOfRange

    public var code: String {
        switch self {
        case .tooLarge: "note-too-large"
        case .malformed: "note-malformed"
        case .malformedKey: "note-malformed-key"
        case .unknownKeyType: "note-unknown-key-type"
        case .weakKey: "note-weak-key"
        case .wrongKeyType: "note-wrong-key-type"
        case .signingFailed: "note-signing-failed"
        case .invalidSignature: "note-invalid-signature"
        case .noKnownSignature: "note-no-known-signature"
        case .malformedCheckpoint: "checkpoint-malformed"
        case .extensionLines: "checkpoint-extension-lines"
        case .wrongOrigin: "checkpoint-wrong-origin"
        case .timeOutOfRange: "cosignature-time-out-of-range"
        }
    }

    public var sentence: String {
        switch self {
        case .tooLarge: "The signed note was expected to have at most 64 KiB and 100 signatures."
        case .malformed: "The signed note was expected to be text, an empty line and signature lines."
        case .malformedKey: "The verifier key was expected to read name+id+base64, with the id of that name and key."
        case .unknownKeyType(let type): "The verifier key has the type \(type), but 1 or 4 was expected."
        case .weakKey(let name): "The verifier key \(name) is not a canonical Ed25519 key of large order."
        case .wrongKeyType(let name): "The key \(name) was expected to be of the other type, log key or cosigner key."
        case .signingFailed(let name): "The signer \(name) was expected to return a signature of 64 bytes."
        case .invalidSignature(let name): "The signature by \(name) was expected to hold and does not."
        case .noKnownSignature: "The signed note was expected to carry a signature by a known key."
        case .malformedCheckpoint: "The checkpoint was expected to have an origin, a decimal size and a base64 root."
        case .extensionLines: "The checkpoint was expected to end after its root, but has extension lines."
        case .wrongOrigin(let expected, let found): "The checkpoint is of \(found), but \(expected) was expected."
        case .timeOutOfRange: "The time of a cosignature was expected to be above zero and below 2^63 seconds."
        }
    }

    public var nextStep: String {
        switch self {
        case .tooLarge, .malformed, .malformedCheckpoint: "Fetch it again; if it stays so, report the log."
        case .malformedKey, .unknownKeyType, .wrongKeyType: "Copy the verifier key again from where it was published."
        case .weakKey: "Do not use this key; ask its owner for another."
        case .signingFailed: "Check the key store that holds the key."
        case .invalidSignature: "Keep the note and report the log: it may have been altered."
        case .noKnownSignature: "Check that the configured keys are those of this log."
        case .extensionLines: "Ask the operator of the log to publish checkpoints without extension lines."
        case .wrongOrigin: "Check the address and the origin of the log."
        case .timeOutOfRange: "Check the clock of the cosigner."
        }
    }
}
