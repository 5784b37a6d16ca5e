import Ledger
import Statements
import Testing

@testable import Desk

@Suite("A charter is compiled, signed on each desk, collected and verified")
struct CharterCeremonyTests {
    let desks: Desks
    init() throws { desks = try Desks() }

    @Test("three parties sign, and the result verifies after a round through its files")
    func roundTrip() async throws {
        let charter = try desks.compile()
        let bytes = try CharterFiles.compile(charter)
        let compiled = "\(desks.folder)/talks.charter"
        try DeskFile.write(compiled, bytes)
        #expect(try CharterFiles.read(compiled).findings.map(\.code) == ["charter-unsigned"])
        var texts: [String] = []
        for party in Desks.parties.reversed() { texts.append(try await desks.sign(charter, as: party).text) }
        let signatures = try texts.map { try CharterSignature(text: "see below\n" + $0 + "regards\n") }
        let signed = try CharterFiles.collect(bytes, signatures)
        #expect(signed.signatures.map(\.signer.description) == ["north/lead", "south/lead", "watch/lead"])
        let file = "\(desks.folder)/charter.signed"
        try DeskFile.write(file, try signed.derBytes())
        #expect(try CharterFiles.read(file).findings.isEmpty)
        #expect(try CharterFiles.readSigned(file) == signed)
        #expect(signed.id.fingerprint.split(separator: " ").map(\.count) == Array(repeating: 4, count: 8))
    }

    @Test("a missing signature, one twice, one of another charter and a wrong one are refused")
    func collecting() async throws {
        let charter = try desks.compile()
        let bytes = try CharterFiles.compile(charter)
        var signatures: [CharterSignature] = []
        for party in Desks.parties { signatures.append(try await desks.sign(charter, as: party)) }
        let code = { (signatures: [CharterSignature]) in
            #expect(throws: DeskError.self) { try CharterFiles.collect(bytes, signatures) }?.code
        }
        #expect(code(Array(signatures.dropLast())) == "charter-signature-missing")
        #expect(code([]) == "charter-signature-missing")
        #expect(code(signatures + [signatures[0]]) == "signature-twice")
        let other = try desks.compile(Desks.source.replacing("Three desks", with: "Other desks"))
        #expect(
            code(signatures.dropLast() + [try await desks.sign(other, as: "watch")]) == "signature-of-other-charter")
        var bad = signatures[2].signature.signature
        bad[10] ^= 1
        let wrong = CharterSignature(
            charter: signatures[2].charter,
            signature: OpenSignature(signer: signatures[2].signature.signer, signature: bad))
        #expect(code(signatures.dropLast() + [wrong]) == "charter-signature-bad")
    }

    @Test("a card with one changed letter, or with another's signature, is not compiled")
    func tampered() throws {
        let good = try desks.card("south").text
        let stolen = try desks.card("north")
        let forged = Card(
            id: try desks.card("south").id, signingKey: stolen.signingKey, madeAt: stolen.madeAt,
            signature: stolen.signature)
        for text in [good.replacing("south/lead", with: "south/load"), forged.text, String(good.dropLast(20))] {
            let error = #expect(throws: CharterSourceError.self) {
                try CharterSource.read(Array(Desks.source.utf8), name: "c", now: Desks.made) { name in
                    if name == "relay.public" { return Array(Desks.relay.text.utf8) }
                    if name == "south.card" { return Array(text.utf8) }
                    return Array(try desks.card(String(name.dropLast(5))).text.utf8)
                }
            }
            #expect(error?.code == .badCard && error?.line == 12)
        }
    }

    @Test("only the delegate whom the charter names founder signs, with the key that it lists")
    func founder() async throws {
        let charter = try desks.compile()
        let code = { (card: Card) in #expect(throws: DeskError.self) { try CharterFiles.mayFound(charter, card) }?.code
        }
        #expect(code(try Desks.looseCard("east", "lead")) == "not-in-charter")
        #expect(code(try Desks.looseCard("north", "lead")) == "other-key-in-charter")
        let north = charter.parties[0]
        let second = try Desks.looseCard("north", "deputy")
        let two = Party(
            id: north.id, title: north.title, capabilities: north.capabilities, releaseQuorum: 1,
            founder: north.founder,
            delegates: [second.delegate] + north.delegates)
        let wider = Charter(
            rulesVersion: charter.rulesVersion, title: charter.title, madeAt: charter.madeAt, relay: charter.relay,
            parties: [two] + charter.parties.dropFirst(), channels: charter.channels, bars: charter.bars,
            limits: charter.limits, witnesses: [], witnessQuorum: 0, stewardThreshold: 1,
            rosterDelay: charter.rosterDelay)
        #expect(CharterCheck.findings(wider).isEmpty)
        #expect(#expect(throws: DeskError.self) { try CharterFiles.mayFound(wider, second) }?.code == "not-founder")
    }

    @Test("a charter that no relay may run under is not compiled")
    func unfit() throws {
        let charter = try desks.compile(Desks.source.replacing("capabilities: [auditor]", with: "capabilities: []"))
        #expect(#expect(throws: DeskError.self) { try CharterFiles.compile(charter) }?.code == "charter-no-auditor")
    }

    @Test("every text of the ceremony is refused when one letter of it is changed")
    func letters() async throws {
        let charter = try desks.compile()
        let text = Array(try await desks.sign(charter, as: "north").text.utf8)
        let body = text.indices.dropFirst("-----BEGIN".count).dropLast("SIGNATURE-----\n".count)
        for position in body where text[position] != 0x0A {
            var changed = text
            changed[position] = changed[position] == 0x61 ? 0x62 : 0x61
            #expect(throws: FormError.self, "position \(position)") {
                try CharterSignature(text: String(decoding: changed, as: UTF8.self))
            }
        }
        let relay = Array(Desks.relay.text.utf8)
        for position in relay.indices where ![0x0A, 0x2D, 0x61, 0x20].contains(relay[position]) {
            var changed = relay
            changed[position] = 0x61
            let read = try? RelayPublicText(text: String(decoding: changed, as: UTF8.self))
            #expect(read == nil, "position \(position)")
        }
        #expect(try RelayPublicText(text: Desks.relay.text) == Desks.relay)
    }
}
