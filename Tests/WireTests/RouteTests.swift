import Foundation
import HTTPTypes
import Ledger
import Statements
import Testing
import Wire

@Suite("Routes")
struct RouteTests {
    static let id = MessageID(Hash.sha256([1]))

    static func samples() throws -> [(Route, HTTPRequest.Method, String)] {
        let query = try #require(InboxQuery(after: ArrivalNumber(7), wait: 60, limit: 256))
        let sent = try #require(SentQuery(after: 7))
        let party = try #require(PartyID("us-envoy"))
        let scope = try #require(ScopeQuery(after: 7))
        let tile = try #require(TileID(level: 1, index: 1_234_067, width: 112))
        let bundle = try #require(EntryBundleID(index: 5))
        let draft = StatementID(Hash.sha256([2]))
        return [
            (.submitEnvelope, .post, "/v1/envelopes"),
            (.submitStatement, .post, "/v1/statements"),
            (.beginUpload, .post, "/v1/uploads"),
            (.continueUpload(id), .patch, "/v1/uploads/\(id)"),
            (.upload(id), .head, "/v1/uploads/\(id)"),
            (.putDraft, .post, "/v1/drafts"),
            (.beginDraftUpload, .post, "/v1/drafts/uploads"),
            (.continueDraftUpload(draft), .patch, "/v1/drafts/uploads/\(draft)"),
            (.draftUpload(draft), .head, "/v1/drafts/uploads/\(draft)"),
            (.drafts, .get, "/v1/drafts"),
            (.draft(draft), .get, "/v1/drafts/\(draft)"),
            (.withdrawDraft(draft), .delete, "/v1/drafts/\(draft)"),
            (.signDraft(draft), .post, "/v1/drafts/\(draft)/signatures"),
            (.rejectDraft(draft), .post, "/v1/drafts/\(draft)/rejection"),
            (.draftRejection(draft), .get, "/v1/drafts/\(draft)/rejection"),
            (.inbox(query), .get, "/v1/inbox?after=7&wait=60&limit=256"),
            (.sent(sent), .get, "/v1/sent?after=7&limit=64"),
            (.scope(scope), .get, "/v1/scope?after=7&limit=64"),
            (.message(id), .get, "/v1/messages/\(id)"),
            (.envelope(id), .get, "/v1/messages/\(id)/envelope"),
            (.charter, .get, "/v1/charter"),
            (.keys(party), .get, "/v1/parties/us-envoy/keys"),
            (.consistency(from: 1, to: 9), .get, "/v1/consistency?from=1&to=9"),
            (.verdicts, .get, "/v1/verdicts"),
            (.postVerdict, .post, "/v1/verdicts"),
            (.checkpoint, .get, "/checkpoint"),
            (.tile(tile), .get, "/tile/1/x001/x234/067.p/112"),
            (.entries(bundle), .get, "/tile/entries/005"),
        ]
    }

    @Test("every route is read back from the target it writes")
    func roundTrip() throws {
        for (route, method, target) in try Self.samples() {
            #expect(route.method == method)
            #expect(route.target == target)
            #expect(try Route(method: method, target: target) == route)
        }
    }

    @Test("inbox parameters may be left out and come in any order")
    func inboxDefaults() throws {
        let all = try #require(InboxQuery(after: ArrivalNumber(0)))
        #expect(try Route(method: .get, target: "/v1/inbox") == .inbox(all))
        let some = try #require(InboxQuery(after: ArrivalNumber(3), wait: 2, limit: 1))
        #expect(try Route(method: .get, target: "/v1/inbox?limit=1&wait=2&after=3") == .inbox(some))
    }

    @Test("so may those of what was sent")
    func sentDefaults() throws {
        let all = try #require(SentQuery(after: 0))
        #expect(try Route(method: .get, target: "/v1/sent") == .sent(all))
        let some = try #require(SentQuery(after: 3, limit: 1))
        #expect(try Route(method: .get, target: "/v1/sent?limit=1&after=3") == .sent(some))
    }

    @Test("and those of a scope")
    func scopeDefaults() throws {
        let all = try #require(ScopeQuery(after: 0))
        #expect(try Route(method: .get, target: "/v1/scope") == .scope(all))
        let some = try #require(ScopeQuery(after: 3, limit: 1))
        #expect(try Route(method: .get, target: "/v1/scope?limit=1&after=3") == .scope(some))
    }

    static let refused: [(String, String)] = [
        ("", "malformed"), ("v1/charter", "malformed"), ("/v1/charter%20", "malformed"),
        ("/v1/parties/us%2Denvoy/keys", "malformed"), ("/v1/charter#x", "malformed"), ("/v1/ch\u{e4}rter", "malformed"),
        ("/v1/charter?", "malformed"), ("/v1/charter?x=1", "malformed"), ("/checkpoint?a=1", "malformed"),
        ("/v1/inbox?", "malformed"), ("/v1/inbox?after", "malformed"), ("/v1/inbox?after=", "malformed"),
        ("/v1/inbox?after=01", "malformed"), ("/v1/inbox?after=-1", "malformed"), ("/v1/inbox?after=1&", "malformed"),
        ("/v1/inbox?after=1&after=1", "malformed"), ("/v1/inbox?wait=61", "malformed"),
        ("/v1/inbox?limit=0", "malformed"), ("/v1/inbox?limit=257", "malformed"), ("/v1/inbox?to=1", "malformed"),
        ("/v1/inbox?after=9223372036854775808", "malformed"), ("/v1/inbox?after=9007199254740992", "malformed"),
        ("/v1/scope?", "malformed"), ("/v1/scope?limit=0", "malformed"), ("/v1/scope?limit=65", "malformed"),
        ("/v1/scope?party=1", "malformed"), ("/v1/scope?after=9007199254740992", "malformed"),
        ("/v1/scope/us-envoy", "not-found"), ("/v1/verdicts?x=1", "malformed"), ("/v1/verdicts/", "not-found"),
        ("/v1/verdicts/us-envoy", "not-found"),
        ("/v1/sent?", "malformed"), ("/v1/sent?limit=0", "malformed"), ("/v1/sent?limit=65", "malformed"),
        ("/v1/sent?wait=1", "malformed"), ("/v1/sent?after=01", "malformed"),
        ("/v1/sent?after=9007199254740992", "malformed"), ("/v1/sent/1", "not-found"),
        ("/v1/inbox?after=1?wait=2", "malformed"), ("/v1/consistency", "malformed"),
        ("/v1/consistency?from=0&to=3", "malformed"), ("/v1/consistency?from=4&to=3", "malformed"),
        ("/v1/consistency?from=1", "malformed"), ("/v1/consistency?from=1&to=2&x=3", "malformed"),
        ("/" + String(repeating: "a", count: 2_048), "malformed"),
        ("/v1/drafts?x=1", "malformed"), ("/v1/uploads/\(id)?x=1", "malformed"), ("/v1/uploads/", "not-found"),
        ("/v1/uploads/abc", "not-found"), ("/v1/drafts/", "not-found"), ("/v1/drafts/\(id)/", "not-found"),
        ("/v1/drafts/uploads/", "not-found"), ("/v1/drafts/uploads/abc", "not-found"),
        ("/v1/drafts/uploads/\(id)/x", "not-found"), ("/v1/drafts/uploads?x=1", "malformed"),
        ("/v1/drafts/\(id)/other", "not-found"), ("/v1/drafts/\(id)/rejection/x", "not-found"),
        ("/", "not-found"), ("//v1/charter", "not-found"), ("/v1", "not-found"), ("/v1/", "not-found"),
        ("/v1/charter/", "not-found"), ("/v1//charter", "not-found"), ("/V1/charter", "not-found"),
        ("/v1/messages", "not-found"), ("/v1/messages/abc", "not-found"), ("/v1/messages/\(id)/", "not-found"),
        ("/v1/messages/\(id)/other", "not-found"), ("/v1/parties/Us/keys", "not-found"),
        ("/v1/parties/us-/keys", "not-found"), ("/checkpoint/", "not-found"), ("/tile/0/0", "not-found"),
        ("/tile/0/000.p/0", "not-found"), ("/tile/0/000.p/256", "not-found"), ("/tile/64/000", "not-found"),
        ("/tile/entries/x000/001", "not-found"), ("/tile/00/000", "not-found"), ("/../checkpoint", "not-found"),
    ]

    @Test("other spellings are refused", arguments: refused)
    func refusal(_ target: String, _ code: String) {
        #expect(throws: Problem.self) { try Route(method: .get, target: target) }
        do {
            _ = try Route(method: .get, target: target)
        } catch { #expect(error.code == code) }
    }

    @Test("the wrong method is answered with the right one", arguments: [HTTPRequest.Method.get, .put, .head, .delete])
    func wrongMethod(_ method: HTTPRequest.Method) throws {
        let samples = try Self.samples()
        for (_, _, target) in samples {
            let served = samples.filter { $0.2 == target }.map(\.1)
            guard !served.contains(method) else { continue }
            do {
                _ = try Route(method: method, target: target)
                Issue.record("\(method) \(target) was accepted")
            } catch {
                #expect(error.status == 405)
                #expect(error.code == "method-not-allowed")
                let allowed = error.fields[.allow]?.components(separatedBy: ", ") ?? []
                #expect(Set(allowed) == Set(served.map(\.rawValue)))
            }
        }
    }

    @Test("an inbox query outside its bounds cannot be made")
    func bounds() {
        #expect(InboxQuery(after: ArrivalNumber(0), wait: 61) == nil)
        #expect(InboxQuery(after: ArrivalNumber(0), wait: -1) == nil)
        #expect(InboxQuery(after: ArrivalNumber(0), limit: 0) == nil)
        #expect(InboxQuery(after: ArrivalNumber(0), limit: 257) == nil)
        #expect(InboxQuery(after: ArrivalNumber(Bounds.count + 1)) == nil)
    }
}
