@testable import Archive
import Foundation
import Glibc
import Keyring
import Ledger
import Sealing
import Statements
import Testing

@Suite("keeping messages")
struct KeepingTests {
    let bench: ArchiveBench

    init() throws { bench = try ArchiveBench() }

    @Test("what was added is there again after opening anew, byte for byte")
    func roundTrip() throws {
        let parent = try message(1)
        let full = try message(
            2, subject: "وقف إطلاق النار", text: "The text.", direction: .received, from: "lebanon-speaker",
            to: "us-envoy", via: ["egypt-mediator"], signers: ["drafter", "chief"], caption: "Eyes only",
            references: [parent.id], source: .withheld(Hash.sha256([7])), attachments: ["map.pdf", "نص.txt"],
            opening: [1, 2, 3])
        let bare = try message(3, subject: nil, text: nil, source: nil, attachments: ["a"])
        let first = try bench.open()
        for one in [parent, full, bare] { try first.add(one) }
        for archive in [first, try bench.open()] {
            for one in [parent, full, bare] {
                let kept = try #require(try archive.load(one.id))
                #expect(kept.submission == one.submission)
                #expect(kept.fields == one.fields)
                #expect(kept.text == one.text)
                #expect(kept.sourceOpening == one.sourceOpening)
                #expect(kept.at == one.at && kept.direction == one.direction)
            }
            #expect(try archive.summaries().map(\.id) == [parent.id, full.id, bare.id])
            let summary = try #require(try archive.summary(full.id))
            #expect(summary.subject == "وقف إطلاق النار" && summary.caption == "Eyes only")
            #expect(summary.originator == PartyID("lebanon-speaker") && summary.direction == .received)
            #expect(summary.signers.map(\.description) == ["drafter", "chief"])
            #expect(summary.references == [parent.id] && summary.source == .withheld(Hash.sha256([7])))
            #expect(summary.attachmentNames == ["map.pdf", "نص.txt"] && summary.textSize == 9)
            #expect(summary.hasSourceOpening && summary.precedence == .priority)
            #expect(try archive.summary(MessageID(.zero)) == nil && archive.load(MessageID(.zero)) == nil)
        }
    }

    @Test("the same message in the same direction again changes nothing; in the other it is kept too")
    func again() throws {
        let archive = try bench.open()
        let sent = try message(1, opening: [5])
        try archive.add(sent)
        let before = try bench.bytes(ArchiveBench.segment)
        try archive.add(try message(1, text: "Other words."))
        #expect(try bench.bytes(ArchiveBench.segment) == before)
        try archive.add(try message(1, direction: .received))
        #expect(try archive.summaries().map(\.direction) == [.sent, .received])
        #expect(try archive.load(sent.id)?.sourceOpening == [5])
        #expect(try archive.matching(prefix: String(sent.id.description.prefix(5))) == [sent.id])
        #expect(try archive.matching(prefix: "99").isEmpty)
    }

    @Test("neither words nor names nor identifiers are in any file, which are for their owner alone")
    func secrecy() throws {
        let archive = try bench.open()
        for number in 0..<150 {
            try archive.add(
                try message(number, subject: "Zweckbau", text: "Kumquat orchard", attachments: ["plan.pdf"]))
        }
        #expect(mode("") == 0o700)
        for name in try FileManager.default.contentsOfDirectory(atPath: bench.archiveFolder) {
            #expect(mode("/\(name)") == 0o600)
            let bytes = Data(try bench.bytes(name))
            for secret in ["weckbau", "umquat", "plan.pdf", "us-envoy", "hezbollah"] {
                #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(secret) in \(name)")
            }
            #expect(bytes.range(of: Data(try message(1).id.hash.bytes)) == nil)
        }
    }

    private func mode(_ name: String) -> mode_t {
        var facts = stat()
        return lstat(bench.archiveFolder + name, &facts) == 0 ? facts.st_mode & 0o7777 : 0
    }

    @Test("two programs at one archive each see what the other adds, also past the index's blocks")
    func twoPrograms() throws {
        let first = try bench.open()
        let second = try bench.open()
        for number in 0..<300 { try (number % 3 == 0 ? first : second).add(try message(number)) }
        #expect(try first.summaries() == second.summaries())
        #expect(try first.summaries().count == 300)
        #expect(try bench.open().summaries() == first.summaries())
        #expect(try second.load(try message(299).id)?.id == message(299).id)
    }

    @Test("writers at the same moment lose nothing", .timeLimit(.minutes(1)))
    func writers() async throws {
        let archives = try (0..<4).map { _ in try bench.open() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, archive) in archives.enumerated() {
                group.addTask { for step in 0..<50 { try archive.add(try message(step * 4 + number)) } }
            }
            try await group.waitForAll()
        }
        #expect(try bench.open().summaries().map(\.id) == (0..<200).map { try message($0).id })
        #expect(try bench.open().check().isEmpty)
    }

    @Test("another key is refused before any file is changed, and so is a newer format")
    func otherKey() throws {
        try bench.open().add(try message(1))
        let before = try bench.bytes("index") + bench.bytes(ArchiveBench.segment)
        let other = try ArchiveKey.generate()
        #expect(code { _ = try Archive.open(folder: bench.archiveFolder, key: other) } == .otherKey)
        #expect(try bench.bytes("index") + bench.bytes(ArchiveBench.segment) == before)
        var newer = try bench.bytes(ArchiveBench.segment)
        newer[16] = UInt8(ascii: "3")
        try bench.put(ArchiveBench.segment, newer)
        #expect(code { _ = try bench.open() } == .newerVersion)
        #expect(try bench.bytes(ArchiveBench.segment) == newer)
    }

    @Test("what is no submission, or too long, is not archived")
    func unfit() throws {
        let archive = try bench.open()
        let long = try message(1)
        let text = [UInt8](repeating: 65, count: ArchivedMessage.textLimit + 1)
        #expect(
            code {
                try archive.add(
                    ArchivedMessage(
                        direction: .sent, submission: long.submission, at: long.at, fields: long.fields, text: text,
                        sourceOpening: nil))
            } == .unfit)
        #expect(try archive.summaries().isEmpty)
        #expect(!Archive.exists(in: bench.archiveFolder))
        try archive.add(long)
        #expect(Archive.exists(in: bench.archiveFolder))
    }
}
