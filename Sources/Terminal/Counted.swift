/// A number with its noun.
package enum Counted {
    /// `1 message`, `3 messages`; `many` where the plural is not the noun with an s: `2 entries`.
    package static func words(_ number: some BinaryInteger, _ one: String, _ many: String? = nil) -> String {
        "\(number) \(number == 1 ? one : many ?? "\(one)s")"
    }
}
