package import HTTPTypes
import Ledger
import Statements

extension Route {
    /// Reads a request line in its strict form: no percent-encoding, no empty or doubled segments, no unknown, empty
    /// or repeated query parameters, numbers without leading zeros.
    ///
    /// - Throws: ``Problem`` `not-found`, `method-not-allowed` or `malformed`.
    package init(method: HTTPRequest.Method, target: String) throws(Problem) {
        guard target.utf8.count <= ByteLimit.target, target.utf8.first == UInt8(ascii: "/") else {
            throw Problem(.malformed, "the request target must be a path of at most \(ByteLimit.target) bytes")
        }
        guard target.utf8.allSatisfy(Route.isPlain) else {
            throw Problem(.malformed, "the request target may hold letters, digits and -._/?=& only, nothing encoded")
        }
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let query = try QueryReader(halves.count > 1 ? halves[1] : nil)
        let routes = try Route.parse(path: halves[0], query: query)
        guard !routes.isEmpty else { throw Problem(.notFound, "nothing is served at this path") }
        guard let route = routes.first(where: { $0.method == method }) else {
            let methods = routes.map(\.method)
            let names = methods.map(\.rawValue).joined(separator: " and ")
            throw Problem(.methodNotAllowed, "this path answers \(names) only", allow: methods)
        }
        self = route
    }

    /// What is served at a path: one route for each method.
    private static func parse(path: Substring, query: QueryReader) throws(Problem) -> [Route] {
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        let shared = segments.first == "v1" ? shared(segments.dropFirst()) : []
        guard shared.isEmpty else {
            try query.expectNothing()
            return shared
        }
        return try single(path: path, segments, query: query).map { [$0] } ?? []
    }

    /// Uploads, drafts and verdicts, whose paths answer several methods.
    private static func shared(_ segments: ArraySlice<Substring>) -> [Route] {
        let rest = Array(segments.dropFirst())
        switch segments.first {
        case "uploads" where rest.isEmpty: return [.beginUpload]
        case "uploads" where rest.count == 1:
            return MessageID(String(rest[0])).map { [.upload($0), .continueUpload($0)] } ?? []
        case "verdicts" where rest.isEmpty: return [.verdicts, .postVerdict]
        case "drafts" where rest.isEmpty: return [.drafts, .putDraft]
        // No identifier reads like this word.
        case "drafts" where rest == ["uploads"]: return [.beginDraftUpload]
        case "drafts" where rest.count == 2 && rest[0] == "uploads":
            return StatementID(String(rest[1])).map { [.draftUpload($0), .continueDraftUpload($0)] } ?? []
        case "drafts":
            guard let id = StatementID(String(rest[0])) else { return [] }
            switch rest.dropFirst() {
            case []: return [.draft(id), .withdrawDraft(id)]
            case ["signatures"]: return [.signDraft(id)]
            case ["rejection"]: return [.draftRejection(id), .rejectDraft(id)]
            default: return []
            }
        default: return []
        }
    }

    private static func single(
        path: Substring, _ segments: [Substring], query: QueryReader
    ) throws(Problem) -> Route? {
        let route: Route?
        switch (segments.first, segments.count) {
        case ("v1", 2) where segments[1] == "inbox": return .inbox(try query.inbox())
        case ("v1", 2) where segments[1] == "sent": return .sent(try query.sent())
        case ("v1", 2) where segments[1] == "scope": return .scope(try query.scope())
        case ("v1", 2) where segments[1] == "consistency": return try query.consistency()
        case ("v1", 2): route = fixed(segments[1])
        case ("v1", 3) where segments[1] == "messages":
            route = MessageID(String(segments[2])).map { .message($0) }
        case ("v1", 4) where segments[1] == "messages" && segments[3] == "envelope":
            route = MessageID(String(segments[2])).map { .envelope($0) }
        case ("v1", 4) where segments[1] == "parties" && segments[3] == "keys":
            route = PartyID(String(segments[2])).map { .keys($0) }
        case ("checkpoint", 1): route = .checkpoint
        case ("tile", 3...) where segments[1] == "entries":
            route = EntryBundleID(path: String(path.dropFirst())).map { .entries($0) }
        case ("tile", 3...): route = TileID(path: String(path.dropFirst())).map { .tile($0) }
        default: route = nil
        }
        if route != nil { try query.expectNothing() }
        return route
    }

    private static func fixed(_ name: Substring) -> Route? {
        switch name {
        case "envelopes": .submitEnvelope
        case "statements": .submitStatement
        case "charter": .charter
        default: nil
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "/"), UInt8(ascii: "?"),
            UInt8(ascii: "="), UInt8(ascii: "&"):
            true
        default: false
        }
    }
}

/// The parameters of a query: `name=number`, joined by `&`, each name once.
private struct QueryReader {
    private var numbers: [Substring: UInt64] = [:]
    private let isPresent: Bool

    init(_ text: Substring?) throws(Problem) {
        isPresent = text != nil
        guard let text else { return }
        for pair in text.split(separator: "&", omittingEmptySubsequences: false) {
            let halves = pair.split(separator: "=", omittingEmptySubsequences: false)
            guard halves.count == 2, !halves[0].isEmpty, numbers[halves[0]] == nil, numbers.count < 8,
                let number = TreeSize(decimal: halves[1].utf8)?.rawValue
            else { throw Problem(.malformed, "the query must be name=number pairs, each name once") }
            numbers[halves[0]] = number
        }
    }

    func expectNothing() throws(Problem) {
        if isPresent { throw Problem(.malformed, "this path takes no query") }
    }

    private func expectOnly(_ names: Set<Substring>) throws(Problem) {
        guard numbers.keys.allSatisfy(names.contains) else {
            throw Problem(.malformed, "this path takes only \(names.sorted().joined(separator: ", ")) in its query")
        }
    }

    func inbox() throws(Problem) -> InboxQuery {
        try expectOnly(["after", "wait", "limit"])
        let query = InboxQuery(
            after: ArrivalNumber(numbers["after"] ?? 0), wait: Int(numbers["wait"] ?? 0),
            limit: Int(numbers["limit"] ?? UInt64(InboxQuery.usualArrivals)))
        guard let query else {
            throw Problem(
                .malformed,
                "wait must be at most \(InboxQuery.longestWait) seconds and limit 1 to \(InboxQuery.mostArrivals)")
        }
        return query
    }

    func sent() throws(Problem) -> SentQuery {
        try expectOnly(["after", "limit"])
        let query = SentQuery(
            after: LogIndex(numbers["after"] ?? 0), limit: Int(numbers["limit"] ?? UInt64(SentQuery.mostMessages)))
        guard let query else {
            throw Problem(.malformed, "after must be a log index and limit 1 to \(SentQuery.mostMessages)")
        }
        return query
    }

    func scope() throws(Problem) -> ScopeQuery {
        try expectOnly(["after", "limit"])
        let query = ScopeQuery(
            after: LogIndex(numbers["after"] ?? 0), limit: Int(numbers["limit"] ?? UInt64(ScopeQuery.mostEntries)))
        guard let query else {
            throw Problem(.malformed, "after must be a log index and limit 1 to \(ScopeQuery.mostEntries)")
        }
        return query
    }

    func consistency() throws(Problem) -> Route {
        try expectOnly(["from", "to"])
        guard let from = numbers["from"], let to = numbers["to"], from > 0, from <= to else {
            throw Problem(.malformed, "from and to must be sizes, from at least 1 and not above to")
        }
        return .consistency(from: TreeSize(from), to: TreeSize(to))
    }
}
