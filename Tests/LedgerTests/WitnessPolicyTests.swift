import Ledger
import Testing

@Suite("Witness policies")
struct WitnessPolicyTests {
    static func key(_ name: String, _ seed: UInt8, _ kind: VerifierKey.Kind = .cosignature) throws -> VerifierKey {
        try SignedNoteTests.signer(name, kind, seed: seed).key
    }

    /// The example of C2SP tlog-policy: two of the X and any of the Y.
    static func example() throws -> (text: String, x: [VerifierKey], y: [VerifierKey]) {
        let x = try (1...3).map { try key("x\($0).example", UInt8($0 + 10)) }
        let y = try (1...3).map { try key("y\($0).example", UInt8($0 + 20)) }
        let log = try key("log.example/a", 1, .ed25519)
        let text = """
            log \(log)

            # The first organisation
            witness X1 \(x[0])
            witness X2 \(x[1])   https://x2.example/
            witness X3 \(x[2])
              # and how many of it
            group X-witnesses 2 X1 X2 X3

            witness Y1 \(y[0])
            witness Y2 \(y[1])
            witness Y3 \(y[2])
            group Y-witnesses any Y1 Y2 Y3
            \t
            group X-and-Y all X-witnesses Y-witnesses
            quorum X-and-Y

            """
        return (text, x, y)
    }

    @Test("the example of the specification is read and weighed")
    func example() throws {
        let (text, x, y) = try Self.example()
        let policy = try WitnessPolicy(text: Array(text.utf8))
        #expect(policy.logs.map(\.key.name.description) == ["log.example/a"])
        #expect(policy.witnesses.map(\.name.description) == ["X1", "X2", "X3", "Y1", "Y2", "Y3"])
        #expect(policy.witnesses[1].url == "https://x2.example/")
        #expect(policy.groups.map(\.threshold) == [2, 1, 2])
        #expect(policy.isSatisfied(by: [x[0], x[2], y[1]]))
        #expect(policy.isSatisfied(by: x + y))
        #expect(!policy.isSatisfied(by: [x[0], y[0], y[1], y[2]]))
        #expect(!policy.isSatisfied(by: x))
        #expect(!policy.isSatisfied(by: []))
        #expect(try WitnessPolicy(text: policy.text) == policy)
    }

    @Test("the same key under another name or purpose counts for nothing")
    func otherKeys() throws {
        let (text, x, y) = try Self.example()
        let policy = try WitnessPolicy(text: Array(text.utf8))
        let renamed = try VerifierKey(name: #require(NoteName("z")), kind: .cosignature, publicKey: x[0].publicKey)
        #expect(!policy.isSatisfied(by: [renamed, x[1], y[0]]))
        let log = try VerifierKey(name: x[0].name, kind: .ed25519, publicKey: x[0].publicKey)
        #expect(!policy.isSatisfied(by: [log, x[1], y[0]]))
    }

    @Test(
        "what is no policy is refused",
        arguments: [
            ("", "policy-quorum-count"), ("quorum none\nquorum none\n", "policy-quorum-count"),
            ("quorum\n", "policy-malformed-line"), ("quorum none x\n", "policy-malformed-line"),
            ("quorum A\nwitness A KEY\n", "policy-unknown-name"), ("Quorum none\n", "policy-malformed-line"),
            ("witness A\nquorum none\n", "policy-malformed-line"),
            ("witness A KEY url more\nquorum A\n", "policy-malformed-line"),
            ("witness none KEY\nquorum none\n", "policy-name-taken"),
            ("witness A KEY\nwitness A KEY2\nquorum A\n", "policy-name-taken"),
            ("witness A KEY\nwitness B KEY\nquorum A\n", "policy-duplicate-key"),
            ("witness A KEY\nwitness B RENAMED\nquorum A\n", "policy-duplicate-key"),
            ("witness A LOG\nquorum A\n", "policy-bad-key"), ("log KEY\nquorum none\n", "policy-bad-key"),
            ("log LOG\nlog LOG\nquorum none\n", "policy-duplicate-key"), ("log x\nquorum none\n", "policy-bad-key"),
            ("witness A KEY\ngroup G 2 A\nquorum G\n", "policy-threshold-out-of-range"),
            ("witness A KEY\ngroup G 0 A\nquorum G\n", "policy-threshold-out-of-range"),
            ("witness A KEY\ngroup G 01 A\nquorum G\n", "policy-malformed-line"),
            ("witness A KEY\ngroup G some A\nquorum G\n", "policy-malformed-line"),
            ("witness A KEY\ngroup G all\nquorum G\n", "policy-malformed-line"),
            ("witness A KEY\ngroup G all A A\nquorum G\n", "policy-already-member"),
            ("witness A KEY\ngroup G all A\ngroup H all A\nquorum H\n", "policy-already-member"),
            ("witness A KEY\ngroup G all G\nquorum G\n", "policy-unknown-name"),
            ("witness A KEY\ngroup G all none\nquorum G\n", "policy-unknown-name"),
            ("witness A KEY\ngroup A all A\nquorum A\n", "policy-name-taken"),
            ("quorum none\r\n", "policy-malformed-line"), ("quorum none\0\n", "policy-malformed-line"),
            ("quorum none\u{7f}\n", "policy-malformed-line"), ("quorum none # of them\n", "policy-malformed-line"),
        ])
    func refused(text: String, code: String) throws {
        let key = try Self.key("w.example", 11)
        let renamed = try VerifierKey(name: #require(NoteName("v")), kind: .cosignature, publicKey: key.publicKey)
        let words = [
            "KEY2": try Self.key("w2.example", 12).text, "KEY": key.text, "RENAMED": renamed.text,
            "LOG": try Self.key("log.example/a", 1, .ed25519).text,
        ]
        var filled = text
        for word in ["KEY2", "RENAMED", "KEY", "LOG"] {
            filled = filled.split(separator: word, omittingEmptySubsequences: false).joined(
                separator: words[word] ?? "")
        }
        var found: String?
        do throws(WitnessPolicyError) { _ = try WitnessPolicy(text: Array(filled.utf8)) } catch { found = error.code }
        #expect(found == code)
    }

    @Test("names are bytes, whatever they mean, and the last line needs no line feed")
    func names() throws {
        let (a, b) = (try Self.key("a", 11), try Self.key("b", 12))
        let text =
            Array("witness \u{212a} \(a)\nwitness K \(b)\nwitness ".utf8) + [0xff, 0xfe]
            + Array(" \(try Self.key("c", 13))\nquorum K".utf8)
        let policy = try WitnessPolicy(text: text)
        #expect(policy.isSatisfied(by: [b]))
        #expect(!policy.isSatisfied(by: [a]))
        #expect(try WitnessPolicy(text: policy.text) == policy)
    }

    @Test("so many of these keys")
    func threshold() throws {
        let keys = try (1...4).map { try Self.key("w\($0).example", UInt8($0 + 10)) }
        for threshold in 0...4 {
            let policy = try WitnessPolicy(witnesses: keys, threshold: threshold)
            #expect(policy.cosigners == keys)
            for chosen in 0..<16 {
                let some = keys.indices.filter { chosen >> $0 & 1 == 1 }.map { keys[$0] }
                #expect(policy.isSatisfied(by: some) == (some.count >= threshold))
                #expect(policy.isSatisfied(by: some + some) == (some.count >= threshold))
            }
            #expect(try WitnessPolicy(text: policy.text) == policy)
        }
        #expect(try WitnessPolicy(witnesses: [], threshold: 0).isSatisfied(by: []))
        #expect(throws: WitnessPolicyError.thresholdOutOfRange(threshold: 5, members: 4)) {
            try WitnessPolicy(witnesses: keys, threshold: 5)
        }
        #expect(throws: WitnessPolicyError.thresholdOutOfRange(threshold: -1, members: 4)) {
            try WitnessPolicy(witnesses: keys, threshold: -1)
        }
        #expect(throws: WitnessPolicyError.duplicateKey(name: "w1.example")) {
            try WitnessPolicy(witnesses: [keys[0], keys[0]], threshold: 1)
        }
    }

    /// A group or a witness as the definition has it, to compare with.
    private indirect enum Tree {
        case witness(VerifierKey)
        case group(Int, [Tree])

        func holds(_ keys: [VerifierKey]) -> Bool {
            switch self {
            case .witness(let key): keys.contains(key)
            case .group(let threshold, let members): members.count { $0.holds(keys) } >= threshold
            }
        }
    }

    @Test("nested groups are weighed as their definition says")
    func nested() throws {
        let seed: UInt64 = 71
        var random = SeededNumbers(seed)
        let keys = try (1...8).map { try Self.key("w\($0).example", UInt8($0 + 10)) }
        for _ in 0..<40 {
            var text = keys.indices.map { "witness w\($0) \(keys[$0])\n" }.joined()
            var roots = keys.indices.map { (name: "w\($0)", tree: Tree.witness(keys[$0])) }
            var groups = 0
            while roots.count > 1 {
                roots.shuffle(using: &random)
                let members = Array(roots.prefix(Int.random(in: 1...min(3, roots.count), using: &random)))
                let threshold = Int.random(in: 1...members.count, using: &random)
                roots.removeFirst(members.count)
                text += "group g\(groups) \(threshold) \(members.map(\.name).joined(separator: " "))\n"
                roots.append(("g\(groups)", .group(threshold, members.map(\.tree))))
                groups += 1
                if groups > 30 { break }
            }
            let root = try #require(roots.last)
            let policy = try WitnessPolicy(text: Array((text + "quorum \(root.name)\n").utf8))
            for chosen in 0..<256 {
                let some = keys.indices.filter { chosen >> $0 & 1 == 1 }.map { keys[$0] }
                #expect(policy.isSatisfied(by: some) == root.tree.holds(some), "seed \(seed)")
            }
        }
    }

    @Test("a policy has at most 64 KiB, and 128 definitions of a kind")
    func bounds() throws {
        let long = Array(("quorum none\n" + String(repeating: "#", count: 65_536)).utf8)
        #expect(throws: WitnessPolicyError.tooLarge) { try WitnessPolicy(text: long) }
        #expect(throws: Never.self) { try WitnessPolicy(text: Array(long.prefix(65_536))) }
        var groups = "witness g0 \(try Self.key("w.example", 11))\n"
        for number in 1...128 { groups += "group g\(number) all g\(number - 1)\n" }
        let policy = try WitnessPolicy(text: Array((groups + "quorum g128\n").utf8))
        #expect(policy.isSatisfied(by: policy.cosigners))
        #expect(!policy.isSatisfied(by: []))
        #expect(throws: WitnessPolicyError.tooLarge) {
            try WitnessPolicy(text: Array((groups + "group g129 all g128\nquorum g129\n").utf8))
        }
    }

    @Test("a checkpoint opens under its own log's key, whoever else has signed it")
    func open() throws {
        let scene = try WitnessScene()
        let other = try SignedNoteTests.signer("log.example/b", .ed25519, seed: 9)
        let policy = try WitnessPolicy(
            logs: [other.key, scene.log.key], witnesses: [scene.witness.key], threshold: 1)
        var note = try scene.note(5)
        try note.append(other.sign(text: note.text))
        try note.append(scene.witness.cosign(text: note.text, at: WitnessScene.time(9)))
        let opened = try policy.open(note)
        #expect(try opened.checkpoint == scene.checkpoint(5))
        #expect(policy.isSatisfied(by: opened.cosignatures.map(\.key)))
        let foreign = try WitnessPolicy(logs: [other.key], witnesses: [], threshold: 0)
        #expect(throws: NoteError.noKnownSignature) { try foreign.open(note) }
    }
}
