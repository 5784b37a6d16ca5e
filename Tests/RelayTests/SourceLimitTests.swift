import Daemon
import NIOCore
import Relay
import Statements
import TestKit
import Testing
import Wire

@Suite("Limits before anybody is known", .timeLimit(.minutes(2)))
struct SourceLimitTests {
    private static func options(_ clock: SteadyClock, _ set: @escaping @Sendable (inout SourceLimits) -> Void)
        -> RelayInABox.Options
    {
        var options = RelayInABox.Options.watched { settings in
            settings.limits.sources.now = { clock.now }
            set(&settings.limits.sources)
        }
        options.publishesKeys = false
        return options
    }

    /// An answer to a stranger; nil if the connection was closed instead.
    private static func ask(_ connection: LoadConnection?, _ box: RelayInABox) async -> Int? {
        try? await connection?.send(box.request("GET", "/v1/charter")).status
    }

    private static func count(_ limit: ServiceLimit, _ box: RelayInABox) async throws -> Double? {
        try await box.metrics()[#"valise_limited_total{limit="\#(limit.rawValue)"}"#]
    }

    @Test(
        "a connection above the bound is closed before TLS, and one that ends makes room",
        arguments: [ServiceLimit.connections, .addressConnections])
    func connections(limit: ServiceLimit) async throws {
        let options = Self.options(SteadyClock()) { limits in
            if limit == .connections { limits.connections = 2 } else { limits.addressConnections = 2 }
        }
        try await RelayInABox.run(nil, options) { box in
            let (first, second) = (try await box.connect(), try await box.connect())
            #expect(await Self.ask(first, box) == 200)
            #expect(await Self.ask(second, box) == 200)
            #expect(await Self.ask(try? await box.connect(), box) == nil)
            #expect(try #require(try await Self.count(limit, box)) >= 1)
            #expect(await Self.ask(first, box) == 200)
            await first.close()
            var status: Int?
            while status == nil {
                let next = try? await box.connect()
                status = await Self.ask(next, box)
                await next?.close()
            }
            #expect(status == 200)
            await second.close()
        }
    }

    @Test("a new connection above the rate of its address is read later, and not closed")
    func handshakes() async throws {
        let clock = SteadyClock()
        try await RelayInABox.run(nil, Self.options(clock) { $0.handshakes = 2 }) { box in
            let begin = ContinuousClock.now
            for _ in 0..<5 {
                let connection = try await box.connect()
                #expect(await Self.ask(connection, box) == 200)
                await connection.close()
            }
            #expect(ContinuousClock.now - begin >= .milliseconds(1_900))
        }
    }

    @Test("requests without a signature that holds have a rate, and those with one have not")
    func requests() async throws {
        let clock = SteadyClock()
        try await RelayInABox.run(nil, Self.options(clock) { $0.requests = 1 }) { box in
            let (stranger, delegate) = (try await box.connect(), try await box.connect())
            let keys = try await box.reading(.keys(FixtureWorld.envoy.party), as: FixtureWorld.speaker)
            #expect(try await delegate.send(keys).status == 200)
            for _ in 0..<9 { #expect(await Self.ask(stranger, box) == 200) }
            let answer = try await stranger.send(box.request("GET", "/v1/charter"))
            let problem = try Problem(parsing: answer.body)
            #expect(answer.status == 429 && problem.code == "busy")
            #expect(
                problem.detail == "Too many requests come from this address without a signature that holds.")
            #expect(answer.field("Retry-After") == "1")
            #expect(try await Self.count(.addressRequests, box) == 1)
            for _ in 0..<20 { #expect(try await delegate.send(keys).status == 200) }
            clock.advance(.seconds(1))
            #expect(await Self.ask(stranger, box) == 200)
            await stranger.close()
            await delegate.close()
        }
    }

    @Test("signatures that do not hold have a rate, and cost a delegate nothing who is known on its connection")
    func failures() async throws {
        let clock = SteadyClock()
        try await RelayInABox.run(nil, Self.options(clock) { $0.failures = 1 }) { box in
            let (stranger, delegate) = (try await box.connect(), try await box.connect())
            let route = Route.keys(FixtureWorld.envoy.party)
            let keys = try await box.reading(route, as: FixtureWorld.speaker)
            #expect(try await delegate.send(keys).status == 200)
            let nobody = try #require(DelegateID("lebanon-speaker/deputy"))
            let forged = try await LoadConnection.reading(
                route.target, port: box.site.port, as: nobody, at: box.clock.now
            ) {
                try box.world.sign($0, by: FixtureWorld.envoy)
            }
            for _ in 0..<10 { #expect(try await stranger.send(forged).status == 401) }
            let answer = try await stranger.send(forged)
            let problem = try Problem(parsing: answer.body)
            #expect(answer.status == 429 && problem.code == "busy")
            #expect(problem.detail == "Too many signatures from this address did not hold.")
            #expect(try await Self.count(.addressFailures, box) == 1)
            #expect(try await delegate.send(keys).status == 200)
            // Whoever sends a wrong one has to pay like a stranger again.
            #expect(try await delegate.send(forged).status == 401)
            #expect(try await delegate.send(keys).status == 429)
            clock.advance(.seconds(1))
            #expect(try await delegate.send(keys).status == 200)
            #expect(try await stranger.send(forged).status == 401)
            await stranger.close()
            await delegate.close()
        }
    }

    @Test("bytes of somebody unknown have a rate at which they are read, and those of a delegate have not")
    func bytes() async throws {
        let clock = SteadyClock()
        try await RelayInABox.run(nil, Self.options(clock) { $0.bytes = 2_000 }) { box in
            let (stranger, delegate) = (try await box.connect(), try await box.connect())
            let long = "X-Long: \(String(repeating: "a", count: 4_000))\r\n"
            let keys = try await box.reading(.keys(FixtureWorld.envoy.party), as: FixtureWorld.speaker, fields: long)
            #expect(try await delegate.send(keys).status == 200)
            let large = box.request("GET", "/v1/charter", fields: long)
            let sent = Counter()
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    for _ in 0..<12 {
                        guard try await stranger.send(large).status == 200 else { return }
                        sent.add()
                    }
                }
                while try await Self.count(.addressBytes, box) == 0 { await Task.yield() }
                // The clock stands, so nothing of the stranger's is read, and a delegate is not held up.
                for _ in 0..<20 { #expect(try await delegate.send(keys).status == 200) }
                #expect((1...5).contains(sent.value))
                while sent.value < 12 {
                    clock.advance(.seconds(1))
                    await Task.yield()
                }
                try await tasks.waitForAll()
            }
            await stranger.close()
            await delegate.close()
        }
    }

    @Test("who proves by what is being read who they are is read on, whatever the address owes")
    func provenOnTheWay() async throws {
        // The clock stands, and 200 kB may come without a proof: the keys that are published first are less.
        var options = Self.options(SteadyClock()) { $0.bytes = 20_000 }
        options.publishesKeys = true
        try await RelayInABox.run(nil, options) { box in
            let envelope = try box.envelope([UInt8](repeating: 7, count: 400_000))
            let entry = try await box.accept(envelope)
            #expect(try await Self.count(.addressBytes, box) ?? 0 >= 1)
            #expect(entry.statement == envelope.signed.id)
        }
    }
}

@Suite("The table of addresses")
struct SourceTableTests {
    private static func address(_ text: String) throws -> SocketAddress { try SocketAddress(ipAddress: text, port: 1) }

    private static func table(
        _ clock: SteadyClock, _ figures: LimitFigures = LimitFigures(), _ set: (inout SourceLimits) -> Void
    ) -> SourceTable {
        var limits = SourceLimits()
        limits.now = { clock.now }
        set(&limits)
        return SourceTable(limits, figures: figures)
    }

    @Test("an IPv6 network of 64 bits is one address, and an IPv4 address is the same in its IPv6 form")
    func same() throws {
        let table = SourceTable(SourceLimits(), figures: LimitFigures())
        let pairs = [("2001:db8::1", "2001:db8::ffff:2"), ("10.1.2.3", "::ffff:10.1.2.3")]
        for (left, right) in pairs {
            let first = try #require(table.enter(Self.address(left))).source
            #expect(table.enter(try Self.address(right))?.source === first)
        }
        #expect(table.count == 2)
        let other = try #require(table.enter(Self.address("2001:db8:0:1::1"))).source
        #expect(try #require(table.enter(Self.address("2001:db8::1"))).source !== other)
        #expect(table.count == 3)
    }

    @Test("it holds so many addresses, shares one budget for the rest, and forgets those with nothing to remember")
    func bounded() throws {
        let (clock, figures) = (SteadyClock(), LimitFigures())
        let table = Self.table(clock, figures) { $0.addresses = 8 }
        let held = try (1...8).map { try #require(table.enter(Self.address("10.0.0.\($0)"))).source }
        let crowd = try #require(table.enter(Self.address("10.0.1.1"))).source
        #expect(table.enter(try Self.address("10.0.1.2"))?.source === crowd)
        #expect(table.count == 8 && figures.addresses.value == 8)
        for source in held { table.leave(source) }
        clock.advance(.seconds(20))
        #expect(try #require(table.enter(Self.address("10.0.1.3"))).source !== crowd)
        #expect(table.count == 1)
    }

    @Test("handshakes begin at their address's rate after a burst, never many together, and what waits is bounded")
    func handshakes() throws {
        let clock = SteadyClock()
        let table = Self.table(clock) { $0.handshakes = 10 }
        let milliseconds = { (address: String) in
            table.enter(try Self.address(address)).map { Int(($0.wait * 1_000).rounded()) }
        }
        let waits = try (0..<53).map { _ in try milliseconds("10.0.0.1") }
        #expect(waits == [0, 2] + (1...50).map { $0 * 100 } + [nil])
        // Another address comes behind those that begin at once, not behind those that wait.
        #expect(try milliseconds("10.0.0.2") == 4)
        clock.advance(.milliseconds(200))
        #expect(try milliseconds("10.0.0.2") == 0)
        #expect(try milliseconds("10.0.0.1") == 4_900)
        #expect(try milliseconds("10.0.0.1") == 5_000)
        #expect(try milliseconds("10.0.0.1") == nil)
    }

    @Test("handshakes of many addresses wait for five seconds at most; what would wait longer is closed and books none")
    func crowd() throws {
        let clock = SteadyClock()
        let table = Self.table(clock) { _ in }
        var waits: [Double] = []
        for number in 0..<3_000 {
            let address = try Self.address("10.1.\(number / 250).\(number % 250)")
            guard let (source, wait) = table.enter(address) else { continue }
            waits.append(wait)
            table.leave(source)
        }
        #expect(waits.count == 2_501 && waits.max() == 5)
        clock.advance(.seconds(1))
        #expect(try #require(table.enter(Self.address("10.2.0.1"))).wait == 4.002)
    }

    @Test("a bucket holds ten seconds of its rate, lets a larger amount through once, and has it paid")
    func bucket() {
        let start = ContinuousClock.now
        var bucket = TokenBucket(rate: 2, at: start)
        var owing = TokenBucket(rate: 2, at: start)
        #expect(owing.charge(20, at: start) == nil)
        #expect(owing.charge(3, at: start) == 1.5)
        #expect(owing.charge(0, at: start + .seconds(1)) == 0.5)
        #expect(owing.charge(1_000, at: start + .seconds(1)) == 10)
        #expect(owing.charge(0, at: start + .seconds(11)) == nil)
        for _ in 0..<20 { #expect(bucket.take(at: start) == nil) }
        #expect(bucket.take(at: start) == 0.5)
        #expect(bucket.take(at: start + .milliseconds(500)) == nil)
        #expect(bucket.take(100, at: start + .seconds(5)) == 5.5)
        #expect(bucket.take(100, at: start + .seconds(11)) == nil)
        #expect(bucket.take(at: start + .seconds(11)) == 40.5)
        bucket.giveBack(81)
        #expect(bucket.take(at: start + .seconds(11)) == nil)
        // A clock that goes back fills nothing.
        #expect(bucket.take(at: start) == 0.5)
    }
}
