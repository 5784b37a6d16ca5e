/// What an operator is told when a witness contradicts the log.
extension WitnessConversation.Alarm: LedgerError {
    public var code: String {
        switch self {
        case .largerTree: "witness-knows-larger-tree"
        case .otherRoot: "witness-knows-other-root"
        case .otherBeginning: "witness-knows-other-beginning"
        case .unexplained: "witness-conflict-unexplained"
        }
    }

    public var sentence: String {
        switch self {
        case .largerTree(let size): "The witness has cosigned a tree of \(size) entries, and the log has fewer."
        case .otherRoot(let size): "The witness has cosigned another root of the tree of \(size) entries."
        case .otherBeginning(let size):
            "The log does not extend the tree of \(size) entries that the witness has cosigned."
        case .unexplained(let size):
            "The witness named a conflict about the size \(size), and no size that would be right."
        }
    }

    public var nextStep: String {
        switch self {
        case .largerTree:
            "Stop the log: it was restored from an old state, or its key is used elsewhere. Compare with the witness."
        case .otherRoot, .otherBeginning:
            "Stop the log and keep its checkpoints: two histories were signed. Fetch the witness's checkpoint."
        case .unexplained: "Fetch the witness's checkpoint of this log and compare; ask the operator of the witness."
        }
    }
}

extension WitnessConversation.Absence: CustomStringConvertible {
    /// Stable, lower case, words joined by hyphens.
    public var code: String {
        switch self {
        case .silent: "witness-silent"
        case .busy: "witness-busy"
        case .status: "witness-failing"
        case .malformed: "witness-malformed-answer"
        case .badCosignature: "witness-bad-cosignature"
        case .undecided: "witness-undecided"
        }
    }

    /// One sentence.
    public var description: String {
        switch self {
        case .silent: "The witness did not answer."
        case .busy: "The witness has too many requests."
        case .status(let status): "The witness answered with HTTP status \(status)."
        case .malformed: "The witness's answer is not of the protocol."
        case .badCosignature: "The witness's answer holds no cosignature by its key that is good."
        case .undecided: "The witness named another size each time."
        }
    }
}
