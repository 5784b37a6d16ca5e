import ArgumentParser
import Audit
import Envelope
import Glibc
import Ledger
import Statements
import Terminal

/// `valise-audit rejection`.
struct RejectionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rejection", abstract: "Decide again what the relay has rejected under its signature.",
        subcommands: [Verify.self])

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify", abstract: "Say whether a signed rejection was rightful.",
            discussion: """
                The file is what valise rejections save wrote. The rules decide its statement again, on the copy's log \
                as it was at the size, and at the time, that the relay signed. Ends with exit code 0 for a rightful \
                rejection and 7 for a wrongful one. Of the time there is only the relay's word, within the times of \
                the entries around; it is said where the rejection rests on it.
                """)

        @Argument(help: "The file with the rejected statement.", completion: .file()) var file: String
        @OptionGroup var charter: CharterOptions
        @Option(
            help: ArgumentHelp("The folder that valise-audit mirror made.", valueName: "folder"),
            completion: .directory)
        var mirror: String
        @Flag(help: "Print one JSON document.") var json = false

        func run() async throws {
            let trusted = try charter.read()
            let rejected = try read()
            let bar = ProgressBar("deciding", unit: .items("bundles"), enabled: !json)
            defer { bar.finish() }
            let report = try await RejectionReview(
                folder: MirrorFolder(path: mirror), charter: trusted,
                workers: max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
            ) { done, all in
                bar.update(done: done, of: all)
            }.run(rejected)
            bar.finish()
            if json { Output.standard.json(report.json) } else { report.print(to: .standard) }
            guard case .wrongful(let fault, let sentence) = report.verdict else { return }
            throw CommandFailure(
                code: "rejection-wrongful", message: "\(sentence) [\(fault.rawValue)].",
                hints: ["keep the file and the copy: both are signed by the relay; show them to every party"],
                status: .wrongful)
        }

        private func read() throws -> RejectedStatement {
            do {
                return try RejectedStatement(parsing: InputFile.read(file, limit: RejectedStatement.longest))
            } catch let error as EnvelopeError {
                throw CommandFailure(
                    code: error.code.rawValue, message: "\(file): \(error.field) was expected to be \(error.expected).",
                    hints: ["valise rejections save writes such a file", error.hint])
            }
        }
    }
}

/// The report as a person reads it.
extension RejectionReport {
    func print(to output: Output) {
        output.fields(facts)
        switch verdict {
        case .rightful(let sentence):
            if restsOnTime {
                output.note(
                    Label("remark", .heading),
                    "It rests on the time that the relay signed: at the time of the entry before, the rules would not "
                        + "have said so.")
            }
            output.line(output.styled(output.prose("verdict: rightful: \(sentence)"), .good))
        case .wrongful(let fault, let sentence):
            output.line(output.styled(output.prose("verdict: wrongful: \(sentence) [\(fault.rawValue)]"), .bad))
        }
    }

    private var facts: FieldList {
        var list = FieldList()
        let act = statement.statement
        list.add("statement", "\(statement.id), a \(act.act.kind) by \(act.party)")
        list.add("made", TimeText.utc(milliseconds: act.madeAt.milliseconds))
        list.add("rejected", "as \(code), on \(rejection.treeSize) entries")
        list.add("decided", TimeText.utc(milliseconds: rejection.decidedAt.milliseconds))
        let bounds = [before, after].compactMap { $0 }.map { TimeText.utc(milliseconds: $0.milliseconds) }
        list.add(
            "entries around",
            after == nil ? "\(bounds[0]); no later one in this copy bounds the time" : bounds.joined(separator: " and ")
        )
        return list
    }
}

/// The report as a program reads it; times in milliseconds since 1970.
extension RejectionReport {
    var json: JSONValue {
        var fault: JSONValue = .null
        var sentence: String
        switch verdict {
        case .rightful(let detail): sentence = detail
        case .wrongful(let found, let detail):
            fault = .string(found.rawValue)
            sentence = detail
        }
        return [
            "schema": "valise/rejection/v1",
            "statement": .string(statement.id.description),
            "kind": .string(statement.statement.act.kind.description),
            "party": .string(statement.statement.party.description),
            "code": .string(code.rawValue),
            "treeSize": .unsigned(rejection.treeSize.rawValue),
            "decidedAt": .integer(rejection.decidedAt.milliseconds),
            "entryBeforeAt": .integer(before.milliseconds),
            "entryAfterAt": after.map { .integer($0.milliseconds) } ?? .null,
            "rightful": .bool(verdict.isRightful),
            "fault": fault,
            "restsOnTime": .bool(restsOnTime),
            "verdict": .string(sentence),
        ]
    }
}
