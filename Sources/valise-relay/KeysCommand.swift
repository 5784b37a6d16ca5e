import ArgumentParser
import Keyring
import Ledger
import Statements
import Terminal

/// `valise-relay keys`.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Make the relay's keys, and renew its certificate.",
        subcommands: [New.self, Renew.self])

    struct New: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "new", abstract: "Make the log key, the act key, the TLS root and a leaf under it.",
            discussion: """
                The keys open unattended: they lie unencrypted in files of mode 0600. relay.public holds what the \
                charter needs; send it to the steward. Keep tls-root.key elsewhere: serving does not need it.
                """)
        @Option(
            name: .customLong("out"), help: ArgumentHelp("The folder to make them in.", valueName: "folder"),
            completion: .directory)
        var folder: String
        @Option(help: "Where clients reach the relay: https://HOST or https://HOST:PORT.") var url: String
        @Option(help: "The log's origin; by default HOST[:PORT]/valise.") var origin: String?
        @Flag(help: "Print one JSON document.") var json = false

        func run() async throws {
            let address = try Address(url)
            let origin = origin ?? "\(address.authority)/valise"
            guard let name = NoteName(origin) else {
                throw CommandFailure(
                    code: "origin-malformed",
                    message: "'\(origin.prefix(80))' cannot name a log: no spaces and no + were expected.",
                    hints: ["for example: --origin relay.example/valise"], status: .usage)
            }
            let path = "\(folder)/relay.public"
            let keys = try RelayKeys.make(
                folder: folder, commonName: String(address.authority.prefix(48)) + " relay root",
                hosts: [ServerName(host: address.host)], now: TimeText.now())
            let text = RelayPublicText(
                url: address.url, origin: origin, logKey: keys.log.publicKey, actKey: keys.act.publicKey,
                tlsRoot: try CertificateText.der(keys.rootCertificate, name: "the TLS root"))
            let verifier = try VerifierKey(name: name, kind: .ed25519, publicKey: keys.log.publicKey)
            try Durable.write(path: path, bytes: Array(text.text.utf8), mode: 0o644, exclusive: true)
            print(text, verifier, path)
        }

        private func print(_ text: RelayPublicText, _ verifier: VerifierKey, _ path: String) {
            guard !json else {
                return Output.standard.json([
                    "schema": "valise/relay-keys/v1", "url": .string(text.url), "origin": .string(text.origin),
                    "logKey": .string(Base32.encode(text.logKey)), "actKey": .string(Base32.encode(text.actKey)),
                    "tlsRoot": .string(Base32.encode(Hash.sha256(text.tlsRoot).bytes)),
                    "verifierKey": .string(verifier.text), "file": .string(path),
                ])
            }
            Output.standard.write(text.text)
            Output.diagnostics.note("Keys made in \(folder); the text above is \(path).")
            Output.diagnostics.note("Verifier key of the log: \(verifier.text)")
            Output.diagnostics.note(.next, "send relay.public to the steward who writes the charter.")
        }
    }

    /// A relay's address, in one spelling.
    struct Address {
        let url: String
        let host: String
        /// Host and port as they stand.
        let authority: String

        init(_ text: String) throws {
            let refusal = CommandFailure(
                code: "url-malformed", message: "'\(text.prefix(80))' is not https://HOST or https://HOST:PORT.",
                hints: ["for example: --url https://relay.example:8443"], status: .usage)
            guard text.hasPrefix("https://"), text.utf8.count <= 255 else { throw refusal }
            authority = text.dropFirst("https://".count).lowercased()
            guard !authority.isEmpty, !authority.contains(where: { "/@?# ".contains($0) }) else { throw refusal }
            var host = authority[...]
            if let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
                guard let port = Int(authority[authority.index(after: colon)...]), (1...65_535).contains(port) else {
                    throw refusal
                }
                host = authority[..<colon]
            }
            self.host = String(host)
            url = "https://\(authority)"
        }
    }
}
