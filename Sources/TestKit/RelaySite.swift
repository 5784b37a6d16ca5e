import Crypto
import Daemon
import Glibc
package import Keyring
import Ledger
package import NIOPosix
package import NIOSSL
package import Statements
import Synchronization
import Transport

/// Everything of a relay that outlives its process: folder, charter, keys, TLS identity, address and clock. A relay may
/// run at it several times, one after the other.
package final class RelaySite: Sendable {
    package let folder: TemporaryFolder
    package let world: FixtureWorld
    package let clock: TestClock
    /// On loopback, and in the charter's URL.
    package let port: Int
    /// Where the relay itself listens: another port if a proxy is to stand before it.
    package let relayPort: Int
    let leaf: TLSLeaf
    /// What a client of this relay trusts.
    package let context: NIOSSLContext
    package let group = MultiThreadedEventLoopGroup.singleton

    /// The clock stands at the machine's time, where a certificate is valid.
    /// - Parameter isBehindProxy: whether the charter's URL names another port than the relay's own.
    package init(
        limits: Limits = .standard, publication: Publication = .private, isBehindProxy: Bool = false,
        witnesses: [Witness] = [], witnessQuorum: UInt64 = 0, observes: [PartyPair] = []
    ) throws {
        folder = try TemporaryFolder("valise-relay")
        let now = Self.machineTime
        clock = TestClock(now)
        port = try Self.freePort()
        relayPort = isBehindProxy ? try Self.freePort() : port
        let root = try TLSRoot.make(commonName: "valise test", now: now.milliseconds)
        leaf = try root.issueLeaf(for: [ServerName(host: "localhost")], now: now.milliseconds)
        world = try FixtureWorld(
            url: "https://localhost:\(port)", tlsRoots: [root.der], limits: limits, start: now,
            publication: publication, witnesses: witnesses, witnessQuorum: witnessQuorum,
            observes: observes)
        context = try LoadConnection.context(roots: [NIOSSLCertificate(bytes: root.der, format: .der)])
    }

    var data: String { "\(folder.path)/data" }

    private static var machineTime: Timestamp { RelayClient.systemClock() }

    /// Ports below the range from which the system gives ports to clients, so that no connection of another test can
    /// take one between the choice and its use.
    private static let nextPort = Atomic<Int>(20_000 + Int(getpid() % 100) * 120)

    private static func freePort() throws -> Int {
        for _ in 0..<500 {
            let port = nextPort.wrappingAdd(1, ordering: .relaxed).newValue
            let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { Glibc.close(probe) }
            if try LoopbackAddress.with(port: port, { bind(probe, $0, $1) == 0 }) { return port }
        }
        throw NoPort()
    }

    private struct NoPort: Error {}
}

/// Keys and signatures.
extension RelaySite {
    /// A delegate's sealing key, drawn from its name.
    package static func sealingKey(_ delegate: DelegateID) throws -> SealingKey {
        try SealingKey(seed: FixtureWorld.bytes("real sealing key \(delegate)", 32))
    }

    /// A signed statement, made now and to be submitted within the hour unless said otherwise.
    package func sign(
        _ act: Act, by delegate: DelegateID, seen: LogHead, madeAt: Timestamp? = nil, submitBy: Timestamp? = nil,
        signer: DelegateID? = nil, charter: CharterID? = nil
    ) throws -> SignedStatement {
        let time = madeAt ?? clock.now
        return try LogForge.sign(
            act, by: delegate, in: world, at: time, seen: seen, submitBy: submitBy, signer: signer, charter: charter)
    }
}
