import HTTPTypes
import Ledger
import Statements
import Testing
import Wire

@Suite("Problems")
struct ProblemTests {
    @Test("every code of the rules and of the service has its row, and no code occurs twice")
    func complete() {
        let codes = ProblemCode.allCases
        #expect(codes.count == RejectionCode.allCases.count + ServiceCode.allCases.count)
        #expect(Set(codes.map(\.description)).count == codes.count)
        for code in RejectionCode.allCases { #expect(ProblemCode.rejected(code).description == code.rawValue) }
    }

    @Test("a row has an error status, a title and a sentence that says what to do", arguments: ProblemCode.allCases)
    func row(_ code: ProblemCode) {
        #expect(Slug(code.description) != nil)
        #expect(!code.title.isEmpty && !code.title.hasSuffix("."))
        #expect(code.hint.hasSuffix("."))
        switch code {
        case .rejected: #expect([403, 409, 410, 422].contains(code.status))
        case .service: #expect((400...599).contains(code.status))
        }
    }

    @Test(
        "the service's statuses are as specified",
        arguments: [
            (ServiceCode.malformed, 400), (.oversized, 413), (.unknownVersion, 400), (.digestMismatch, 422),
            (.blockMismatch, 422), (.notAuthenticated, 401), (.notFound, 404), (.notReleased, 403), (.busy, 429),
            (.unavailable, 503), (.clockBehind, 503), (.storageFailed, 503), (.storageLow, 503),
            (.methodNotAllowed, 405),
            (.tooSlow, 408), (.rangeInvalid, 416), (.internal, 500), (.partTooSmall, 400), (.notYours, 403),
        ])
    func status(_ code: ServiceCode, _ status: Int) {
        #expect(ProblemCode.service(code).status == status)
    }

    @Test("a problem is read back as it was written", arguments: ProblemCode.allCases)
    func roundTrip(_ code: ProblemCode) throws {
        let routes = [[try #require(PartyID("speaker")), try #require(PartyID("hezbollah"))]]
        let problem = Problem(code, detail: "a \"detail\"\nof two lines", routes: routes, rejection: [1, 2, 3])
        let found = try Problem(parsing: problem.encoded)
        #expect(found == problem)
        #expect(try Problem(parsing: Problem(code, detail: "x").encoded).routes.isEmpty)
    }

    @Test("the document has the members of RFC 9457 and our own")
    func document() throws {
        let problem = Problem(.busy, "wait")
        #expect(
            String(decoding: problem.encoded, as: UTF8.self) == """
                {"type":"about:blank","title":"Busy","status":429,"code":"busy","detail":"wait",\
                "hint":"Try again a little later; nothing was accepted."}
                """)
        #expect(problem.fields[.contentType] == "application/problem+json")
        #expect(problem.fields[.retryAfter] == "1")
        #expect(Problem(.notAuthenticated, "x").fields[.wwwAuthenticate] == "Signature")
    }

    @Test("unknown codes and members of a later relay stay readable")
    func later() throws {
        let text = #"{"type":"about:blank","status":418,"code":"later-code","extra":{"a":[1]}}"#
        let problem = try Problem(parsing: Array(text.utf8))
        #expect(problem.code == "later-code")
        #expect(problem.status == 418)
        #expect(problem.detail.isEmpty)
    }

    @Test(
        "what is no problem is refused",
        arguments: [
            "", "[]", "{}", #"{"status":403}"#, #"{"code":"busy"}"#, #"{"status":200,"code":"busy"}"#,
            #"{"status":600,"code":"busy"}"#, #"{"status":"403","code":"busy"}"#, #"{"status":403,"code":"Busy!"}"#,
            #"{"status":403,"code":"busy","detail":1}"#, #"{"status":403,"code":"busy","routes":[[]]}"#,
            #"{"status":403,"code":"busy","routes":[["A B"]]}"#, #"{"status":403,"code":"busy","routes":"x"}"#,
            #"{"status":403,"code":"busy","rejection":"!"}"#,
        ])
    func refused(_ text: String) {
        #expect(throws: FormError.self) { try Problem(parsing: Array(text.utf8)) }
    }

    @Test("over-long text is cut between characters")
    func cut() throws {
        let problem = Problem(.internal, String(repeating: "\u{1f54a}", count: 1_000))
        #expect(problem.detail.utf8.count == Problem.longestText)
        #expect(try Problem(parsing: problem.encoded) == problem)
    }

    @Test("a form error keeps its code")
    func formErrors() {
        #expect(Problem(FormError("x", expected: "y", code: .oversized)).status == 413)
        #expect(Problem(FormError("x", expected: "y", code: .unknownVersion)).code == "unknown-version")
        #expect(Problem(FormError("x", expected: "y")).detail == "x: expected y")
    }
}
