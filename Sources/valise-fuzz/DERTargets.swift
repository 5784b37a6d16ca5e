import Sealing
import Statements

/// The DER formats that come from outside, each decoded and encoded again.
enum DERTargets {
    static let all = [
        target(Statement.self), target(SignedStatement.self), target(Entry.self), target(Charter.self),
        target(SignedCharter.self), target(Acceptance.self), target(SignedRejection.self), target(KeyList.self),
        target(SealContext.self), target(WrapContext.self), target(Manifest.self),
    ]

    /// The largest format is a key list of every delegate's keys.
    static let limit = 1 << 20

    private static func target<Format: DERFormat>(_: Format.Type) -> FuzzTarget {
        FuzzTarget(Format.formName) { bytes in
            guard let value = FuzzTarget.parsed({ try Format(der: bytes, limit: limit) }) else { return false }
            FuzzTarget.require(FuzzTarget.parsed { try value.derBytes() } == bytes, "DER has one spelling")
            return true
        }
    }
}
