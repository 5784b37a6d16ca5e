/// One parser under test: it must not trap on any bytes, and what it accepts must have been the only spelling.
struct FuzzTarget: Sendable {
    let name: String
    /// Returns whether the bytes were accepted; traps when a property does not hold.
    let accepts: @Sendable ([UInt8]) -> Bool

    init(_ name: String, _ accepts: @escaping @Sendable ([UInt8]) -> Bool) {
        self.name = name
        self.accepts = accepts
    }

    func run(_ bytes: [UInt8]) { _ = accepts(bytes) }

    static let all: [FuzzTarget] =
        TextTargets.all + DERTargets.all + EnvelopeTargets.all + KeyTargets.all
        + ArchiveTargets.all
        + FormatTargets.all + WitnessTargets.all

    /// A property that must hold for everything that a parser accepts.
    static func require(_ holds: Bool, _ property: StaticString) {
        precondition(holds, "\(property)")
    }

    /// Parses; nil when the parser refuses with an error, as it should refuse most of what comes.
    static func parsed<Value>(_ parse: () throws -> Value) -> Value? { try? parse() }
}
