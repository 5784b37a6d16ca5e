@testable import Archive
import Keyring
import Ledger
import Sealing
import Statements
import Testing

@Suite("finding messages")
struct SearchTests {
    let bench: ArchiveBench

    init() throws { bench = try ArchiveBench() }

    @Test(
        "case, diacritics and letter forms do not count",
        arguments: [
            ("Réunion à Genève", "geneve"), ("Reunion a Geneve", "RÉUNION"), ("e\u{301}tat", "état"),
            ("Straße", "strasse"), ("Łódź", "lodz"), ("İstanbul", "istanbul"), ("Συμφωνία", "συμφωνια"),
            ("ΟΔΟΣ", "οδος"), ("Соглаше́ние", "соглашение"), ("إطلاق النار", "اطلاق"), ("الى", "إلي"),
            ("مُحَادَثَات", "محادثات"), ("مـحـادثات", "محادثات"), ("کتاب یک", "كتاب يك"), ("می‌خواهم", "میخواهم"),
            ("مدينة", "مدینه"), ("۱۷۰۱", "1701"), ("١٧٠١", "1701"), ("ﻣﺤﺎﺩﺛﺎﺕ", "محادثات"), ("ﻻ", "لا"),
            ("שָׁלוֹם", "שלום"), ("ＶＡＬＩＳＥ", "valise"), ("a\u{202E}b", "ab"), ("Việt Nam", "viet nam"),
        ])
    func folding(text: String, words: String) throws {
        let archive = try bench.open()
        try archive.add(try message(1, subject: nil, text: text))
        try archive.add(try message(2, subject: text, text: nil))
        try archive.add(try message(3, subject: "Nothing", text: "of that"))
        #expect(try archive.search(words, limit: 9).map(\.summary.id) == [message(2).id, message(1).id])
    }

    @Test("every word must be there, in the subject, caption, names, parties or text", arguments: [3, 140])
    func everyWord(count: Int) throws {
        let archive = try bench.open()
        let wanted = try message(
            1, subject: "Corridor", text: "The bridge is open.", from: "lebanon-speaker", to: "us-envoy",
            signers: ["nadia"], caption: "Handle with care", attachments: ["Karte.pdf"])
        try archive.add(wanted)
        for number in 2..<count { try archive.add(try message(number, subject: "Bridge", text: "Closed.")) }
        for words in [
            "corridor", "bridge open", "OPEN Bridge", "care", "karte", "lebanon-speaker/nadia", "us-envoy bridge care",
            " \n corridor\t", "dge", "bridge is",
        ] {
            #expect(try archive.search(words, limit: 200).map(\.summary.id).contains(wanted.id), "\(words)")
        }
        for words in ["corridor closed", "bridges", "", "  ", "careful"] {
            #expect(try !archive.search(words, limit: 200).map(\.summary.id).contains(wanted.id), "\(words)")
        }
    }

    @Test("the newest are found first, and no more than asked for")
    func order() throws {
        let archive = try bench.open()
        for number in 0..<300 { try archive.add(try message(number)) }
        #expect(
            try archive.search("meeting", limit: 3).map(\.summary.id) == [299, 298, 297].map { try message($0).id })
        #expect(try archive.search("meeting", limit: 280).count == 280)
        #expect(try archive.search("meeting", limit: 1_000).count == 300)
        #expect(try archive.search("meeting", limit: 0).isEmpty)
    }

    @Test("the excerpt is one line around the first hit, in the letters that were written")
    func excerpt() throws {
        let archive = try bench.open()
        let filler = String(repeating: "words and ", count: 30)
        try archive.add(try message(1, text: "\(filler)\nthe Café\n\tin Évian\n\(filler)"))
        let found = try #require(try archive.search("EVIAN", limit: 1).first)
        #expect(found.excerpt.contains("the Café in Évian words"))
        #expect(found.excerpt.hasPrefix("…") && found.excerpt.hasSuffix("…"))
        #expect(found.excerpt.count <= SearchQuery.excerptLimit)
        #expect(!found.excerpt.contains("\n"))
        #expect(try archive.search("proposal", limit: 1).first?.excerpt == "A proposal")
        #expect(try archive.search("hezbollah", limit: 1).first?.excerpt == "hezbollah")
    }

    @Test("a hit says in which attachments' names a word is, also where the text has another one")
    func attachments() throws {
        let archive = try bench.open()
        try archive.add(try message(1, subject: "Map", text: "See the bridge.", attachments: ["Karte.pdf", "b.txt"]))
        let both = try #require(try archive.search("bridge karte", limit: 1).first)
        #expect(both.excerpt == "See the bridge." && both.attachments == ["Karte.pdf"])
        let name = try #require(try archive.search("KARTE", limit: 1).first)
        #expect(name.excerpt == "Karte.pdf" && name.attachments == ["Karte.pdf"])
        #expect(try archive.search("bridge", limit: 1).first?.attachments == [])
    }

    @Test("a thread is everything that hangs together by references and named sources, oldest first")
    func thread() throws {
        let archive = try bench.open()
        let root = try message(1)
        let reply = try message(2, references: [root.id])
        let answer = try message(3, references: [reply.id])
        let restated = try message(4, source: .named(root.id))
        let aside = try message(5, references: [MessageID(Hash.sha256([1]))])
        let cousin = try message(6, references: [MessageID(Hash.sha256([1]))])
        for one in [answer, root, aside, reply, restated, cousin] { try archive.add(one) }
        let talk = [root.id, reply.id, answer.id, restated.id]
        for id in talk { #expect(try archive.thread(of: id).map(\.id) == talk) }
        #expect(try archive.thread(of: aside.id).map(\.id) == [aside.id, cousin.id])
        #expect(try archive.thread(of: MessageID(.zero)).isEmpty)
    }

    @Test("a word is found where a plain look finds it", arguments: [1, 2, 3] as [UInt64])
    func finder(seed: UInt64) {
        var random = SeededNumbers(seed)
        for _ in 0..<3_000 {
            let text = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...2, using: &random) }
            let word = (0..<Int.random(in: 1...6, using: &random)).map { _ in UInt8.random(in: 0...2, using: &random) }
            let plain = (0..<max(0, text.count - word.count + 1)).first { Array(text[$0..<$0 + word.count]) == word }
            let found = text.withUnsafeBytes { WordFinder(word).firstPosition(in: $0) }
            #expect(found == plain, "seed \(seed): \(word) in \(text)")
        }
    }

    @Test("every folded byte has its origin, and folding twice changes nothing", arguments: [1, 2] as [UInt64])
    func traced(seed: UInt64) {
        var random = SeededNumbers(seed)
        for _ in 0..<300 {
            let scalars = (0..<30).compactMap { _ in Unicode.Scalar(UInt32.random(in: 1...0xFFFF, using: &random)) }
            let text = String(String.UnicodeScalarView(scalars))
            let (folded, origins) = Folding.traced(text)
            #expect(folded == Folding.fold(text) && folded.count == origins.count)
            #expect(origins == origins.sorted() && origins.allSatisfy { $0 < text.utf8.count })
            let once = String(decoding: folded, as: UTF8.self)
            #expect(Folding.fold(once) == folded, "seed \(seed): \(scalars)")
        }
    }
}
