import Foundation
import Keyring
import Testing

@Suite("Whether clients will trust a leaf")
struct LeafTrustTests {
    static let now = Int64(Date().timeIntervalSince1970 * 1000)
    static let day: Int64 = 86_400_000
    let root: TLSRoot
    let leaf: TLSLeaf
    init() throws {
        root = try TLSRoot.make(commonName: "Valise relay", now: Self.now)
        leaf = try root.issueLeaf(
            for: [ServerName(host: "relay.example"), ServerName(host: "127.0.0.1")], now: Self.now)
    }

    /// The message of the refusal; nil if there is none.
    private func refusal(
        _ leaf: TLSLeaf, roots: [[UInt8]]? = nil, host: String = "relay.example", at time: Int64 = now
    ) throws -> String? {
        do {
            try leaf.requireTrust(under: roots ?? [root.der], host: ServerName(host: host), now: time)
            return nil
        } catch let error as KeyringError {
            #expect(error.code == .certificateUnfit)
            return error.message
        }
    }

    @Test("under one of the roots, in its time, for its names")
    func trusted() throws {
        let other = try TLSRoot.make(commonName: "Valise relay", now: Self.now)
        #expect(try refusal(leaf) == nil)
        #expect(try refusal(leaf, roots: [other.der, root.der]) == nil)
        #expect(try refusal(leaf, host: "RELAY.example") == nil)
        #expect(try refusal(leaf, host: "127.0.0.1") == nil)
        #expect(try refusal(leaf, at: Self.now + 396 * Self.day) == nil)
    }

    @Test("not under another root, with another key, out of its time, for another name")
    func unfit() throws {
        let other = try TLSRoot.make(commonName: "Valise relay", now: Self.now)
        let second = try root.issueLeaf(for: [ServerName(host: "relay.example")], now: Self.now)
        #expect(try refusal(leaf, roots: [other.der])?.isEmpty == false)
        #expect(try refusal(leaf, roots: [])?.isEmpty == false)
        #expect(
            try refusal(TLSLeaf(certificate: leaf.certificate, key: second.key))?.contains("tls.key") == true)
        #expect(try refusal(leaf, at: Self.now + 398 * Self.day)?.contains("expired") == true)
        #expect(try refusal(leaf, at: Self.now - Self.day)?.contains("not yet valid") == true)
        #expect(try refusal(leaf, host: "other.example")?.lowercased().contains("hostname mismatch") == true)
        #expect(try refusal(leaf, host: "127.0.0.2")?.lowercased().contains("ip address mismatch") == true)
        // The root itself is no server's certificate.
        #expect(try refusal(TLSLeaf(certificate: root.certificate, key: root.key))?.isEmpty == false)
    }

    @Test("a text that is no certificate is damaged")
    func damaged() throws {
        let broken = TLSLeaf(certificate: Array("nothing".utf8), key: leaf.key)
        #expect(
            code { try broken.requireTrust(under: [], host: ServerName(host: "a.example"), now: Self.now) }
                == .certificateDamaged)
    }

    @Test("the leaf is read where it is named, and credentials go first otherwise")
    func places() throws {
        let bench = try Workbench()
        let keys = try RelayKeys.make(
            folder: bench.file("keys"), commonName: "root", hosts: [ServerName(host: "relay.example")], now: Self.now)
        for folder in ["credentials", "tls"] {
            try FileManager.default.createDirectory(atPath: bench.file(folder), withIntermediateDirectories: false)
        }
        let (credentials, tls) = (bench.file("credentials"), bench.file("tls"))
        _ = try bench.put("credentials/tls.pem", leaf.certificate, mode: 0o444)
        _ = try bench.put("credentials/tls.key", leaf.key.copy(), mode: 0o440)
        func read(_ tls: String?, _ credentials: String?) throws -> [UInt8] {
            try ServingKeys.open(folder: bench.file("keys"), tls: tls, credentials: credentials).leaf.certificate
        }
        #expect(try read(nil, nil) == keys.leaf.certificate)
        #expect(try read(nil, credentials) == leaf.certificate)
        #expect(code { _ = try read(tls, credentials) } == .keyFileMissing)
        let second = try root.issueLeaf(for: [ServerName(host: "relay.example")], now: Self.now)
        _ = try bench.put("tls/tls.pem", second.certificate)
        _ = try bench.put("tls/tls.key", second.key.copy())
        #expect(try read(tls, credentials) == second.certificate)
        _ = try bench.put("tls/tls.key", second.key.copy(), mode: 0o644)
        #expect(code { _ = try read(tls, credentials) } == .keyFileOpenToOthers)
    }

    @Test("a renewal that is interrupted anywhere leaves a key and a certificate that fit", arguments: [false, true])
    func interrupted(hasKey: Bool) throws {
        let bench = try Workbench()
        let folder = bench.file("keys")
        let hosts = [try ServerName(host: "relay.example")]
        let old = try RelayKeys.make(folder: folder, commonName: "root", hosts: hosts, now: Self.now).leaf
        // Nothing can be put in place of a folder: it ends before the key, or between the key and the certificate.
        let blocked = hasKey ? "keys/tls.pem" : "keys/tls.key"
        let mode: mode_t = hasKey ? 0o644 : 0o600
        let before = try bench.bytes(blocked)
        try FileManager.default.removeItem(atPath: bench.file(blocked))
        try FileManager.default.createDirectory(atPath: bench.file(blocked), withIntermediateDirectories: false)
        #expect(throws: KeyringError.self) {
            try RelayKeys.renewLeaf(folder: folder, hosts: hosts, now: Self.now + 1000)
        }
        try FileManager.default.removeItem(atPath: bench.file(blocked))
        _ = try bench.put(blocked, before, mode: mode)
        let opened = try RelayKeys.open(folder: folder, credentials: nil)
        #expect((opened.leaf.certificate == old.certificate) != hasKey)
        let served = try ServingKeys.open(folder: folder, tls: nil, credentials: nil).leaf
        #expect(served.certificate == opened.leaf.certificate)
        try served.requireTrust(
            under: [CertificateText.der(opened.rootCertificate, name: "root")], host: hosts[0], now: Self.now + 2000)
        // The next one comes to its end.
        let renewed = try RelayKeys.renewLeaf(folder: folder, hosts: hosts, now: Self.now + 3000)
        #expect(try RelayKeys.open(folder: folder, credentials: nil).leaf.certificate == renewed.certificate)
        #expect(!FileManager.default.fileExists(atPath: folder + "/tls.pem.next"))
    }

    @Test("a certificate that is not the key's is not opened, and the way out is named")
    func otherKey() throws {
        let bench = try Workbench()
        let hosts = [try ServerName(host: "relay.example")]
        _ = try RelayKeys.make(folder: bench.file("keys"), commonName: "root", hosts: hosts, now: Self.now)
        _ = try bench.put("keys/tls.pem", leaf.certificate, mode: 0o644)
        let error = #expect(throws: KeyringError.self) {
            try ServingKeys.open(folder: bench.file("keys"), tls: nil, credentials: nil)
        }
        #expect(error?.code == .certificateUnfit && error?.hint.contains("valise-relay keys renew") == true)
    }
}
