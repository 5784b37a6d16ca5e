import Glibc
import Keyring
import Statements

@testable import Desk

/// Desks of three parties in a folder of their own, which goes when the value does.
final class Desks {
    static let made = Timestamp(milliseconds: 1_795_000_000_000)
    static let parties = ["north", "south", "watch"]

    let folder: String
    let passphrase: Passphrase
    private(set) var cards: [String: Card] = [:]

    init() throws {
        var template = Array("/tmp/valise-desk-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure.folder }
        folder = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        passphrase = try Passphrase(Array("three desks".utf8))
        for party in Self.parties { cards[party] = try makeKeys(party) }
    }

    enum Failure: Error { case folder, unknown }

    deinit {
        for path in Self.walk(folder).reversed() { remove(path) }
    }

    func home(_ party: String) -> DeskHome { DeskHome(path: "\(folder)/\(party)") }

    func makeKeys(_ party: String, delegate: String = "lead") throws -> Card {
        guard let party = PartyID(party), let name = DelegateName(delegate) else { throw Failure.unknown }
        return try KeyMaking.make(
            home(party.description), for: DelegateID(party: party, name: name), passphrase: passphrase, now: Self.made,
            cost: .negligible
        ).card
    }

    /// A card without a desk.
    static func looseCard(_ party: String, _ delegate: String) throws -> Card {
        guard let id = DelegateID("\(party)/\(delegate)") else { throw Failure.unknown }
        let key = SigningKey.generate()
        let message = try Card.message(id: id, signingKey: key.publicKey, madeAt: made)
        return Card(id: id, signingKey: key.publicKey, madeAt: made, signature: try key.sign(message))
    }

    var words: PassphraseSource { .prompt { Array("three desks".utf8) } }

    func card(_ party: String) throws -> Card {
        guard let card = cards[party] else { throw Failure.unknown }
        return card
    }

    /// Compiles the source as it stands, with this world's cards and relay.
    func compile(_ source: String = Desks.source) throws -> Charter {
        try CharterSource.read(Array(source.utf8), name: "charter.yaml", now: Self.made) { name in
            if name == "relay.public" { return Array(Self.relay.text.utf8) }
            let party = name.split(separator: ".").first.map { String($0) } ?? ""
            return Array(try self.card(party).text.utf8)
        }
    }

    func sign(_ charter: Charter, as party: String) async throws -> CharterSignature {
        let found = CharterFiles.Found.compiled(charter, bytes: try CharterFiles.compile(charter))
        let keys = try DeskKeys.open(home(party), passphrase: words)
        return try await CharterFiles.sign(found, as: card(party), keys: keys)
    }

    func signed(_ charter: Charter) async throws -> SignedCharter {
        var signatures: [CharterSignature] = []
        for party in Self.parties { signatures.append(try await sign(charter, as: party)) }
        return try CharterFiles.collect(CharterFiles.compile(charter), signatures)
    }

    /// Random keys: nothing here asks a relay.
    static let relay = RelayPublicText(
        url: "https://127.0.0.1:8443", origin: "127.0.0.1:8443/valise", logKey: SigningKey.generate().publicKey,
        actKey: SigningKey.generate().publicKey, tlsRoot: [UInt8](repeating: 7, count: 300))

    static let source = """
        # A charter of three parties.
        title: Three desks
        relay:
          public: relay.public
        parties:
          north:
            title: The north
            capabilities: [intermediary, steward]
            cards: [north.card]
          south:
            title: The south
            cards: [south.card]
          watch:
            title: The watch
            capabilities: [auditor]
            cards: [watch.card]
        channels:
          - between: [north, south]
            window: 60d
            size: 25MiB
        bars:
          - [south, watch]
        limits:
          longest-lifetime: 48h
        stewards:
          threshold: 1
          roster-delay: 12h

        """

    private static func walk(_ path: String) -> [String] {
        var found = [path]
        guard let folder = opendir(path) else { return found }
        defer { closedir(folder) }
        while let item = readdir(folder) {
            let name = withUnsafeBytes(of: &item.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { found += walk("\(path)/\(name)") }
        }
        return found
    }
}
