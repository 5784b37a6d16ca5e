import ArgumentParser
import Desk
import Keyring
import Statements
import Terminal
import Wording

/// `valise charter`.
struct CharterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "charter", abstract: "Write, sign, collect, show and verify a charter.",
        subcommands: [Compile.self, Sign.self, Collect.self, CharterShow.self, CharterVerify.self])

    struct Compile: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "compile", abstract: "Make the charter that founders sign from its YAML source.",
            discussion: "Checks each card's own signature. Docs/Examples/charter.yaml shows every key.")
        @Argument(help: "The YAML source.", completion: .file(extensions: ["yaml", "yml"])) var source: String
        @OptionGroup var target: TargetFile
        @OptionGroup var options: HomeOptions

        func run() throws {
            let (charter, bytes) = try CharterSource.compile(path: source, now: timeNow())
            let output = try target.path()
            try target.write(bytes, to: output)
            let id = CharterFiles.id(bytes)
            let founders = charter.parties.map { DelegateID(party: $0.id, name: $0.founder).description }
            if options.json {
                return Output.standard.json([
                    "schema": "valise/charter-compile/v1", "charter": .string(id.description),
                    "fingerprint": .string(id.fingerprint), "file": .string(output), "bytes": .count(bytes.count),
                    "founders": .array(founders.map { .string($0) }),
                ])
            }
            Output.standard.note("Charter \(id.short) written to \(output), \(Counted.words(bytes.count, "byte")).")
            Output.standard.note("Fingerprint: \(id.fingerprint)")
            Output.diagnostics.note("To be signed by: \(founders.joined(separator: ", "))")
            Output.diagnostics.note("Next, on the desk of each: \"valise charter sign \(ShellWord.quoted(output))\"")
        }
    }

    struct Sign: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "sign", abstract: "Sign a compiled charter for your party.",
            discussion: "Read it first: valise charter show FILE. Without --output it writes PARTY.charter-signature.")
        @Argument(help: "The compiled charter.", completion: .file()) var file: String
        @OptionGroup var target: TargetFile
        @OptionGroup var passphrase: PassphraseOptions
        @OptionGroup var options: HomeOptions

        func run() async throws {
            let home = try options.located()
            let found = try CharterFiles.read(file)
            let card = try home.card()
            try CharterFiles.mayFound(found.charter, card)
            let path = try target.path(otherwise: "\(card.id.party).charter-signature")
            let keys = try DeskKeys.open(home, passphrase: passphrase.source(of: home))
            let signature = try await CharterFiles.sign(found, as: card, keys: keys)
            try target.write(Array(signature.text.utf8), to: path)
            if options.json {
                return Output.standard.json([
                    "schema": "valise/charter-signature/v1", "charter": .string(found.id.description),
                    "fingerprint": .string(found.id.fingerprint), "delegate": .string(card.id.description),
                    "file": .string(path), "signature": .string(signature.text),
                ])
            }
            Output.standard.note("\(card.id) signed \"\(found.charter.title)\".")
            Output.standard.note("Fingerprint: \(found.id.fingerprint)")
            Output.diagnostics.note(.next, "send \(path) to the steward who collects the signatures.")
        }
    }

    struct Collect: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "collect", abstract: "Put the founders' signatures to a compiled charter.")
        @Argument(help: "The compiled charter.", completion: .file()) var file: String
        @Argument(help: "The signature files of all founding parties.", completion: .file()) var signatures: [String]
        @OptionGroup var target: TargetFile
        @OptionGroup var options: HomeOptions

        func run() throws {
            guard case .compiled(_, let bytes) = try CharterFiles.read(file) else {
                throw CommandFailure(
                    code: "charter-signed-already", message: "\(file) has its signatures already.",
                    hints: ["name the file that valise charter compile wrote"], status: .usage)
            }
            let texts = try signatures.map { try signature($0) }
            let signed = try CharterFiles.collect(bytes, texts)
            let output = try target.path()
            try target.write(try signed.derBytes(), to: output)
            if options.json {
                return Output.standard.json([
                    "schema": "valise/charter-collect/v1", "charter": .string(signed.id.description),
                    "fingerprint": .string(signed.id.fingerprint), "file": .string(output),
                    "signers": .array(signed.signatures.map { .string($0.signer.description) }),
                ])
            }
            let signatures = Counted.words(signed.signatures.count, "signature")
            Output.standard.note("Charter \(signed.id.short) with \(signatures) written to \(output).")
            Output.standard.note("Fingerprint: \(signed.id.fingerprint)")
            Output.diagnostics.note("Next, on every desk: \"valise join \(ShellWord.quoted(output))\"")
        }

        private func signature(_ path: String) throws -> CharterSignature {
            let text = try DeskFile.readText(path, limit: TextBlock.byteLimit)
            do { return try CharterSignature(text: text) } catch {
                throw DeskError(
                    "signature-damaged",
                    "\(path) is not a charter signature: \(error.field): expected \(error.expected).",
                    hint: "ask for the file again", kind: .verification)
            }
        }
    }
}
