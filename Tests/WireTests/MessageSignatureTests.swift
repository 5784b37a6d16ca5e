import Crypto
import HTTPTypes
import Ledger
import Statements
import Testing
import Wire

@Suite("HTTP message signatures")
struct MessageSignatureTests {
    static let now = Timestamp(milliseconds: 1_700_000_000_250)
    static let request = SignedRequest(
        method: .get, authority: "relay.example:8443", target: "/v1/inbox?after=1&wait=0&limit=64")

    let signer: DelegateID
    let key: Curve25519.Signing.PrivateKey

    init() throws {
        signer = try #require(DelegateID("us-envoy/lead"))
        key = try Curve25519.Signing.PrivateKey(rawRepresentation: Array(repeating: 7, count: 32))
    }

    func sign(_ request: SignedRequest = request, at time: Timestamp = now) async throws -> HTTPFields {
        let key = key
        return try await MessageSignature(signing: request, as: signer, at: time) { Array(try key.signature(for: $0)) }
            .fields
    }

    func verify(
        _ request: SignedRequest = request, _ fields: HTTPFields, now: Timestamp = now
    ) throws(MessageSignatureError) -> DelegateID {
        try MessageSignature.verify(request, fields: fields, now: now) { name in
            name == signer ? Array(key.publicKey.rawRepresentation) : nil
        }
    }

    /// The code a verification ends with; nil if it succeeds.
    func code(_ request: SignedRequest = request, _ fields: HTTPFields, now: Timestamp = now) -> String? {
        do {
            _ = try verify(request, fields, now: now)
            return nil
        } catch { return error.code }
    }

    @Test("a signature of a request with a body covers its digest, and no other body's")
    func digest() async throws {
        let made = SignedRequest(
            method: .post, authority: "relay.example", target: "/v1/drafts", contentDigest: ContentDigest.value([1, 2]))
        let fields = try await sign(made)
        #expect(try MessageSignature(fields: fields).coversDigest)
        #expect(code(made, fields) == nil)
        for (digest, expected) in [
            (ContentDigest.value([1, 3]), "signature-invalid"), (nil, "signature-malformed"),
        ] {
            let other = SignedRequest(
                method: .post, authority: "relay.example", target: "/v1/drafts", contentDigest: digest)
            #expect(code(other, fields) == expected)
        }
        let without = try await sign(
            SignedRequest(method: .post, authority: "relay.example", target: "/v1/drafts"))
        #expect(code(made, without) == "signature-malformed")
        #expect(
            ContentDigest.value(Array("{\"hello\": \"world\"}\n".utf8))
                == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:")
    }

    @Test("the base of RFC 9421 appendix B.2.6 is built, and its signature holds")
    func appendixB26() throws {
        let base = SignatureBase(
            components: [
                .init("date", "Tue, 20 Apr 2021 02:07:55 GMT"), .init("@method", "POST"), .init("@path", "/foo"),
                .init("@authority", "example.com"), .init("content-type", "application/json"),
                .init("content-length", "18"),
            ],
            parameters: """
                ("date" "@method" "@path" "@authority" "content-type" "content-length")\
                ;created=1618884473;keyid="test-key-ed25519"
                """)
        let expected = """
            "date": Tue, 20 Apr 2021 02:07:55 GMT
            "@method": POST
            "@path": /foo
            "@authority": example.com
            "content-type": application/json
            "content-length": 18
            "@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length")\
            ;created=1618884473;keyid="test-key-ed25519"
            """
        #expect(String(decoding: base.bytes, as: UTF8.self) == expected)
        let publicKey = try #require(Base64.decode("JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs="))
        let signature = try #require(
            Base64.decode("wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="))
        #expect(PinnedEd25519.verify(signature: signature, message: base.bytes, key: publicKey))
    }

    @Test("the base covers method, authority, path and query")
    func ownBase() {
        let text = String(decoding: Self.request.base(parameters: "()").bytes, as: UTF8.self)
        #expect(
            text == """
                "@method": GET
                "@authority": relay.example:8443
                "@path": /v1/inbox
                "@query": ?after=1&wait=0&limit=64
                "@signature-params": ()
                """)
    }

    @Test("authority and query are normalized as RFC 9421 says")
    func normalized() {
        let plain = SignedRequest(method: .get, authority: "Relay.Example:443", target: "/checkpoint")
        #expect(plain.authority == "relay.example")
        #expect(plain.query == "?")
        #expect(plain.path == "/checkpoint")
        #expect(SignedRequest(method: .get, authority: "a", target: "?x=1").path == "/")
    }

    @Test("a signed request is accepted, up to five minutes off either way")
    func accepted() async throws {
        let fields = try await sign()
        #expect(try verify(Self.request, fields) == signer)
        let exact = Timestamp(milliseconds: 1_700_000_000_000)
        #expect(code(fields, now: exact + .minutes(5)) == nil)
        #expect(code(fields, now: exact - .minutes(5)) == nil)
        #expect(code(fields, now: exact + TimeSpan(milliseconds: 300_001)) == "signature-expired")
        #expect(code(fields, now: exact - TimeSpan(milliseconds: 300_001)) == "signature-expired")
    }

    @Test("an expired signature tells the difference of the clocks")
    func measured() async throws {
        let fields = try await sign()
        do {
            _ = try verify(Self.request, fields, now: Self.now + .minutes(10))
            Issue.record("it was accepted")
        } catch {
            #expect(error == .expired(by: TimeSpan(milliseconds: 600_250)))
            #expect(error.problem.detail.contains("600 s behind"))
        }
    }

    @Test("a signature serves no other request")
    func otherRequests() async throws {
        let fields = try await sign()
        let target = "/v1/inbox?after=1&wait=0&limit=64"
        let others = [
            SignedRequest(method: .post, authority: "relay.example:8443", target: target),
            SignedRequest(method: .get, authority: "relay.example", target: target),
            SignedRequest(method: .get, authority: "relay.example:8443", target: "/v1/charter?after=1&wait=0&limit=64"),
            SignedRequest(method: .get, authority: "relay.example:8443", target: "/v1/inbox?after=2&wait=0&limit=64"),
            SignedRequest(method: .get, authority: "relay.example:8443", target: "/v1/inbox"),
        ]
        for other in others { #expect(code(other, fields) == "signature-invalid") }
    }

    @Test("unknown signers and bad signatures get the same answer")
    func opaque() async throws {
        let stranger = try #require(DelegateID("us-envoy/other"))
        let key = key
        let unknown = try await MessageSignature(signing: Self.request, as: stranger, at: Self.now) {
            Array(try key.signature(for: $0))
        }
        let bad = try await MessageSignature(signing: Self.request, as: signer, at: Self.now) {
            Array(try Curve25519.Signing.PrivateKey().signature(for: $0))
        }
        #expect(code(unknown.fields) == "signature-unknown-key")
        #expect(code(bad.fields) == "signature-invalid")
        #expect(MessageSignatureError.unknownKey(stranger).problem == MessageSignatureError.invalid(signer).problem)
        #expect(MessageSignatureError.unknownKey(stranger).problem.status == 401)
    }

    static let covered = #"("@method" "@authority" "@path" "@query")"#
    static let tail = #";created=1700000000;keyid="us-envoy/lead";alg="ed25519";tag="valise""#
    static let malformed: [String] = [
        "", "sig1", "sig1=", #"sig1="x""#, "sig2=" + covered + tail, "sig1=" + covered + tail + ", sig2=()",
        "sig1=" + covered,
        #"sig1=("@method" "@authority" "@path")"# + tail,
        #"sig1=("@authority" "@method" "@path" "@query")"# + tail,
        #"sig1=("@method" "@authority" "@path" "@query" "date")"# + tail,
        #"sig1=("@method";req "@authority" "@path" "@query")"# + tail,
        #"sig1=(@method "@authority" "@path" "@query")"# + tail,
        "sig1=" + covered + #";keyid="us-envoy/lead";alg="ed25519";tag="valise""#,
        "sig1=" + covered + #";created="1700000000";keyid="us-envoy/lead";alg="ed25519";tag="valise""#,
        "sig1=" + covered + #";created=-1;keyid="us-envoy/lead";alg="ed25519";tag="valise""#,
        "sig1=" + covered + #";created=1700000000.0;keyid="us-envoy/lead";alg="ed25519";tag="valise""#,
        "sig1=" + covered + #";created=1700000000;keyid="us-envoy";alg="ed25519";tag="valise""#,
        "sig1=" + covered + #";created=1700000000;keyid="us-envoy/lead";alg="rsa-v1_5-sha256";tag="valise""#,
        "sig1=" + covered + #";created=1700000000;keyid="us-envoy/lead";alg="ed25519";tag="other""#,
        "sig1=" + covered + #";created=1700000000;keyid="us-envoy/lead";alg="ed25519""#,
        "sig1=" + covered + tail + ";expires=1700000001", "sig1=" + covered + tail + #";nonce="a""#,
        #"sig1=("@method""# + String(repeating: " ", count: 400) + #" "@authority" "@path" "@query")"# + tail,
    ]

    @Test("other forms of Signature-Input are malformed", arguments: malformed)
    func malformedInput(_ text: String) async throws {
        var fields = try await sign()
        fields[try #require(.init("Signature-Input"))] = text
        #expect(code(fields) == "signature-malformed")
    }

    @Test(
        "other forms of Signature are malformed",
        arguments: ["", "sig1", "sig1=abc", "sig1=::", "sig1=:AAAA:", "sig2=:AAAA:", "sig1=:!!!!:", "x"])
    func malformedSignature(_ text: String) async throws {
        var fields = try await sign()
        fields[try #require(.init("Signature"))] = text
        #expect(code(fields) == "signature-malformed")
    }

    @Test("the parameters may come in another order, and are signed in that order")
    func otherOrder() async throws {
        let parameters = Self.covered + #";tag="valise";alg="ed25519";keyid="us-envoy/lead";created=1700000000"#
        let signature = try key.signature(for: Self.request.base(parameters: parameters).bytes)
        var fields = try await sign()
        fields[try #require(.init("Signature-Input"))] = "sig1=\(parameters)"
        fields[try #require(.init("Signature"))] = "sig1=:\(Base64.encode(Array(signature))):"
        #expect(try verify(Self.request, fields) == signer)
    }

    @Test("a missing or doubled field is told apart")
    func missingOrDoubled() async throws {
        let good = try await sign()
        #expect(code([:]) == "signature-missing")
        for name in ["Signature-Input", "Signature"] {
            let name = try #require(HTTPField.Name(name))
            var fields = good
            fields[name] = nil
            #expect(code(fields) == "signature-missing")
            fields = good
            fields.append(HTTPField(name: name, value: good[name] ?? ""))
            #expect(code(fields) == "signature-malformed")
        }
    }

    @Test("every flipped bit of the signature is noticed")
    func flippedBits() async throws {
        let good = try await MessageSignature(fields: sign())
        let name = try #require(HTTPField.Name("Signature"))
        for bit in 0..<512 {
            var signature = good.signature
            signature[bit / 8] ^= 1 << UInt8(bit % 8)
            var fields = good.fields
            fields[name] = "sig1=:\(Base64.encode(signature)):"
            #expect(code(fields) == "signature-invalid")
        }
    }

    /// A call without a request means the usual one.
    func code(_ fields: HTTPFields, now: Timestamp = now) -> String? { code(Self.request, fields, now: now) }
}
