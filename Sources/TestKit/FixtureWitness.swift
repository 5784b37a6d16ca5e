import Crypto
package import Ledger
package import Statements

/// A witness whose key is drawn from a name, and that cosigns whatever it is given, at whatever time: an honest one is
/// a `Cosigner`.
package struct FixtureWitness: Sendable {
    package let signer: NoteSigner
    package let listed: Witness

    package init(_ name: String) throws {
        guard let noteName = NoteName("\(name).example") else { throw FormError("name", expected: "a note's name") }
        let key = try Curve25519.Signing.PrivateKey(rawRepresentation: FixtureWorld.bytes("witness \(name)", 32))
        signer = try NoteSigner(name: noteName, kind: .cosignature, privateKey: key)
        listed = Witness(verifierKey: signer.key.text, url: "https://\(name).example")
    }

    /// The note with this witness's line.
    package func cosigned(_ note: [UInt8], at time: Timestamp) throws -> [UInt8] {
        guard let second = CosignatureTime(seconds: UInt64(time.milliseconds / 1_000)) else {
            throw FormError("time", expected: "a time of a cosignature")
        }
        let note = try SignedNote(parsing: note)
        return try note.adding([signer.cosign(text: note.text, at: second)]).bytes
    }
}
