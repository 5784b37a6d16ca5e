import Ledger
import Rules
import Statements
import Testing

@Suite("The keys' hash of a tick, worked out once for many")
struct PreparedKeysTests {
    private static let start = Timestamp(milliseconds: 1_000_000)

    private static func record(_ number: Int, from: Int64, for span: Int64) throws -> SealingKeyRecord {
        let delegate = try #require(DelegateID("us-envoy/lead"))
        let until = start + .seconds(from + span)
        return SealingKeyRecord(
            delegate: delegate, keyID: KeyID(Hash.sha256([UInt8(number)])), sealFrom: start + .seconds(from),
            sealUntil: until, keepUntil: until + .days(20))
    }

    @Test("is the same as without, whatever happens in between")
    func same() throws {
        var prepared = try World(Talks.charter()).facts.standing
        // Keys that come, end, and are published again, with looks at the moments around each end.
        for number in 0..<12 {
            let key = try Self.record(number % 9, from: Int64(number) * 7, for: 20 + Int64(number % 3) * 5)
            prepared.keys[key.keyID] = key
            for step in 0..<40 {
                let time = Self.start + TimeSpan(milliseconds: Int64(number * 7 + step) * 1_000 - 1 + Int64(step % 3))
                prepared.prepareKeysHash(at: time)
                let wanted = try KeyList(prepared.keys.values, at: time).hash()
                #expect(prepared.keysHash(at: time) == wanted)
                // Also where it was not prepared for.
                for other in [time - .seconds(30), time + TimeSpan(milliseconds: 1), time + .seconds(9)] {
                    #expect(try prepared.keysHash(at: other) == KeyList(prepared.keys.values, at: other).hash())
                }
            }
        }
        prepared.keys = [:]
        #expect(try prepared.keysHash(at: Self.start) == KeyList([], at: Self.start).hash())
    }
}
