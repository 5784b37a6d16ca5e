/// Takes the definitions of a policy in their order and keeps its rules.
struct WitnessPolicyReader {
    private var logs: [WitnessPolicy.Log] = []
    private var witnesses: [WitnessPolicy.Witness] = []
    private var groups: [WitnessPolicy.Group] = []
    private var quorum: WitnessPolicy.Name?
    private var quorumCount = 0
    private var defined: Set<WitnessPolicy.Name> = [.none]
    private var members: Set<WitnessPolicy.Name> = []
    /// The line that is read, counted from 1.
    private var line = 0

    mutating func add(log key: VerifierKey, url: String?) throws(WitnessPolicyError) {
        guard key.kind == .ed25519 else { throw badPurpose(key) }
        guard logs.count < WitnessPolicy.maximumDefinitionCount else { throw .tooLarge }
        guard !logs.contains(where: { $0.key.publicKey == key.publicKey }) else {
            throw .duplicateKey(name: key.name.description)
        }
        logs.append(WitnessPolicy.Log(key: key, url: url))
    }

    mutating func add(witness key: VerifierKey, name: WitnessPolicy.Name, url: String?) throws(WitnessPolicyError) {
        guard key.kind == .cosignature else { throw badPurpose(key) }
        guard witnesses.count < WitnessPolicy.maximumDefinitionCount else { throw .tooLarge }
        guard !witnesses.contains(where: { $0.key.publicKey == key.publicKey }) else {
            throw .duplicateKey(name: key.name.description)
        }
        try define(name)
        witnesses.append(WitnessPolicy.Witness(name: name, key: key, url: url))
    }

    mutating func add(
        group name: WitnessPolicy.Name, threshold: Int, members list: [WitnessPolicy.Name]
    ) throws(WitnessPolicyError) {
        guard groups.count < WitnessPolicy.maximumDefinitionCount else { throw .tooLarge }
        for member in list {
            guard member != .none, defined.contains(member) else {
                throw .unknownName(line: line, name: member.description)
            }
            guard members.insert(member).inserted else {
                throw .alreadyMember(line: line, name: member.description)
            }
        }
        guard threshold >= 1, threshold <= list.count else {
            throw .thresholdOutOfRange(threshold: threshold, members: list.count)
        }
        try define(name)
        groups.append(WitnessPolicy.Group(name: name, threshold: threshold, members: list))
    }

    mutating func set(quorum name: WitnessPolicy.Name?) throws(WitnessPolicyError) {
        if let name, !defined.contains(name) { throw .unknownName(line: line, name: name.description) }
        quorum = name
        quorumCount += 1
    }

    func policy() throws(WitnessPolicyError) -> WitnessPolicy {
        guard quorumCount == 1 else { throw .quorumCount(quorumCount) }
        return WitnessPolicy(logs: logs, witnesses: witnesses, groups: groups, quorum: quorum)
    }

    private mutating func define(_ name: WitnessPolicy.Name) throws(WitnessPolicyError) {
        guard defined.insert(name).inserted else { throw .nameTaken(line: line, name: name.description) }
    }

    private func badPurpose(_ key: VerifierKey) -> WitnessPolicyError {
        .badKey(line: line, .wrongKeyType(name: key.name.description))
    }
}

extension WitnessPolicyReader {
    /// Reads the next line.
    mutating func read(_ text: ArraySlice<UInt8>) throws(WitnessPolicyError) {
        line += 1
        guard text.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else { throw .malformedLine(line) }
        let words = text.split { $0 == 0x20 || $0 == 0x09 }
        guard let first = words.first, first.first != 0x23 else { return }
        switch String(decoding: first, as: UTF8.self) {
        case "log" where (2...3).contains(words.count):
            try add(log: key(words[1]), url: url(words.dropFirst(2)))
        case "witness" where (3...4).contains(words.count):
            try add(witness: key(words[2]), name: .init(words[1]), url: url(words.dropFirst(3)))
        case "group" where words.count >= 4:
            let members = words.dropFirst(3).map { WitnessPolicy.Name($0) }
            try add(group: .init(words[1]), threshold: threshold(words[2], of: members.count), members: members)
        case "quorum" where words.count == 2:
            let name = WitnessPolicy.Name(words[1])
            try set(quorum: name == .none ? nil : name)
        default: throw .malformedLine(line)
        }
    }

    private func key(_ word: ArraySlice<UInt8>) throws(WitnessPolicyError) -> VerifierKey {
        guard let text = String(validating: word, as: UTF8.self) else {
            throw .badKey(line: line, .malformedKey)
        }
        do { return try VerifierKey(text: text) } catch { throw .badKey(line: line, error) }
    }

    private func url(_ words: ArraySlice<ArraySlice<UInt8>>) -> String? {
        words.first.map { String(decoding: $0, as: UTF8.self) }
    }

    private func threshold(_ word: ArraySlice<UInt8>, of count: Int) throws(WitnessPolicyError) -> Int {
        if word.elementsEqual("all".utf8) { return count }
        if word.elementsEqual("any".utf8) { return 1 }
        guard let value = Decimal.parse(word) else { throw .malformedLine(line) }
        return Int(clamping: value)
    }
}

extension WitnessPolicy.Name {
    /// The reserved name: no witness and no group.
    static let none = WitnessPolicy.Name("none".utf8)
}

extension WitnessPolicy {
    /// Reads the text of a policy. Unknown lines, names that are not defined before they are used, and keys of another
    /// purpose are refused; so is the same public key under two names.
    public init(text: [UInt8]) throws(WitnessPolicyError) {
        guard text.count <= WitnessPolicy.maximumByteCount else { throw .tooLarge }
        var reader = WitnessPolicyReader()
        var lines = text.split(separator: 0x0a, omittingEmptySubsequences: false)
        // What follows the last line feed is no line if it is empty.
        if lines.last?.isEmpty == true { lines.removeLast() }
        for line in lines { try reader.read(line) }
        self = try reader.policy()
    }

    /// The policy as text: logs, witnesses, groups, quorum, one space between words.
    public var text: [UInt8] {
        func line(_ words: [[UInt8]]) -> [UInt8] { Array(words.joined(separator: [0x20])) + [0x0a] }
        func utf8(_ text: String?) -> [[UInt8]] { text.map { [Array($0.utf8)] } ?? [] }
        var text: [UInt8] = []
        for log in logs { text += line(utf8("log") + utf8(log.key.text) + utf8(log.url)) }
        for one in witnesses {
            text += line(utf8("witness") + [one.name.bytes] + utf8(one.key.text) + utf8(one.url))
        }
        for group in groups {
            text += line(utf8("group") + [group.name.bytes] + utf8("\(group.threshold)") + group.members.map(\.bytes))
        }
        return text + line(utf8("quorum") + [(quorum ?? .none).bytes])
    }
}
