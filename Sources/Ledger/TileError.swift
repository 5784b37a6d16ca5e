/// Why a tile or an entry bundle was refused.
public enum TileError: LedgerError {
    /// The tile has another number of bytes.
    case wrongLength(path: String, expected: Int, found: Int)
    /// An entry is longer than a bundle can say.
    case entryTooLong(found: Int)
    /// A bundle ends within an entry, or its number of entries is not the one expected.
    case malformedBundle

    public var code: String {
        switch self {
        case .wrongLength: "tile-wrong-length"
        case .entryTooLong: "bundle-entry-too-long"
        case .malformedBundle: "bundle-malformed"
        }
    }

    public var sentence: String {
        switch self {
        case .wrongLength(let path, let expected, let found):
            "The tile \(path) has \(found) bytes where \(expected) were expected."
        case .entryTooLong(let found):
            "The entry has \(found) bytes, but at most \(EntryBundle.maximumEntryByteCount) are allowed."
        case .malformedBundle: "The entry bundle was expected to hold whole entries, one for each leaf of its tile."
        }
    }

    public var nextStep: String {
        switch self {
        case .wrongLength, .malformedBundle: "Fetch it again; if it stays so, report the log."
        case .entryTooLong: "Put a shorter entry into the log."
        }
    }
}
