import Foundation
import Glibc
import Keyring
import Testing

@Suite("TLS root and leaf")
struct TLSTests {
    let bench: Workbench
    let now = Int64(Date().timeIntervalSince1970 * 1000)
    init() throws { bench = try Workbench() }

    private func names(_ hosts: String...) throws -> [ServerName] { try hosts.map { try ServerName(host: $0) } }

    @Test("the openssl program verifies the leaf under the root, for its names and for no others")
    func verifies() throws {
        let root = try TLSRoot.make(commonName: "Valise relay", now: now)
        let leaf = try root.issueLeaf(for: names("relay.example", "127.0.0.1", "[::1]"), now: now)
        _ = try bench.put("root.pem", root.certificate)
        _ = try bench.put("leaf.pem", leaf.certificate)
        func verify(_ option: String, _ value: String) throws -> Int32 {
            try bench.openssl(
                "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "root.pem", option, value, "leaf.pem"
            ).status
        }
        #expect(try verify("-verify_hostname", "relay.example") == 0)
        #expect(try verify("-verify_ip", "127.0.0.1") == 0)
        #expect(try verify("-verify_ip", "::1") == 0)
        #expect(try verify("-verify_hostname", "other.example") != 0)
        #expect(try verify("-verify_ip", "127.0.0.2") != 0)
        let other = try TLSRoot.make(commonName: "Valise relay", now: now)
        _ = try bench.put("root.pem", other.certificate)
        #expect(try verify("-verify_hostname", "relay.example") != 0)
    }

    @Test("root and leaf say what they are for, and for how long")
    func contents() throws {
        let root = try TLSRoot.make(commonName: "Valise relay", now: now)
        let leaf = try root.issueLeaf(for: names("Relay.Example"), now: now)
        _ = try bench.put("root.pem", root.certificate)
        _ = try bench.put("leaf.pem", leaf.certificate)
        let rootText = text(try bench.openssl("x509", "-in", "root.pem", "-noout", "-text").output)
        for part in [
            "CN = Valise relay", "CA:TRUE, pathlen:0", "Certificate Sign, CRL Sign", "ecdsa-with-SHA256",
            "NIST CURVE: P-256", "Version: 3",
        ] { #expect(rootText.contains(part), "\(part) in \(rootText)") }
        let leafText = text(try bench.openssl("x509", "-in", "leaf.pem", "-noout", "-text").output)
        for part in [
            "CA:FALSE", "Digital Signature", "TLS Web Server Authentication", "DNS:relay.example", "ecdsa-with-SHA256",
            "NIST CURVE: P-256",
        ] { #expect(leafText.contains(part), "\(part) in \(leafText)") }
        #expect(try leaf.notAfter == (now + TLSLeaf.lifetime) / 1000 * 1000)
        // Not yet valid six minutes ago, valid four minutes ago.
        for (minutes, status) in [(6, false), (4, true)] as [(Int64, Bool)] {
            let found = try bench.openssl(
                "verify", "-CAfile", "root.pem", "-attime", String(now / 1000 - minutes * 60), "leaf.pem")
            #expect((found.status == 0) == status, "\(minutes) minutes ago")
        }
    }

    @Test("the DER is what the openssl program makes of the PEM")
    func der() throws {
        let root = try TLSRoot.make(commonName: "Valise relay", now: now)
        _ = try bench.put("root.pem", root.certificate)
        #expect(try bench.openssl("x509", "-in", "root.pem", "-outform", "DER").output == root.der)
    }

    @Test("a leaf is renewed under a root that was made earlier, and never outlives it")
    func renewal() throws {
        let made = try TLSRoot.make(commonName: "Valise relay", now: now)
        let root = try TLSRoot(certificate: made.certificate, key: made.key)
        let later = now + TLSRoot.lifetime - 10 * 86_400_000
        let leaf = try root.issueLeaf(for: names("relay.example"), now: later)
        #expect(try leaf.notAfter == (now + TLSRoot.lifetime) / 1000 * 1000)
        _ = try bench.put("root.pem", root.certificate)
        _ = try bench.put("leaf.pem", leaf.certificate)
        #expect(
            try bench.openssl("verify", "-CAfile", "root.pem", "-attime", String(later / 1000), "leaf.pem").status == 0)
        let other = try TLSRoot.make(commonName: "Valise relay", now: now)
        #expect(code { _ = try TLSRoot(certificate: made.certificate, key: other.key) } == .certificateDamaged)
    }

    @Test("a damaged root or key is refused and nothing breaks")
    func damaged() throws {
        let root = try TLSRoot.make(commonName: "Valise relay", now: now)
        for position in stride(from: 0, to: root.certificate.count, by: 11) {
            var changed = root.certificate
            changed[position] ^= 0x11
            _ = code { _ = try TLSRoot(certificate: changed, key: root.key).der }
        }
        var keyText = root.key.copy()
        for position in stride(from: 0, to: keyText.count, by: 7) {
            keyText[position] ^= 0x11
            _ = code { _ = try TLSRoot(certificate: root.certificate, key: SecretBytes(keyText)) }
            keyText[position] ^= 0x11
        }
        #expect(code { _ = try TLSRoot(certificate: [], key: root.key) } == .certificateDamaged)
        #expect(
            code { _ = try TLSRoot(certificate: root.certificate, key: SecretBytes([1, 2, 3])) } == .certificateDamaged)
        #expect(code { _ = try TLSRoot.make(commonName: "", now: now) } == .hostNameMalformed)
        #expect(code { _ = try root.issueLeaf(for: [], now: now) } == .hostNameMalformed)
    }

    @Test(
        "only DNS names and IP addresses are hosts",
        arguments: [
            "", "a b", "a,DNS:b", "relay..example", ".example", "-a.example", "a-.example", "https://relay.example",
            "relay.example:443", "1.2.3", "1.2.3.4.5", "[relay.example]", "[::1", "relay.example\n", "émile.example",
            String(repeating: "a", count: 64) + ".example",
        ])
    func badHosts(host: String) {
        #expect(code { _ = try ServerName(host: host) } == .hostNameMalformed)
    }

    @Test("relay keys are made once, open unattended, and the leaf can be renewed")
    func relayKeys() throws {
        let folder = bench.file("relay")
        let made = try RelayKeys.make(folder: folder, commonName: "Valise relay", hosts: names("localhost"), now: now)
        for name in RelayKeys.Name.allCases {
            #expect(bench.mode("relay/\(name.rawValue)") == (name.rawValue.hasSuffix(".key") ? 0o600 : 0o644))
        }
        #expect(made.log.publicKey != made.act.publicKey)
        let before = try bench.bytes("relay/log.key")
        #expect(
            code { _ = try RelayKeys.make(folder: folder, commonName: "R", hosts: names("localhost"), now: now) }
                == .keyFileExists)
        #expect(try bench.bytes("relay/log.key") == before)
        try FileManager.default.moveItem(atPath: folder + "/tls-root.key", toPath: bench.file("safe.key"))
        let opened = try RelayKeys.open(folder: folder, credentials: nil)
        #expect(opened.log.publicKey == made.log.publicKey)
        #expect(opened.act.publicKey == made.act.publicKey)
        #expect(opened.rootCertificate == made.rootCertificate)
        #expect(opened.leaf.certificate == made.leaf.certificate)
        #expect(
            code { _ = try RelayKeys.renewLeaf(folder: folder, hosts: names("localhost"), now: now) } == .keyFileMissing
        )
        try FileManager.default.moveItem(atPath: bench.file("safe.key"), toPath: folder + "/tls-root.key")
        let renewed = try RelayKeys.renewLeaf(folder: folder, hosts: names("localhost"), now: now + 1000)
        #expect(renewed.certificate != made.leaf.certificate)
        #expect(try RelayKeys.open(folder: folder, credentials: nil).leaf.certificate == renewed.certificate)
        chmod(folder + "/act.key", 0o640)
        #expect(code { _ = try RelayKeys.open(folder: folder, credentials: nil) } == .keyFileOpenToOthers)
    }

    @Test("systemd's credentials come first, and may be readable by the service's group")
    func credentials() throws {
        #expect(mkdir(bench.file("cred"), 0o700) == 0)
        #expect(mkdir(bench.file("own"), 0o700) == 0)
        let granted = SigningKey.generate()
        let own = SigningKey.generate()
        try KeyFile(path: bench.file("cred/log.key")).write(granted, .unattended)
        try KeyFile(path: bench.file("own/log.key")).write(own, .unattended)
        try KeyFile(path: bench.file("own/act.key")).write(own, .unattended)
        let store = CredentialStore(folder: bench.file("own"), credentials: bench.file("cred"))
        for mode in [0o400, 0o440] as [mode_t] {
            chmod(bench.file("cred/log.key"), mode)
            #expect(try store.signingKey("log.key").publicKey == granted.publicKey)
        }
        #expect(try store.signingKey("act.key").publicKey == own.publicKey)
        chmod(bench.file("cred/log.key"), 0o444)
        #expect(code { _ = try store.signingKey("log.key") } == .keyFileOpenToOthers)
        chmod(bench.file("own/act.key"), 0o440)
        #expect(code { _ = try store.signingKey("act.key") } == .keyFileOpenToOthers)
        #expect(code { _ = try store.read("tls.key") } == .keyFileMissing)
    }
}
