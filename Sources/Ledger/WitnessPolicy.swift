/// Which logs are known, and whose cosignatures make a checkpoint count (C2SP tlog-policy).
///
/// A checkpoint is valid under a policy when one of the logs signed it and the quorum's witnesses cosigned it. Groups
/// may have groups as members; since each name is a member of one group at most, no witness counts twice.
public struct WitnessPolicy: Hashable, Sendable {
    /// The longest text that is read, in bytes.
    public static let maximumByteCount = 65_536
    /// The most logs, the most witnesses and the most groups.
    public static let maximumDefinitionCount = 128

    /// What lines of a policy call a witness or a group. Octets with the high bit are opaque.
    public struct Name: Hashable, Sendable, CustomStringConvertible {
        public let bytes: [UInt8]
        init(_ bytes: some Collection<UInt8>) { self.bytes = Array(bytes) }
        public var description: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// A log whose checkpoints count.
    public struct Log: Hashable, Sendable {
        public let key: VerifierKey
        /// Where it is, as the policy says; nothing here goes there.
        public let url: String?
    }

    /// A cosigner.
    public struct Witness: Hashable, Sendable {
        public let name: Name
        public let key: VerifierKey
        /// Its submission prefix, as the policy says.
        public let url: String?
    }

    /// So many of these members.
    public struct Group: Hashable, Sendable {
        public let name: Name
        public let threshold: Int
        public let members: [Name]
    }

    public let logs: [Log]
    public let witnesses: [Witness]
    public let groups: [Group]
    /// The witness or group that must have cosigned; `nil` when no cosignature is needed.
    public let quorum: Name?

    /// What ``WitnessPolicyReader`` has checked.
    init(logs: [Log], witnesses: [Witness], groups: [Group], quorum: Name?) {
        self.logs = logs
        self.witnesses = witnesses
        self.groups = groups
        self.quorum = quorum
    }

    /// So many of these cosigners' keys, for logs that may be known from elsewhere.
    ///
    /// - Parameter threshold: 0 for no cosignature at all.
    /// - Throws: ``WitnessPolicyError`` for keys of the wrong purpose, the same key twice, more than 128 of them, or a
    ///   threshold above their number.
    public init(logs: [VerifierKey] = [], witnesses: [VerifierKey], threshold: Int) throws(WitnessPolicyError) {
        guard (0...witnesses.count).contains(threshold) else {
            throw .thresholdOutOfRange(threshold: threshold, members: witnesses.count)
        }
        var reader = WitnessPolicyReader()
        for key in logs { try reader.add(log: key, url: nil) }
        let names = (1...max(1, witnesses.count)).map { Name("w\($0)".utf8) }
        for (name, key) in zip(names, witnesses) { try reader.add(witness: key, name: name, url: nil) }
        let group = Name("witnesses".utf8)
        if threshold > 0 {
            try reader.add(group: group, threshold: threshold, members: Array(names.prefix(witnesses.count)))
        }
        try reader.set(quorum: threshold > 0 ? group : nil)
        self = try reader.policy()
    }

    /// The keys of all witnesses, for ``Checkpoint/open(_:log:cosigners:)``.
    public var cosigners: [VerifierKey] { witnesses.map(\.key) }

    /// Whether cosignatures by these keys, each verified by the caller, make up the quorum.
    public func isSatisfied(by cosigners: some Sequence<VerifierKey>) -> Bool {
        guard let quorum else { return true }
        let keys = Set(cosigners)
        var satisfied = Set(witnesses.lazy.filter { keys.contains($0.key) }.map(\.name))
        // Members are defined before their group, so one pass in order settles nested groups.
        for group in groups where group.members.count(where: { satisfied.contains($0) }) >= group.threshold {
            satisfied.insert(group.name)
        }
        return satisfied.contains(quorum)
    }

    /// Reads a checkpoint of any of the logs, with every cosignature by a witness of this policy. Whether they are
    /// enough, ``isSatisfied(by:)`` says.
    ///
    /// - Throws: ``NoteError``, with ``NoteError/noKnownSignature`` when no log of the policy has signed it.
    public func open(
        _ note: SignedNote
    ) throws(NoteError) -> (checkpoint: Checkpoint, cosignatures: [SignedNote.Verified]) {
        // By its origin: another log's line beside it takes nothing from a checkpoint.
        let origin = note.text.prefix { $0 != 0x0a }
        let known = logs.filter { $0.key.name.bytes.elementsEqual(origin) }
        guard let log = known.first(where: { log in note.signatures.contains { $0.isBy(log.key) } }) else {
            throw .noKnownSignature
        }
        return try Checkpoint.open(note, log: log.key, cosigners: cosigners)
    }
}
