import Envelope
import Foundation
import Ledger
import Sealing
import Statements
import SwiftASN1
import Testing

/// The known answers of content and files: written with `VALISE_WRITE_VECTORS=1`, compared on every run.
@Suite("Known answers of content and files")
struct ContentVectorTests {
    typealias Item = [(key: String, value: String)]

    static func path(_ file: String, from here: String = #filePath) -> String {
        URL(fileURLWithPath: here).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Vectors").appendingPathComponent(file).path
    }

    private static func item(_ name: String, _ type: String, _ der: [UInt8], _ more: Item = []) -> Item {
        [("name", name), ("type", type), ("der", Base64.encode(der))] + more
    }

    private static func compare(_ file: String, _ items: [Item]) throws {
        let lines = items.map { "{" + $0.map { "\"\($0)\": \"\($1)\"" }.joined(separator: ", ") + "}" }
        let text = "[\n" + lines.joined(separator: ",\n") + "\n]\n"
        let path = path("valise/\(file)")
        if ProcessInfo.processInfo.environment["VALISE_WRITE_VECTORS"] == "1" {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
        let committed = try String(contentsOfFile: path, encoding: .utf8)
        let differing = zip(text.split(separator: "\n"), committed.split(separator: "\n")).first { $0 != $1 }
        #expect(text == committed, "first difference: \(String(describing: differing))")
    }

    static func fields() throws -> [(name: String, field: Field)] {
        [
            ("subject", .subject("Proposal")), ("caption", .caption("For the envoy alone")),
            ("reference", .reference(MessageID(Talks.hash("message")))), ("own", .source(.own)),
            ("named", .source(.named(MessageID(Talks.hash("message"))))),
            ("withheld", .source(.withheld(Talks.hash("commitment")))),
            ("text", .text(try Scene.info(Array("A sixty-day cessation.".utf8)))),
            ("attachment", .attachment(try Scene.info([1, 2, 3], name: "map.pdf"))),
            ("translated", .manner(.translated)), ("summarised", .manner(.summarised)),
            ("excerpt", .manner(.excerpt)), ("oral", .manner(.oral)),
        ]
    }

    @Test("fields, manifests, openings and reveals are encoded as the committed file says, byte for byte")
    func content() throws {
        var items: [Item] = []
        for (name, field) in try Self.fields() { items.append(Self.item(name, "Field", try field.derBytes())) }
        let secret = ManifestSecret(Talks.hash("manifest-secret").bytes)!
        let context = SealContext(charter: try Talks().charter.id, originator: Talks.speaker, nonce: Talks.nonce("n"))
        let restated = try Self.fields().filter { ["subject", "withheld", "text", "oral"].contains($0.name) }
        let manifest = try Manifest(context: context, fields: restated.map(\.field), secret: secret)
        let commitment = ContentCommitment.commitment(to: manifest)
        items.append(Self.item("restatement", "Manifest", try manifest.derBytes(), [("commitment", commitment.hex)]))
        let play = try RevealTests.Play()
        let opening = play.reveal.opening
        let hash = [(key: "commitment", value: opening.commitment().hex)]
        items.append(Self.item("opening", "SourceOpening", try opening.derBytes(), hash))
        items.append(Self.item("reveal", "Reveal", try play.reveal.derBytes(), hash))
        try Self.compare("content.json", items)
    }

    @Test("each kind of file is as the committed file says, byte for byte")
    func files() throws {
        let scene = try Scene()
        let payload = (0..<130).flatMap { Talks.hash("payload/\($0)").bytes }
        let filler = { (name: String, count: Int) in
            Array((0...count / 32).flatMap { Talks.hash("\(name)/\($0)").bytes }.prefix(count))
        }
        let sealedKey = SealedKey(
            keyID: KeyID(Talks.hash("key")), enc: filler("enc", 1_120), ciphertext: filler("wrap", 48))!
        let block = try SealedKeysBlock([sealedKey])
        let submission = Talks.submission(Talks.nonce("n"), to: PartyID("hezbollah")!).with(
            sealedKeysDigest: block.digest, payloadDigest: Forge.payloadDigest(payload),
            payloadSize: UInt64(payload.count))
        let talks = try Talks()
        let signed = try talks.signed(.submission(submission), by: Talks.envoy)
        let envelope = try EnvelopeWriter.header(signed, sealedKeys: block, payloadSize: UInt64(payload.count))
        let draft = try ValiseFileTests.draft(.submission(submission), scene)
        let half = try draft.adding(ValiseFileTests.sign(draft, as: ValiseFileTests.drafter))
        let receipt = try talks.signed(
            .receipt(LegReference(message: MessageID(Talks.hash("message")), leg: LegNumber(0)!), .opened),
            by: PartyID("hezbollah")!)
        let keys = try Self.keys()
        let rejected = try ValiseFileTests.rejected(receipt)
        let items: [(String, String, [UInt8], [UInt8])] = [
            ("envelope", "SignedStatement", try signed.derBytes(), envelope + payload),
            ("draft", "Draft", try half.derBytes(), try DraftWriter.header(half, sealedKeys: block) + payload),
            ("statement", "SignedStatement", try receipt.derBytes(), try StatementFile(receipt).bytes()),
            ("keys", "KeysFile", try keys.derBytes(), try keys.bytes()),
            ("rejection", "RejectedStatement", try rejected.derBytes(), try rejected.bytes()),
        ]
        for (name, _, _, file) in items { #expect(ValiseFileKind.detect(file)?.rawValue == name) }
        _ = try EnvelopeFormat.check(items[0].3)
        try Self.compare(
            "files.json", items.map { Self.item($0, $1, $2, [("file", Base64.encode($3))]) })
    }

    static func keys() throws -> KeysFile {
        var talks = try Talks()
        let list = KeyList([], at: Talks.start)
        let tick = Tick(
            party: Talks.envoy, arrivals: 0, charterInForce: talks.charter.id.hash, keys: try list.hash())
        let index = try talks.log(talks.signed(.tick(tick), by: .relay))
        return try KeysFile(
            charter: talks.charter.id,
            pages: [
                KeysPage(
                    party: Talks.speaker, checkpoint: try talks.checkpoint(), tick: talks.proven(index),
                    keyList: list, publications: [])
            ])
    }
}
