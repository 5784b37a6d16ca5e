import Ledger

/// Keeps what a replay has found beside the mirror, so that the next one goes on where it ended.
package struct AuditMemory: Sendable {
    /// The state's name in the mirror's folder.
    package static let file = "audit.state"

    let folder: MirrorFolder
    private let key: AuditKey
    private let startsOver: Bool

    /// - Parameters:
    ///   - folder: the mirror; the state is kept beside its files.
    ///   - key: what the auditor's own states are known by.
    ///   - startsOver: whether the replay begins at entry 0 all the same, and replaces what was kept.
    package init(folder: MirrorFolder, key: AuditKey, startsOver: Bool = false) {
        self.folder = folder
        self.key = key
        self.startsOver = startsOver
    }

    /// The state that was kept; nil where there is none.
    /// - Parameter size: that of the log now.
    /// - Throws: ``Finding`` `unusable-state`, which is for the remarks; ``AuditError``.
    func kept(upTo size: TreeSize) throws -> AuditState? {
        let limit = AuditState.byteLimit(size)
        guard !startsOver, let bytes = try folder.read(Self.file, limit: limit) else { return nil }
        guard bytes.count <= limit else { throw Self.unusable("is larger than one of this log can be") }
        do throws(AuditStateError) {
            return try AuditState(bytes, key: key)
        } catch {
            switch error {
            case .malformed: throw Self.unusable("is damaged, or of another version")
            case .foreign: throw Self.unusable("was damaged, or not made by this auditor")
            case .otherRules: throw Self.unusable("was made by another version of the rules")
            }
        }
    }

    /// Replaces what was kept, in one durable step.
    func keep(_ state: AuditState) throws(AuditError) {
        try folder.write(Self.file, state.bytes(key))
        try folder.settle()
    }

    /// - Parameter what: goes on after the state's name.
    static func unusable(_ what: String) -> Finding {
        Finding(.unusableState, path: file, "\(file) \(what): everything was replayed from entry 0")
    }
}
