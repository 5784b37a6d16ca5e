/// The bounds of the formats, checked before anything is allocated for what they bound (`Docs/Valise.asn1`).
package enum Bounds {
    package static let charter = 60_000
    package static let signedCharter = 65_000
    package static let statement = 40_000
    package static let signedStatement = 48_000
    package static let entry = 65_535
    package static let parties = 64
    package static let delegates = 16
    package static let signers = 8
    package static let channels = 512
    package static let bars = 512
    package static let witnesses = 16
    package static let legs = 16
    package static let intermediaries = 4
    package static let sealedTo = 128
    package static let changes = 64
    package static let erasures = 256
    /// Bytes of a signed verdict: one with the sums of every party's scope has fewer.
    package static let verdict = 8_192
    package static let signatures = 256
    package static let proof = 64
    package static let text = 1_024
    package static let tlsRoot = 4_096
    package static let tlsRoots = 4
    /// Pages of a keys file, publications of a page, and bytes of the whole value.
    package static let keysPages = parties
    package static let keysPagePublications = 1_024
    package static let keysFile = 16 << 20
    package static let note = 65_536
    package static let keyList = parties * delegates * 16
    package static let payload: UInt64 = 1 << 40
    package static let count: UInt64 = (1 << 53) - 1
}
