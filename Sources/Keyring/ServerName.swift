import Glibc

/// What a relay's certificate is made out to: a DNS name or an IP address, as it stands in the relay's URL.
package struct ServerName: Hashable, Sendable, CustomStringConvertible {
    /// As in the extension subjectAltName of OpenSSL's configuration: `DNS:relay.example`, `IP:127.0.0.1`.
    let alternative: String

    /// - Parameter host: the host of a URL; an IPv6 address with or without its brackets.
    /// - Throws: ``KeyringError`` with `host-name-malformed` unless it is an address, or a DNS name of at most 253
    ///   letters, digits, hyphens and dots (RFC 1123 section 2.1).
    package init(host: String) throws {
        var bare = Substring(host)
        if bare.hasPrefix("["), bare.hasSuffix("]") { bare = bare.dropFirst().dropLast() }
        let text = String(bare)
        if Self.isAddress(text) {
            alternative = "IP:\(text)"
        } else if bare.count == host.count, Self.isName(text) {
            alternative = "DNS:\(text.lowercased())"
        } else {
            throw KeyringError(
                .hostNameMalformed, "\(host.debugDescription) was expected to be a DNS name or an IP address.",
                hint: "Give the host of the relay's URL, without scheme, port and path.")
        }
    }

    var isAddress: Bool { alternative.hasPrefix("IP:") }

    package var description: String { String(alternative.drop { $0 != ":" }.dropFirst()) }

    private static func isAddress(_ text: String) -> Bool {
        guard !text.utf8.contains(0) else { return false }
        var address = in6_addr()
        return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1
    }

    private static func isName(_ text: String) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        let labels = text.utf8.split(separator: 0x2E, omittingEmptySubsequences: false)
        // A last label of digits alone would be read as an address.
        guard let last = labels.last, !last.allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
        return labels.allSatisfy { label in
            (1...63).contains(label.count) && label.first != 0x2D && label.last != 0x2D
                && label.allSatisfy { byte in
                    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                        || byte == 0x2D
                }
        }
    }
}
