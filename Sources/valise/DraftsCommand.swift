import ArgumentParser
import Desk
import Ledger
import Sealing
import Statements
import Terminal
import Transport
import Wording

/// `valise drafts`.
struct DraftsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drafts", abstract: "What waits for a second signature in this party: list, show, withdraw.",
        subcommands: [List.self, Show.self, Withdraw.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Show the party's drafts: for this desk's signature, and its own.")
        @OptionGroup var desk: DeskOptions

        func run() async throws {
            try await desk.withDesk { desk in
                let drafts = try await desk.drafts()
                if self.desk.json { printJSON(drafts) } else { printTable(drafts, own: desk.id.name) }
            }
        }

        private func printTable(_ drafts: [ShelvedDraft], own: DelegateName) {
            if drafts.isEmpty { return Output.diagnostics.note("no drafts") }
            var table = Table([
                .init("DRAFT"), .init("KIND"), .init("DRAFTER"), .init("WAITS FOR"), .init("UNTIL"),
                .init("NOTE", mayShrink: true),
            ])
            for draft in drafts {
                let rejected = draft.rejection.map {
                    "rejected by \($0.by): \($0.reason ?? "the reason cannot be read")"
                }
                let mine = draft.missing.contains(own) ? "for your signature" : ""
                table.add([
                    draft.id.short, draft.kind, draft.drafter.description,
                    draft.rejection == nil ? draft.missing.map(\.description).joined(separator: ",") : "",
                    TimeText.utc(milliseconds: draft.submitBy.milliseconds), rejected ?? mine,
                ])
            }
            Output.standard.table(table)
            if drafts.contains(where: { $0.missing.contains(own) && $0.rejection == nil }) {
                Output.diagnostics.note(.hint, "valise drafts show ID, then valise cosign ID or valise reject ID")
            }
        }

        private func printJSON(_ drafts: [ShelvedDraft]) {
            let documents: [JSONValue] = drafts.map { draft in
                var rejection: JSONValue = .null
                if let found = draft.rejection {
                    rejection = [
                        "by": .string(found.by.description), "at": .integer(found.at.milliseconds),
                        "reason": .optional(found.reason),
                    ]
                }
                return [
                    "draft": .string(draft.id.description), "kind": .string(draft.kind),
                    "signers": .array(draft.signers.map { .string($0.description) }),
                    "missing": .array(draft.missing.map { .string($0.description) }),
                    "madeAt": .integer(draft.madeAt.milliseconds), "submitBy": .integer(draft.submitBy.milliseconds),
                    "size": .unsigned(draft.size), "rejection": rejection,
                ]
            }
            Output.standard.json(["schema": "valise/drafts-list/v1", "drafts": .array(documents)])
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Open a draft: what a releaser is asked to sign.")
        @OptionGroup var draft: DraftOption
        @Option(help: ArgumentHelp("Save attachments into this folder.", valueName: "folder"), completion: .directory)
        var save: String?
        @OptionGroup var desk: DeskOptions

        func run() async throws {
            try await desk.withDesk { desk in
                let opened = try await StepBar.shown("fetching", json: self.desk.json) { progress in
                    try await draft.open(at: desk, saving: save, progress)
                }
                DraftView(opened: opened, party: desk.party).print(json: self.desk.json)
            }
        }
    }

    struct Withdraw: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "withdraw", abstract: "Take a draft of your own off the shelf.")
        @Argument(help: "The draft's identifier, or its first letters.") var draft: String
        @OptionGroup var desk: DeskOptions

        func run() async throws {
            try await desk.withDesk { desk in
                let id = try await desk.resolveDraft(draft)
                try await desk.withdrawDraft(id)
                DraftView.report("withdrawn", id, json: self.desk.json)
            }
        }
    }
}

/// `valise cosign`.
struct CosignCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cosign", abstract: "Release a draft with your signature; the last one sends it.",
        discussion: """
            The draft is opened and verified before it is signed. Read it first: valise drafts show ID. On a machine \
            without a network, name the draft's file instead: what is signed is written to --output, and valise submit \
            hands it over elsewhere.
            """)
    @OptionGroup var draft: DraftOption
    @OptionGroup var target: TargetFile
    @OptionGroup var desk: DeskOptions

    func run() async throws {
        if let file = draft.file {
            let path = try target.path()
            return try await desk.withDesk { desk in
                let opened = try await desk.openDraft(file: file)
                report(try await desk.cosign(opened, to: path, overwrite: target.overwrite), opened, path)
            }
        }
        guard target.output == nil else {
            throw ValidationError("--output goes with a draft's file; a draft of the shelf is signed there.")
        }
        try await desk.withDesk { desk in
            let (opened, outcome) = try await StepBar.shown("releasing", json: self.desk.json) { progress in
                let opened = try await draft.open(at: desk, saving: nil, progress)
                return (opened, try await desk.cosign(opened, progress: progress))
            }
            let id = opened.draft.id
            switch outcome {
            case .waiting(let missing):
                if self.desk.json { return DraftView.document("signed", id, missing: missing) }
                let names = missing.map(\.description).joined(separator: ", ")
                Output.standard.note("signed \(id.short), waits for \(names)")
            case .released(let accepted):
                if self.desk.json { return DraftView.document("released", id, accepted: accepted) }
                let time = TimeText.utc(milliseconds: accepted.entry.entry.acceptedAt.milliseconds)
                Output.standard.note("released \(id.short), \(time), log entry \(accepted.entry.index)")
            }
        }
    }

    private func report(_ file: Desk.SignedFile, _ opened: OpenedDraft, _ path: String) {
        let id = opened.draft.id
        let shown = SafeText.display(path)
        let typed = ShellWord.quoted(path)
        switch file {
        case .complete:
            if desk.json { return DraftView.document("complete", id, file: path) }
            Output.standard.note("signed \(id.short), complete in \(shown)")
            Output.diagnostics.note(.hint, "online, \"valise submit \(typed)\" hands it over")
        case .waiting(let missing):
            if desk.json { return DraftView.document("signed", id, missing: missing, file: path) }
            let names = missing.map(\.description).joined(separator: ", ")
            Output.standard.note("signed \(id.short) in \(shown), waits for \(names)")
            Output.diagnostics.note(.hint, "online, \"valise submit \(typed)\" puts it on the party's shelf")
        }
    }
}

/// Which draft is meant: one of the party's shelf, or a file.
struct DraftOption: ParsableArguments {
    @Argument(
        help:
            "The draft's identifier or its first letters; or a draft's file: a name that ends in .valise or holds a /.",
        completion: .file(extensions: ["valise"]))
    var draft: String

    /// The file, where one is meant.
    var file: String? { draft.hasSuffix(".valise") || draft.contains("/") ? draft : nil }

    func open(at desk: Desk, saving folder: String?, _ progress: StepProgress) async throws -> OpenedDraft {
        if let file { return try await desk.openDraft(file: file, saving: folder) }
        return try await desk.openDraft(desk.resolveDraft(draft), saving: folder, progress: progress)
    }
}

/// `valise reject`.
struct RejectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reject", abstract: "Reject a draft, with a reason that only your party's delegates can read.")
    @Argument(help: "The draft's identifier, or its first letters.") var draft: String
    @Option(help: ArgumentHelp("Why; the drafter sees it in valise drafts.", valueName: "text")) var reason: String
    @OptionGroup var desk: DeskOptions

    func run() async throws {
        try await desk.withDesk { desk in
            let id = try await desk.resolveDraft(draft)
            try await desk.rejectDraft(id, reason: reason)
            DraftView.report("rejected", id, json: self.desk.json)
        }
    }
}

/// What is printed of a draft.
struct DraftView {
    let opened: OpenedDraft
    let party: PartyID

    static func report(_ state: String, _ id: StatementID, json: Bool) {
        if json { return document(state, id) }
        Output.standard.note("\(state) \(id.short)")
    }

    static func document(
        _ state: String, _ id: StatementID, missing: [DelegateName] = [], accepted: AcceptedStatement? = nil,
        file: String? = nil
    ) {
        Output.standard.json([
            "schema": "valise/draft-act/v1", "draft": .string(id.description), "state": .string(state),
            "missing": .array(missing.map { .string($0.description) }),
            "entry": accepted.map { .unsigned($0.entry.index.rawValue) } ?? .null,
            "acceptedAt": accepted.map { .integer($0.entry.entry.acceptedAt.milliseconds) } ?? .null,
            "file": .optional(file),
        ])
    }

    func print(json: Bool) { if json { printJSON() } else { printText() } }

    private func printText() {
        let draft = opened.draft
        var list = FieldList()
        list.add("draft", draft.id.description)
        list.add("kind", draft.statement.act.kind.description)
        list.add("drafter", draft.drafter.description)
        list.add("signers", draft.statement.signers.map(\.description).joined(separator: ", "))
        list.add("waits for", draft.missing.map(\.description).joined(separator: ", "))
        list.add("until", TimeText.utc(milliseconds: draft.statement.submitBy.milliseconds))
        if let submission = opened.submission {
            for leg in submission.legs {
                list.add("route", ([party] + leg.holders).map(\.description).joined(separator: " -> "))
            }
            list.add("precedence", submission.precedence.description)
            list.add("expires", TimeText.utc(milliseconds: submission.expiry.milliseconds))
        } else {
            list.add("message", ifAny: opened.message?.description)
        }
        for (name, value) in FieldWords.lines(opened.fields) { list.add(name, value) }
        for item in opened.attachments {
            let place = item.path.map { ", saved as \($0)" } ?? ""
            list.add("attached", "\(item.info.name) (\(ByteSize(bytes: item.info.size)))\(place)")
        }
        Output.standard.fields(list)
        if let text = opened.text {
            Output.standard.line("")
            Output.standard.body(String(decoding: text, as: UTF8.self))
        }
    }

    private func printJSON() {
        let draft = opened.draft
        let routes: [JSONValue] = (opened.submission?.legs ?? []).map { leg in
            .array(([party] + leg.holders).map { .string($0.description) })
        }
        let attachments: [JSONValue] = opened.attachments.map { item in
            [
                "name": .string(item.info.name), "mediaType": .string(item.info.mediaType),
                "size": .unsigned(item.info.size), "path": .optional(item.path),
            ]
        }
        let words = Dictionary(FieldWords.lines(opened.fields)) { first, _ in first }
        Output.standard.json([
            "schema": "valise/draft/v1", "draft": .string(draft.id.description),
            "kind": .string(draft.statement.act.kind.description), "message": .optional(opened.message?.description),
            "signers": .array(draft.statement.signers.map { .string($0.description) }),
            "missing": .array(draft.missing.map { .string($0.description) }),
            "submitBy": .integer(draft.statement.submitBy.milliseconds), "routes": .array(routes),
            "subject": .optional(words["subject"]), "caption": .optional(words["caption"]),
            "text": .optional(opened.text.map { String(decoding: $0, as: UTF8.self) }),
            "attachments": .array(attachments),
        ])
    }
}

/// The fields of content in words, but for its parts.
enum FieldWords {
    static func lines(_ fields: [Field]) -> [(String, String)] {
        fields.compactMap { field in
            switch field {
            case .subject(let text): ("subject", text)
            case .caption(let text): ("caption", text)
            case .reference(let id): ("refers to", id.description)
            case .source(.own), .text, .attachment: nil
            case .source(.named(let id)): ("source", id.description)
            case .source(.withheld): ("source", "withheld")
            case .manner(let manner): ("manner", manner.description)
            }
        }
    }
}
