import Foundation
import HTTPTypes
import Ledger
import Statements
import Testing
import Wire

/// Good texts, damaged at random: no parser may trap, and what one accepts must be written and read again as the same.
/// `VALISE_FUZZ_SEED` repeats a run, `VALISE_FUZZ_ROUNDS` makes it longer.
@Suite("Damaged texts")
struct SeededFuzzTests {
    /// Makes other texts out of some: splitmix64 decides where.
    struct Mutator {
        let seed: UInt64
        let rounds: Int
        private var state: UInt64
        private let samples: [[UInt8]]

        init(_ samples: [String]) {
            let environment = ProcessInfo.processInfo.environment
            seed = environment["VALISE_FUZZ_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 1...UInt64.max)
            rounds = environment["VALISE_FUZZ_ROUNDS"].flatMap { Int($0) } ?? 4_000
            state = seed
            self.samples = samples.map { Array($0.utf8) }
        }

        private mutating func below(_ limit: Int) -> Int {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return Int((z ^ (z >> 31)) % UInt64(max(1, limit)))
        }

        mutating func next() -> [UInt8] {
            var text = samples[below(samples.count)]
            for _ in 0...below(4) { damage(&text) }
            return text
        }

        private mutating func damage(_ text: inout [UInt8]) {
            let place = below(text.count + 1)
            let end = min(text.count, place + below(9))
            switch below(6) {
            case 0 where place < text.count: text[place] ^= 1 << UInt8(below(8))
            case 1: text.insert(UInt8(below(256)), at: place)
            case 2: text.removeSubrange(place..<end)
            case 3: text.insert(contentsOf: text[place..<end], at: below(text.count + 1))
            case 4:
                let other = samples[below(samples.count)]
                text = Array(text[..<place] + other[below(other.count)...])
            default: text.insert(contentsOf: Array("\"{}[]:,\\u0=?/.&()-01 ".utf8).one(below(20)), at: place)
            }
        }
    }

    @Test("JSON that is accepted is written and read again as the same value")
    func json() throws {
        var mutator = Mutator([
            #"{"a":[1,-2,{"b":null}],"c":"x\n\u00e9\ud83d\udd4a","d":true,"e":false}"#, "[[[[]]]]", #""\\\"""#,
            "-9007199254740991", #"{"number":7,"chain":[],"more":false}"#, " [ 0 , \"\u{e9}\u{1f54a}\" ]\r\n",
        ])
        for _ in 0..<mutator.rounds {
            let text = mutator.next()
            guard let value = try? JSON(parsing: text, limit: 1 << 16, form: "test") else { continue }
            let again = try? JSON(parsing: value.bytes, limit: 1 << 17, form: "test")
            #expect(again == value, "seed \(mutator.seed): \(String(decoding: text, as: UTF8.self))")
        }
    }

    @Test("a target that is accepted is written and read again as the same route")
    func routes() throws {
        var mutator = Mutator(try RouteTests.samples().map(\.2) + ["/v1/inbox", "/v1/inbox?limit=1&wait=2&after=3"])
        for _ in 0..<mutator.rounds {
            let target = String(decoding: mutator.next(), as: UTF8.self)
            for method in [HTTPRequest.Method.get, .post] {
                guard let route = try? Route(method: method, target: target) else { continue }
                let again = try? Route(method: method, target: route.target)
                #expect(again == route, "seed \(mutator.seed): \(target)")
            }
        }
    }

    @Test("a signature whose fields were damaged is never accepted for another request or signer")
    func signatures() async throws {
        let tests = try MessageSignatureTests()
        let good = try await tests.sign()
        let inputName = try #require(HTTPField.Name("Signature-Input"))
        let signatureName = try #require(HTTPField.Name("Signature"))
        let input = try #require(good[inputName])
        let signature = try #require(good[signatureName])
        var mutator = Mutator([input, signature])
        for _ in 0..<mutator.rounds {
            let text = String(decoding: mutator.next(), as: UTF8.self)
            for name in [inputName, signatureName] {
                var fields = good
                fields[name] = text
                guard let found = try? MessageSignature(fields: fields) else { continue }
                let accepted = tests.code(MessageSignatureTests.request, fields) == nil
                // Other spellings of the same parameters (spaces) are the same to RFC 8941, and only those.
                #expect(!accepted || found.fields == good, "seed \(mutator.seed): \(text)")
            }
        }
    }

    @Test("a view that is accepted is written and read again as the same view")
    func views() async throws {
        let entry = ProvenEntry(index: 3, entryBytes: [0x30, 0], proof: [Hash.sha256([1])])
        let party = try #require(PartyID("us-envoy"))
        let leg = try #require(LegNumber(0))
        let arrival = InboxPage.Arrival(number: ArrivalNumber(1), message: RouteTests.id, leg: leg, chain: [entry])
        let consistency = ConsistencyView(from: 1, to: 9, proof: ConsistencyProof(hashes: [Hash.sha256([2])]))
        let inbox = InboxPage(party: party, checkpoint: [0x61, 0x0a], arrivals: [arrival], tick: entry, more: true)
        let keys = KeysView(checkpoint: [0x61], tick: nil, keyList: nil, publications: [entry])
        let message = MessageView(checkpoint: [0x61], chain: [entry, entry])
        let sent = SentPage(
            party: party, checkpoint: [0x61], messages: [.init(id: RouteTests.id, chain: [entry])], more: false)
        let scope = ScopePage(party: party, checkpoint: [0x61], entries: [entry], more: false)
        let verdicts = VerdictsView(
            checkpoint: [0x61], verdicts: [try await VerdictsViewTests.signed("north/lead")])
        let problem = Problem(.notAuthenticated, "a detail")
        var mutator = Mutator(
            try [
                consistency.encoded, inbox.encoded(), keys.encoded(), message.encoded(), sent.encoded(),
                scope.encoded(),
                verdicts.encoded(), problem.encoded,
            ].map { String(decoding: $0, as: UTF8.self) })
        for _ in 0..<mutator.rounds {
            let text = mutator.next()
            func check<View: Equatable>(_ read: ([UInt8]) throws -> View, _ write: (View) throws -> [UInt8]) {
                guard let view = try? read(text) else { return }
                let again = try? read(try write(view))
                #expect(again == view, "seed \(mutator.seed): \(String(decoding: text, as: UTF8.self))")
            }
            check({ try ConsistencyView(parsing: $0) }, { $0.encoded })
            check({ try InboxPage(parsing: $0) }, { try $0.encoded() })
            check({ try KeysView(parsing: $0) }, { try $0.encoded() })
            check({ try MessageView(parsing: $0) }, { try $0.encoded() })
            check({ try SentPage(parsing: $0) }, { try $0.encoded() })
            check({ try ScopePage(parsing: $0) }, { try $0.encoded() })
            check({ try VerdictsView(parsing: $0) }, { try $0.encoded() })
            check({ try Problem(parsing: $0) }, { $0.encoded })
        }
    }
}

extension [UInt8] {
    /// One of the bytes, alone.
    fileprivate func one(_ place: Int) -> [UInt8] { [self[place % count]] }
}
