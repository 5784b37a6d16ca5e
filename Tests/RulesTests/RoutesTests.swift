import Ledger
import Rules
import Statements
import Testing

@Suite("Routes")
struct RoutesTests {
    static func routes(
        from a: PartyID, to b: PartyID, after wait: TimeSpan = .minutes(10), _ precedence: Precedence = .routine,
        payload: UInt64 = 4_096, limit: Int = 8, under charter: SignedCharter? = nil
    ) throws -> [String] {
        let routes = Routes(CharterInForce(try charter ?? Talks.charter()))
        return routes.permitted(
            from: a, to: b, at: Talks.start + wait, precedence: precedence, payload: payload, limit: limit
        ).map { $0.holders.map(\.description).joined(separator: " ") }
    }

    @Test("where a channel leads straight to the recipient, that is the route")
    func direct() throws {
        #expect(try Self.routes(from: "us-envoy", to: "lebanon-speaker") == ["lebanon-speaker"])
    }

    @Test("a barred pair is connected through intermediaries, shortest first")
    func throughIntermediaries() throws {
        let speaker = "lebanon-speaker hezbollah"
        #expect(
            try Self.routes(from: "us-envoy", to: "hezbollah") == ["egypt-mediator hezbollah", speaker])
        #expect(
            try Self.routes(from: "us-envoy", to: "hezbollah", limit: 1) == ["egypt-mediator hezbollah"])
    }

    @Test("a channel that is too narrow is gone around")
    func narrow() throws {
        let around = ["lebanon-speaker hezbollah", "egypt-mediator lebanon-speaker hezbollah"]
        #expect(try Self.routes(from: "us-envoy", to: "hezbollah", .immediate) == around)
        #expect(try Self.routes(from: "us-envoy", to: "hezbollah", payload: 2 << 20) == around)
        #expect(try Self.routes(from: "us-envoy", to: "hezbollah", .flash).isEmpty)
    }

    @Test("a one-way channel is used one way")
    func oneWay() throws {
        #expect(try Self.routes(from: "egypt-mediator", to: "hezbollah") == ["hezbollah"])
        #expect(try Self.routes(from: "hezbollah", to: "egypt-mediator") == ["lebanon-speaker egypt-mediator"])
    }

    @Test("a party that may not carry is not in the middle, and a closed channel is no way")
    func closed() throws {
        #expect(try Self.routes(from: "lebanon-speaker", to: "israel-strategic-affairs").isEmpty)
        #expect(try Self.routes(from: "us-envoy", to: "oversight-committee").isEmpty)
        #expect(
            try Self.routes(from: "us-envoy", to: "oversight-committee", after: .days(3)) == ["oversight-committee"])
        #expect(try Self.routes(from: "us-envoy", to: "oversight-committee", after: .days(5)).isEmpty)
        #expect(try Self.routes(from: "us-envoy", to: "lebanon-speaker", after: .days(60)).isEmpty)
    }

    @Test("a route has at most four intermediaries, and no party twice")
    func longest() throws {
        let hops: [PartyID] = ["hop-1", "hop-2", "hop-3", "hop-4", "hop-5"]
        for count in 1...5 {
            let chain: [PartyID] = ["us-envoy"] + hops.prefix(count) + ["hezbollah"]
            var channels = zip(chain, chain.dropFirst()).map { Talks.channel($0, $1) }
            // A way around in a circle, which must not be gone.
            if count > 1 { channels.append(Talks.channel(hops[0], hops[count - 1])) }
            let charter = try Talks.charter(channels: channels, adding: Array(hops.prefix(count)))
            let found = try Self.routes(from: "us-envoy", to: "hezbollah", under: charter)
            let shortest = count == 1 ? "hop-1 hezbollah" : "hop-1 hop-\(count) hezbollah"
            let longest = hops.prefix(count).map(\.description).joined(separator: " ") + " hezbollah"
            #expect(found.first == shortest)
            #expect(found.contains(longest) == (count <= 4), "\(count) hops: \(found)")
        }
    }

    @Test("every route that is found is accepted")
    func accepted() throws {
        let world = try World.withKeys()
        let charter = world.charter.charter
        for from in charter.parties {
            for to in charter.parties where from.id != to.id && !to.capabilities.auditor {
                let found = Routes(world.facts.standing.charter).permitted(
                    from: from.id, to: to.id, at: world.now, precedence: .routine, payload: 4_096)
                for leg in found {
                    let key = "\(to.id)/\(to.delegates[0].name)"
                    let submission = world.submission(from: from.id, legs: [leg], to: [key], payload: 4_096)
                    let signers = from.delegates.prefix(from.releaseQuorum).map(\.name)
                    #expect(world.verdict(try world.made(from.id, .submission(submission), by: signers)) == "accepted")
                }
            }
        }
    }
}
