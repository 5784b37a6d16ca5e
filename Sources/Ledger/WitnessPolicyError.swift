/// Why a policy was refused.
public enum WitnessPolicyError: LedgerError {
    /// More than 64 KiB, or more than 128 logs, witnesses or groups.
    case tooLarge
    /// Not one of the five kinds of lines, or an octet that may not stand there. Lines are counted from 1.
    case malformedLine(Int)
    /// The verifier key of a log or a witness is refused, or has the other purpose.
    case badKey(line: Int, NoteError)
    /// Two logs, or two witnesses, have one public key.
    case duplicateKey(name: String)
    /// A name is defined twice, or is `none`.
    case nameTaken(line: Int, name: String)
    /// A name that no line before defines.
    case unknownName(line: Int, name: String)
    /// A name is a member of two groups, or of one twice.
    case alreadyMember(line: Int, name: String)
    /// A group needs more members than it has, or none.
    case thresholdOutOfRange(threshold: Int, members: Int)
    /// Not exactly one quorum.
    case quorumCount(Int)

    public var code: String {
        switch self {
        case .tooLarge: "policy-too-large"
        case .malformedLine: "policy-malformed-line"
        case .badKey: "policy-bad-key"
        case .duplicateKey: "policy-duplicate-key"
        case .nameTaken: "policy-name-taken"
        case .unknownName: "policy-unknown-name"
        case .alreadyMember: "policy-already-member"
        case .thresholdOutOfRange: "policy-threshold-out-of-range"
        case .quorumCount: "policy-quorum-count"
        }
    }

    public var sentence: String {
        switch self {
        case .tooLarge: "The policy was expected to have at most 64 KiB and 128 logs, witnesses and groups each."
        case .malformedLine(let line): "Line \(line) was expected to define a log, a witness, a group or the quorum."
        case .badKey(let line, let error): "The key in line \(line) cannot be used: \(error.sentence)"
        case .duplicateKey(let name): "The public key of \(name) was expected to stand in the policy once."
        case .nameTaken(let line, let name): "The name \(name) in line \(line) is taken."
        case .unknownName(let line, let name): "The name \(name) in line \(line) was expected to be defined before."
        case .alreadyMember(let line, let name): "\(name) in line \(line) is a member of a group already."
        case .thresholdOutOfRange(let threshold, let members):
            "A threshold of 1 to \(members) was expected for \(members) members, not \(threshold)."
        case .quorumCount(let count): "One quorum line was expected, and there are \(count)."
        }
    }

    public var nextStep: String {
        switch self {
        case .badKey(_, let error): error.nextStep
        default: "Correct the policy where it was written."
        }
    }
}
