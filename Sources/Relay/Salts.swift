import Glibc
import Statements

/// The random bytes of entries, drawn from the kernel for many entries at a time: one call for each costs as much as an
/// entry's encoding.
struct Salts {
    /// The most that `getentropy(3)` gives.
    private static let stock = 256
    private var held: ArraySlice<UInt8> = []

    /// ``Entry/saltBytes`` fresh bytes; no byte is given twice.
    mutating func next() -> [UInt8] {
        if held.count < Entry.saltBytes { held = Self.draw()[...] }
        defer { held = held.dropFirst(Entry.saltBytes) }
        return Array(held.prefix(Entry.saltBytes))
    }

    private static func draw() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: stock)
        while getentropy(&bytes, stock) != 0 {}
        return bytes
    }
}
