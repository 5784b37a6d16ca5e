import Archive
import Foundation
import Glibc
import Keyring
import Ledger
import Sealing
import Statements

/// A folder of its own with an archive in it, and messages to put there.
final class ArchiveBench {
    let folder: String
    let key: ArchiveKey

    init() throws {
        var template = Array("/tmp/valise-archive-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw POSIXError(.EIO) }
        folder = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        key = try ArchiveKey(seed: SecretBytes([UInt8](repeating: 9, count: 32)))
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var archiveFolder: String { "\(folder)/archive" }
    func open() throws -> Archive { try Archive.open(folder: archiveFolder, key: key) }

    func path(_ name: String) -> String { "\(archiveFolder)/\(name)" }
    static let segment = "segment-000001"

    func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
    }

    /// Puts other bytes in a file's place, in the same file.
    func put(_ name: String, _ bytes: [UInt8]) throws {
        let file = Glibc.open(path(name), O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        defer { close(file) }
        guard file >= 0, write(file, bytes, bytes.count) == bytes.count else { throw POSIXError(.EIO) }
    }

    func flip(_ name: String, at offset: Int) throws {
        var bytes = try bytes(name)
        bytes[offset] ^= 1
        try put(name, bytes)
    }
}

/// One message with what a test wants in it.
func message(
    _ number: Int, subject: String? = "A proposal", text: String? = "We propose a meeting.",
    direction: ArchivedMessage.Direction = .sent, from: String = "us-envoy", to: String = "hezbollah",
    via: [String] = [], signers: [String] = ["lead"], caption: String? = nil, references: [MessageID] = [],
    source: SourceAttribution? = .own, attachments: [String] = [], opening: [UInt8]? = nil,
    contentKey: ContentKey? = nil
) throws -> ArchivedMessage {
    let at = Timestamp(milliseconds: 1_795_000_000_000 + Int64(number) * 1_000)
    func party(_ name: String) -> PartyID { PartyID(name) ?? .relay }
    let hash = Hash.sha256(Array("\(number)".utf8))
    let submission = Submission(
        nonce: Nonce(hash.bytes)!, writtenUnder: WrittenUnder(constitution: Revision(0), rosters: []),
        legs: [Leg(intermediaries: via.map(party), recipient: party(to))], precedence: .priority,
        expiry: at + .hours(48), sealedTo: [KeyID(hash)], sealedKeysDigest: hash, payloadDigest: hash,
        payloadSize: 70_016, keyCommitment: hash, contentCommitment: hash)
    let statement = Statement(
        charter: CharterID(Hash.sha256([1])), party: party(from), signers: signers.compactMap { DelegateName($0) },
        madeAt: at, submitBy: at + .hours(24), seen: LogHead(size: 7, root: hash), act: .submission(submission))
    let signed = try SignedStatement(
        statementBytes: statement.derBytes(),
        signatures: signers.map { _ in [UInt8](repeating: UInt8(number % 251), count: 64) })
    var fields: [Field] = []
    if let subject { fields.append(.subject(subject)) }
    if let caption { fields.append(.caption(caption)) }
    fields += references.map { .reference($0) }
    if let source { fields.append(.source(source)) }
    let bytes = text.map { Array($0.utf8) }
    if let bytes { fields.append(.text(try part("text", bytes))) }
    for name in attachments { fields.append(.attachment(try part(name, [1, 2, 3]))) }
    return ArchivedMessage(
        direction: direction, submission: signed, at: at, fields: fields, text: bytes, sourceOpening: opening,
        contentKey: contentKey)
}

private func part(_ name: String, _ bytes: [UInt8]) throws -> PartInfo {
    var digester = PartDigester()
    digester.take(bytes)
    return try PartInfo(name: name, mediaType: "text/plain; charset=utf-8", read: digester)
}

/// The code of the ``ArchiveError`` that `body` throws; nil when it throws none.
func code(_ body: () throws -> Void) -> ArchiveError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? ArchiveError)?.code
    }
}

/// Seeded numbers: splitmix64.
struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
