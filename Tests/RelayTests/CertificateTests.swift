import Daemon
import Keyring
import NIOSSL
import Relay
import Statements
import TestKit
import Testing
import Wire

@Suite("The certificate of a relay that runs", .timeLimit(.minutes(1)))
struct CertificateTests {
    /// A leaf for `localhost` under a root of its own, and a client's context that trusts no other.
    private static func identity(at time: Int64) throws -> (ServerIdentity, NIOSSLContext) {
        let root = try TLSRoot.make(commonName: "another root", now: time)
        let leaf = try root.issueLeaf(for: [ServerName(host: "localhost")], now: time)
        return (
            ServerIdentity(certificate: leaf.certificate, key: leaf.key.copy()),
            try LoadConnection.context(roots: [NIOSSLCertificate(bytes: root.der, format: .der)])
        )
    }

    /// Whether a client with these roots gets an answer.
    private static func isServed(_ box: RelayInABox, _ context: NIOSSLContext) async throws -> Bool {
        let connection = try await LoadConnection.open(
            port: box.site.relayPort, context: context, group: box.site.group)
        let answer = try? await connection.send(box.request("GET", "/v1/charter"))
        await connection.close()
        return answer?.status == 200
    }

    @Test("is exchanged: new handshakes get the new one, open connections go on")
    func exchanged() async throws {
        try await RelayInABox.run { box in
            let (identity, roots) = try Self.identity(at: box.clock.now.milliseconds)
            let open = try await box.connect()
            #expect(try await open.send(box.request("GET", "/v1/charter")).status == 200)
            #expect(try await Self.isServed(box, roots) == false)
            try box.server.certificate.replace(by: identity)
            #expect(try await Self.isServed(box, roots))
            #expect(try await Self.isServed(box, box.site.context) == false)
            #expect(try await open.send(box.request("GET", "/v1/charter")).status == 200)
            await open.close()
        }
    }

    @Test("stays when the new one cannot be used")
    func refused() async throws {
        try await RelayInABox.run { box in
            let (one, _) = try Self.identity(at: box.clock.now.milliseconds)
            let (other, _) = try Self.identity(at: box.clock.now.milliseconds)
            for bad in [
                ServerIdentity(certificate: one.certificate, key: other.key),
                ServerIdentity(certificate: [], key: one.key),
                ServerIdentity(certificate: Array("no certificate".utf8), key: one.key),
                ServerIdentity(certificate: one.certificate, key: Array("no key".utf8)),
            ] { #expect(throws: (any Error).self) { try box.server.certificate.replace(by: bad) } }
            #expect(try await Self.isServed(box, box.site.context))
        }
    }

    @Test(
        "the pulse beats while the outcome of a commit is looked up, and not once intake has stopped for good",
        arguments: [(FaultInjectingStore.Step.losesTrack(), true), (.losesAll, false)])
    func pulse(_ step: FaultInjectingStore.Step, beats: Bool) async throws {
        try await RelayInABox.run(nil, .init { $0.runsActs = false }) { box in
            #expect(await box.server.pulse.beats())
            box.store.then([step])
            let answer = try await box.post(.submitEnvelope, try box.envelope().bytes)
            #expect(answer.status == 503)
            #expect(await box.server.pulse.beats() == beats)
        }
    }
}
