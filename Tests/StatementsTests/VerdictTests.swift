import Ledger
import Statements
import Testing

/// Verdicts of the committee on a log of seven entries.
enum VerdictSample {
    static let auditor: DelegateID = "oversight-committee/lead"

    static func verdict(
        _ finding: VerdictFinding? = nil, scopes: [ScopeSum] = [], auditor: DelegateID = auditor,
        rules: UInt64 = 1, charter: CharterID? = nil
    ) throws -> Verdict {
        Verdict(
            charter: try charter ?? Scene.signed(CharterDraft().charter).id, auditor: auditor, rulesVersion: rules,
            head: LogHead(size: 7, root: Scene.hash("root")), at: Scene.start + .minutes(20), finding: finding,
            scopes: scopes)
    }

    static func finding(_ code: String, rule: String? = nil, entry: LogIndex? = nil) -> VerdictFinding {
        VerdictFinding(code: Slug(code) ?? Scene.fail(code), rule: rule.flatMap { Slug($0) }, entry: entry)
    }

    static let broken = finding("rule-broken", rule: "barred", entry: 4)
    static let forked = finding("forked-log")

    static var sum: ScopeSum {
        var sum = ScopeSum(party: "lebanon-speaker")
        sum.add(2, leaf: Scene.hash("leaf/2"))
        sum.add(5, leaf: Scene.hash("leaf/5"))
        return sum
    }

    static func signed(_ verdict: Verdict, as name: String? = nil) async throws -> SignedVerdict {
        let name = name ?? verdict.auditor.description
        return try await SignedVerdict.sign(verdict) { try Scene.sign($0, as: name) }
    }
}

extension KnownValues {
    static func verdicts() throws -> [KnownValue] {
        let sum = VerdictSample.sum
        let values = [
            ("sound", try VerdictSample.verdict()), ("with-a-scope", try VerdictSample.verdict(scopes: [sum])),
            ("broken-rule", try VerdictSample.verdict(VerdictSample.broken)),
            ("fork", try VerdictSample.verdict(VerdictSample.forked)),
        ]
        let signed = try values.map { name, verdict in
            let bytes = try verdict.derBytes()
            let signature = try Scene.sign(Label.verdict.message(bytes), as: verdict.auditor.description)
            return KnownValue(
                name, SignedVerdict.formName, DERTree.encode([0x30], bytes + DERTree.encode([0x04], signature)))
        }
        return try values.map { try KnownValue($0, $1) } + signed + [
            try KnownValue("broken-rule", VerdictSample.broken), try KnownValue("fork", VerdictSample.forked),
            try KnownValue("two-entries", sum),
        ]
    }
}

@Suite("Verdicts")
struct VerdictTests {
    @Test("an auditor's verdict is what the charter vouches for, and no changed bit of it")
    func bits() async throws {
        let charter = try Scene.signed(CharterDraft().charter)
        for finding in [nil, VerdictSample.broken] {
            let scopes = finding == nil ? [VerdictSample.sum] : []
            let signed = try await VerdictSample.signed(VerdictSample.verdict(finding, scopes: scopes))
            #expect(charter.vouches(for: signed))
            let bytes = try signed.derBytes()
            #expect(try SignedVerdict(der: bytes, limit: Bounds.verdict) == signed)
            for bit in 0..<(bytes.count * 8) {
                var changed = bytes
                changed[bit / 8] ^= 1 << UInt8(bit % 8)
                let read = try? SignedVerdict(der: changed, limit: Bounds.verdict)
                #expect(read.map(charter.vouches) != true, "bit \(bit)")
            }
        }
    }

    @Test("the bytes that were signed are the code's own answer in the vectors")
    func known() async throws {
        let signed = try await VerdictSample.signed(VerdictSample.verdict(VerdictSample.broken))
        let known = try KnownValues.verdicts().filter { $0.type == SignedVerdict.formName }
        #expect(known.map(\.der).contains(try signed.derBytes()))
    }

    @Test("nobody but a delegate of a full auditor of this charter gives one, and by no other signature")
    func others() async throws {
        let charter = try Scene.signed(CharterDraft().charter)
        let other = CharterID(Scene.hash("another charter"))
        let refused = [
            try await VerdictSample.signed(VerdictSample.verdict(auditor: "us-envoy/lead")),
            try await VerdictSample.signed(VerdictSample.verdict(auditor: "oversight-committee/deputy")),
            try await VerdictSample.signed(VerdictSample.verdict(auditor: "stranger/lead")),
            try await VerdictSample.signed(VerdictSample.verdict(auditor: "relay/act")),
            try await VerdictSample.signed(VerdictSample.verdict(charter: other)),
            try await VerdictSample.signed(VerdictSample.verdict(rules: 9)),
            try await VerdictSample.signed(VerdictSample.verdict(), as: "us-envoy/lead"),
        ]
        for signed in refused { #expect(!charter.vouches(for: signed), "\(signed.verdict)") }
        for label in [Label.rejection, .statementSignature, .card] {
            let signed = try await SignedVerdict.sign(VerdictSample.verdict()) { message in
                let bytes = Array(message.dropFirst(Label.verdict.prefix.count))
                return try Scene.sign(label.message(bytes), as: VerdictSample.auditor.description)
            }
            #expect(!charter.vouches(for: signed))
        }
    }

    @Test("a verdict covers the entries that it found right, and none when anything is wrong")
    func covers() throws {
        let sound = try VerdictSample.verdict()
        #expect(sound.isSound && sound.covers(0) && sound.covers(6) && !sound.covers(7))
        let unsound = try VerdictSample.verdict(VerdictSample.broken)
        #expect(!unsound.isSound && !unsound.covers(0))
    }

    @Test("sums stand in the order of parties, each once, and beside no finding")
    func scopes() throws {
        let (one, two) = (ScopeSum(party: "hezbollah"), VerdictSample.sum)
        let good = try VerdictSample.verdict(scopes: [one, two]).derBytes()
        #expect(try Verdict(der: good, limit: Bounds.verdict).scopes == [one, two])
        for wrong in [
            try VerdictSample.verdict(scopes: [two, one]), try VerdictSample.verdict(scopes: [two, two]),
            try VerdictSample.verdict(VerdictSample.broken, scopes: [one]),
        ] {
            let bytes = try wrong.derBytes()
            #expect(throws: FormError.self) { try Verdict(der: bytes, limit: Bounds.verdict) }
        }
    }

    @Test("a finding says its code, and its rule and its entry where it has them")
    func words() {
        #expect("\(VerdictSample.broken)" == "rule-broken(barred) at entry 4")
        #expect("\(VerdictSample.forked)" == "forked-log")
        #expect("\(VerdictSample.finding("time-went-back", entry: 7))" == "time-went-back at entry 7")
    }

    @Test("a sum tells number, order, place and content of its entries")
    func sums() {
        func sum(_ entries: [(LogIndex, String)]) -> ScopeSum {
            var sum = ScopeSum(party: "hezbollah")
            for (index, leaf) in entries { sum.add(index, leaf: Scene.hash(leaf)) }
            return sum
        }
        let whole = sum([(1, "a"), (4, "b")])
        #expect(whole.entries == 2 && whole == sum([(1, "a"), (4, "b")]))
        for other in [
            [(1, "a")], [(4, "b")], [(4, "b"), (1, "a")], [(1, "b"), (4, "a")], [(2, "a"), (4, "b")],
            [(1, "a"), (4, "c")],
        ] as [[(LogIndex, String)]] { #expect(sum(other).sum != whole.sum) }
    }

    @Test("the largest verdict is within the bound")
    func largest() async throws {
        let long = String(repeating: "a", count: 60)
        let sums = try (0..<Bounds.parties).map { number in
            let party = try #require(PartyID("\(long)\(number + 100)"))
            return ScopeSum(party: party, entries: Bounds.count, sum: .zero)
        }
        let auditor = try #require(DelegateID("\(long)abc/\(long)abc"))
        let verdict = Verdict(
            charter: CharterID(.zero), auditor: auditor, rulesVersion: 65_535,
            head: LogHead(size: TreeSize(Bounds.count), root: .zero),
            at: Timestamp(milliseconds: Timestamp.range.upperBound), finding: nil, scopes: sums)
        let signed = try await SignedVerdict.sign(verdict) { _ in [UInt8](repeating: 1, count: 64) }
        #expect(try signed.derBytes().count <= Bounds.verdict)
    }
}
