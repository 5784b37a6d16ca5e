import ArgumentParser
import Keyring
import Ledger
import Statements
import Terminal

extension KeysCommand {
    /// `valise-relay keys renew`: another leaf under the same root.
    struct Renew: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "renew", abstract: "Replace the TLS leaf and its key by new ones under the same root.",
            discussion: """
                A leaf serves for 397 days. This needs tls-root.key in the folder; the charter stays as it is. A relay \
                that runs goes on with the old leaf until it is told to reload.
                """)
        @Option(help: ArgumentHelp("The folder of the relay's keys.", valueName: "folder"), completion: .directory)
        var keys: String
        @Option(help: "Where clients reach the relay; by default what relay.public in the folder says.")
        var url: String?
        @Flag(help: "Print one JSON document.") var json = false

        func run() async throws {
            let address = try Address(try url ?? published())
            let leaf = try RelayKeys.renewLeaf(
                folder: keys, hosts: [ServerName(host: address.host)], now: TimeText.now())
            let end = TimeText.utc(milliseconds: try leaf.notAfter)
            guard !json else {
                return Output.standard.json([
                    "schema": "valise/relay-leaf/v1", "host": .string(address.host),
                    "validUntil": .string(TimeText.rfc3339(milliseconds: try leaf.notAfter)),
                    "file": .string("\(keys)/\(RelayKeys.Name.certificate.rawValue)"),
                ])
            }
            var list = FieldList()
            list.add("host", address.host)
            list.add("valid until", end)
            Output.standard.fields(list)
            Output.diagnostics.note(
                .next, "systemctl reload valise-relay@NAME, or kill -HUP of the relay's process, to take it up.")
        }

        private func published() throws -> String {
            let path = "\(keys)/relay.public"
            let bytes = try RelayFiles.read(
                path, limit: 16 * 1024, hint: "say with --url where clients reach the relay")
            return try RelayPublicText(text: String(decoding: bytes, as: UTF8.self)).url
        }
    }
}
