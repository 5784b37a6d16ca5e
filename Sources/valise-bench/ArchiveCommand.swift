import Archive
import ArgumentParser
import Crypto
import Desk
import Foundation
import Keyring
import Ledger
import Rules
import Sealing
import Statements
import Terminal
import TestKit

/// `valise-bench archive`: fills a desk's archive, so that the commands over it can be timed.
struct ArchiveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "archive", abstract: "Fill a desk's archive with messages of a few paragraphs each.",
        shouldDisplay: false)

    @Option(help: "The desk's folder.") var home: String
    @Option(help: "The file with its passphrase.") var passphraseFile: String
    @Option(help: "How many messages are added.") var count = 10_000
    @Option(help: "Draws the same messages again.") var seed: UInt64 = 1

    func run() async throws {
        let desk = try Desk.open(DeskHome(path: home), passphrase: .file(path: passphraseFile))
        let archive = try await desk.archive()
        let writer = try LetterWriter(desk: desk, seed: seed)
        let begin = Date()
        for number in 0..<count { try archive.add(writer.message(number)) }
        let seconds = Date().timeIntervalSince(begin)
        await desk.close()
        Output.standard.line("archived        \(count) messages in \(String(format: "%.1f", seconds)) s")
    }
}

/// Letters as people might write them: drawn words in several scripts, and each tenth a reply to an earlier one.
private struct LetterWriter {
    private let desk: Desk
    private let key = Curve25519.Signing.PrivateKey()
    private let others: [PartyID]
    private let seed: UInt64
    private static let words = [
        "ceasefire", "withdrawal", "border", "south", "river", "monitoring", "committee", "village", "return",
        "prisoners", "ambassador", "guarantee", "sixty", "days", "paragraph", "annex", "clause", "the", "of", "to",
        "and", "we", "propose", "accept", "cannot", "before", "after", "understanding", "résumé", "Genève", "وقف",
        "إطلاق", "النار", "الحدود", "لجنة", "آتش‌بس", "پیشنهاد", "הפסקת", "אש", "גבול",
    ]

    init(desk: Desk, seed: UInt64) throws {
        self.desk = desk
        self.seed = seed
        others = desk.charter.charter.parties.map(\.id).filter { $0 != desk.party }
    }

    func message(_ number: Int) throws -> ArchivedMessage {
        var drawn = SeededNumbers(seed: seed &* 1_000_003 &+ UInt64(number))
        let other = others[number % others.count]
        let isSent = number % 2 == 0
        let at = desk.now() - .minutes(Int64(20_000 - number % 20_000))
        let signed = try statement(
            from: isSent ? desk.party : other, to: isSent ? other : desk.party, at: at, drawn: &drawn)
        let text = Array(Self.text(words: 300, &drawn).utf8)
        var digester = PartDigester()
        digester.take(text)
        let fields: [Field] = [
            .subject("Number \(number): \(Self.text(words: 5, &drawn))"), .source(.own),
            .text(try PartInfo(name: "text", mediaType: "text/plain; charset=utf-8", read: digester)),
        ]
        return ArchivedMessage(
            direction: isSent ? .sent : .received, submission: signed, at: at, fields: fields, text: text,
            sourceOpening: nil)
    }

    private static func text(words count: Int, _ drawn: inout SeededNumbers) -> String {
        (0..<count).map { _ in words[Int(drawn.next() % UInt64(words.count))] }.joined(separator: " ")
    }

    private func statement(
        from originator: PartyID, to recipient: PartyID, at: Timestamp, drawn: inout SeededNumbers
    ) throws -> SignedStatement {
        let random = (0..<4).flatMap { _ in withUnsafeBytes(of: drawn.next()) { Array($0) } }
        guard let nonce = Nonce(random) else { throw ValidationError("no nonce") }
        let hash = Hash.sha256(random)
        let route = Leg(intermediaries: [], recipient: recipient)
        let submission = Submission(
            nonce: nonce, writtenUnder: desk.charter.inForce.revisions(originator: originator, legs: [route]),
            legs: [route], precedence: .routine, expiry: at + .days(2), sealedTo: [KeyID(hash)],
            sealedKeysDigest: hash, payloadDigest: hash, payloadSize: 4_096, keyCommitment: hash,
            contentCommitment: hash)
        guard let name = DelegateName("lead") else { throw ValidationError("no name") }
        let statement = Statement(
            charter: desk.charter.id, party: originator, signers: [name], madeAt: at, submitBy: at + .hours(1),
            seen: LogHead(size: TreeSize(rawValue: 1), root: hash), act: .submission(submission))
        return try SignedStatement.sign(statement) { Array(try key.signature(for: $0)) }
    }
}
