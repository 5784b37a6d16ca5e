import Audit
import Ledger
import Logging
import Relay
import Statements
import Store
import Testing
import TestKit
import Transport
import Wire

@Suite("Verdicts of full auditors", .timeLimit(.minutes(1)))
struct VerdictTests {
    static let auditor = FixtureWorld.envoy

    /// Fields that a test changes.
    struct Draft: Sendable {
        var auditor = VerdictTests.auditor
        var signer: DelegateID?
        var head: LogHead?
        var charter: CharterID?
        var rules: UInt64 = 1
        var after = TimeSpan.seconds(0)
        var finding: VerdictFinding?
    }

    static func verdict(_ box: RelayInABox, _ change: (inout Draft) -> Void = { _ in }) async throws -> SignedVerdict {
        var draft = Draft()
        change(&draft)
        let verdict = Verdict(
            charter: draft.charter ?? box.world.charter.id, auditor: draft.auditor, rulesVersion: draft.rules,
            head: draft.head ?? box.head, at: box.clock.now + draft.after, finding: draft.finding, scopes: [])
        let signer = draft.signer ?? draft.auditor
        return try await SignedVerdict.sign(verdict) { try box.world.sign($0, by: signer) }
    }

    static func post(_ box: RelayInABox, _ signed: SignedVerdict) async throws -> LoadConnection.Answer {
        try await box.post(.postVerdict, try signed.derBytes())
    }

    static func broken() throws -> VerdictFinding {
        VerdictFinding(
            code: try #require(Slug("rule-broken")), rule: Slug("barred"), entry: 2)
    }

    @Test("a verdict is shown to every delegate, and to nobody else, also after a restart")
    func shown() async throws {
        let site = try RelaySite()
        let signed = try await RelayInABox.run(site) { box in
            let signed = try await Self.verdict(box)
            #expect(try await Self.post(box, signed).status == 200)
            #expect(try await box.exchange(box.request("GET", "/v1/verdicts")).status == 401)
            return signed
        }
        try await RelayInABox.run(site, RelayInABox.Options { $0.publishesKeys = false }) { box in
            for delegate in FixtureWorld.delegates {
                let shown = try await box.withClient(delegate) { try await $0.verdicts() }
                #expect(shown.verdicts == [signed] && shown.head.head == box.head)
            }
        }
    }

    @Test("what an auditor found wrong is kept and shown as what it found right is")
    func unsound() async throws {
        try await RelayInABox.run { box in
            let finding = try Self.broken()
            let signed = try await Self.verdict(box) { $0.finding = finding }
            #expect(try await Self.post(box, signed).status == 200)
            let shown = try await box.withClient(FixtureWorld.hezbollah) { try await $0.verdicts() }
            #expect(shown.verdicts.map(\.verdict.finding) == [finding])
        }
    }

    @Test("each auditor's delegate has one, the newest; the same one twice is no other")
    func newest() async throws {
        try await RelayInABox.run { box in
            let first = try await Self.verdict(box)
            let deputy = try await Self.verdict(box) { $0.auditor = FixtureWorld.deputy }
            for signed in [first, deputy, first] { #expect(try await Self.post(box, signed).status == 200) }
            let shown = try await box.withClient(Self.auditor) { try await $0.verdicts() }
            #expect(shown.verdicts == [deputy, first])
            try await box.accept(box.envelope())
            let second = try await Self.verdict(box) { $0.after = .seconds(1) }
            #expect(try await Self.post(box, second).status == 200)
            let later = try await box.withClient(Self.auditor) { try await $0.verdicts() }
            #expect(later.verdicts == [deputy, second])
            #expect(try Problem(parsing: await Self.post(box, first).body).code == "verdict-older")
            let smaller = try await Self.verdict(box) {
                $0.head = first.verdict.head
                $0.after = .seconds(2)
            }
            #expect(try Problem(parsing: await Self.post(box, smaller).body).code == "verdict-older")
        }
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let status: Int
        let code: String
        let bytes: @Sendable (RelayInABox) async throws -> [UInt8]

        init(_ name: String, _ status: Int, _ code: String, _ change: @escaping @Sendable (inout Draft) -> Void) {
            self.init(name, status, code) { box in try await VerdictTests.verdict(box, change).derBytes() }
        }

        init(
            _ name: String, _ status: Int, _ code: String,
            bytes: @escaping @Sendable (RelayInABox) async throws -> [UInt8]
        ) {
            testDescription = name
            self.status = status
            self.code = code
            self.bytes = bytes
        }
    }

    static let refusals = [
        Refusal("nothing", 400, "malformed", bytes: { _ in [] }),
        Refusal("a byte too many", 400, "malformed") { try await verdict($0).derBytes() + [0] },
        Refusal("too long", 413, "oversized", bytes: { _ in [UInt8](repeating: 0x30, count: ByteLimit.verdict + 1) }),
        Refusal("another charter", 422, "wrong-charter") { $0.charter = CharterID(Hash.sha256([1])) },
        Refusal("a stranger", 401, "not-authenticated") {
            $0.auditor = DelegateID("stranger/lead").unsafelyUnwrapped
        },
        Refusal("the relay itself", 401, "not-authenticated") {
            $0.auditor = DelegateID(party: .relay, name: .act)
        },
        Refusal("another's key", 401, "not-authenticated") { $0.signer = FixtureWorld.speaker },
        Refusal("a party that is no auditor", 403, "not-an-auditor") { $0.auditor = FixtureWorld.speaker },
        Refusal("other rules", 400, "unknown-version") { $0.rules = 9 },
        Refusal("made in the future", 422, "clock") { $0.after = .minutes(6) },
        Refusal("another root", 409, "verdict-other-log") { $0.head = LogHead(size: 2, root: Hash.sha256([2])) },
        Refusal("more entries than there are", 409, "verdict-other-log") {
            $0.head = LogHead(size: 5_000, root: Hash.sha256([2]))
        },
        Refusal("no entries", 409, "verdict-other-log") { $0.head = LogHead(size: 0, root: Merkle.emptyRoot) },
    ]

    @Test("what is no auditor's verdict on this log is refused, and nothing is kept", arguments: refusals)
    func refused(_ row: Refusal) async throws {
        try await RelayInABox.run { box in
            let answer = try await box.post(.postVerdict, row.bytes(box))
            let problem = try Problem(parsing: answer.body)
            #expect(answer.status == row.status && problem.code == row.code, "\(problem)")
            #expect(!problem.detail.isEmpty && !problem.hint.isEmpty)
            #expect(try await box.withClient(Self.auditor) { try await $0.verdicts() }.verdicts.isEmpty)
        }
    }

    @Test("a store that cannot keep it is no acceptance")
    func unkept() async throws {
        try await RelayInABox.run { box in
            box.store.spoilNotes(.fail)
            let answer = try await Self.post(box, try await Self.verdict(box))
            #expect(try Problem(parsing: answer.body).code == "storage-failed")
            box.store.spoilNotes(nil)
            #expect(try await box.withClient(Self.auditor) { try await $0.verdicts() }.verdicts.isEmpty)
        }
    }

    @Test("a kept note that cannot be read is logged once, left out, and replaced by the next verdict")
    func unreadable() async throws {
        let site = try RelaySite()
        let log = try LogCapture(.info)
        let options = RelayInABox.Options { $0.logger = log.logger }
        try await RelayInABox.run(site, options) { box in
            try await box.store.keep([0x30, 0], in: .verdict(Self.auditor))
            let deputy = try await Self.verdict(box) { $0.auditor = FixtureWorld.deputy }
            #expect(try await Self.post(box, deputy).status == 200)
            for _ in 0..<2 {
                let shown = try await box.withClient(FixtureWorld.speaker) { try await $0.verdicts() }
                #expect(shown.verdicts == [deputy])
            }
            let lead = try await Self.verdict(box)
            #expect(try await Self.post(box, lead).status == 200)
            let shown = try await box.withClient(FixtureWorld.speaker) { try await $0.verdicts() }
            #expect(shown.verdicts == [deputy, lead])
        }
        let told = log.text.split(separator: "\n").filter { $0.contains("a kept verdict cannot be read") }
        #expect(told.count == 1 && told.allSatisfy { !$0.contains("us-envoy") }, "\(told)")
    }

    @Test("a replay of the relay's own log gives the verdict that it takes")
    func replayed() async throws {
        try await RelayInABox.run { box in
            try await box.accept(box.envelope())
            let report = try await box.audit().report
            let verdict = try report.verdict(by: Self.auditor, at: box.clock.now)
            #expect(verdict.isSound && verdict.head == box.head)
            let signed = try await SignedVerdict.sign(verdict) { try box.world.sign($0, by: Self.auditor) }
            try await box.withClient(Self.auditor) { try await $0.post(signed) }
            let shown = try await box.withClient(FixtureWorld.speaker) { try await $0.verdicts() }
            #expect(shown.verdicts == [signed])
        }
    }
}
