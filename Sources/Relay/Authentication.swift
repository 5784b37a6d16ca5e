import Daemon
import HTTPTypes
import Hummingbird
import NIOCore
import Rules
import Statements
import Wire

/// Who is asking: by an HTTP message signature for reads, by the statement's own signatures for acts.
enum Authentication {
    /// The delegate in office who signed a read (RFC 9421). The authority is the one in the charter's URL, so a request
    /// signed for another relay is none for this one.
    static func reader(
        _ request: Request, route: Route, charter: CharterInForce, now: Timestamp, digest: String? = nil
    ) throws(Problem) -> DelegateID {
        let authority = String(charter.charter.relay.url.dropFirst("https://".count))
        let signed = SignedRequest(
            method: route.method, authority: authority, target: request.uri.string, contentDigest: digest)
        try Turnstile.admitProof()
        do {
            let who = try MessageSignature.verify(signed, fields: request.headers, now: now) { id in
                id.party == .relay ? nil : charter.key(id)
            }
            Peer.current?.prove()
            RequestTrace.current?.note(party: who.party)
            return who
        } catch {
            Peer.current?.disprove()
            throw error.problem
        }
    }

    /// The delegate in office who signed a request with its body, and that body, whose digest the signature covers
    /// (RFC 9530).
    static func writer(
        _ request: Request, route: Route, charter: CharterInForce, now: Timestamp, limit: Int
    ) async throws -> (who: DelegateID, body: [UInt8]) {
        guard let digest = request.headers[.contentDigest], digest.utf8.count <= MessageSignature.longestField else {
            throw Problem(.signatureMissing, "expected the field Content-Digest, and a signature that covers it")
        }
        let who = try reader(request, route: route, charter: charter, now: now, digest: digest)
        var body: [UInt8] = []
        for try await buffer in request.body {
            guard body.count + buffer.readableBytes <= limit else {
                throw Problem(.oversized, "At most \(limit) bytes are taken here.")
            }
            body.append(contentsOf: buffer.readableBytesView)
        }
        guard ContentDigest.value(body) == digest else {
            throw Problem(.contentDigest, "Expected the SHA-256 of the \(body.count) bytes of the body.")
        }
        return (who, body)
    }

    /// Checks a statement's signatures. To a stranger the relay is opaque: an unknown party, a delegate not in office
    /// and a bad signature get one answer. That they hold does not prove who sends it: ``Turnstile/admit(_:content:)``.
    static func examine(_ signed: SignedStatement, charter: CharterInForce) throws(Problem) -> ExaminedStatement {
        guard signed.statement.charter == charter.id else {
            throw Problem(
                .rejected(.wrongCharter),
                detail:
                    "It is for charter \(signed.statement.charter.short), this relay's is \(charter.id.short)."
            )
        }
        try Turnstile.admitProof()
        let examined = ExaminedStatement(signed) { $0.party == .relay ? nil : charter.key($0) }
        guard examined.isAuthentic else {
            Peer.current?.disprove()
            throw Problem(.notAuthenticated, "The statement is not signed by delegates in office of this charter.")
        }
        RequestTrace.current?.note(party: signed.statement.party)
        RequestTrace.current?.note(subject: signed.id)
        return examined
    }
}
