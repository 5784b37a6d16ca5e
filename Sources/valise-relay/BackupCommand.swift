import ArgumentParser
import Daemon
import Keyring
import Ledger
import Statements
import Store
import StoreSQLite
import Terminal
import Wording

/// `valise-relay backup`: copies a data directory while a relay works in it.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy a data directory, whole at one size of the log, while the relay runs.",
        discussion: """
            The copy is a new folder: the database, the envelope files, and a manifest with their digests that \
            sha256sum --check reads too. It gets its name when all of it is on the disk. The relay's keys are not in it.
            """)

    @Option(help: ArgumentHelp("The data directory.", valueName: "folder"), completion: .directory) var data: String
    @Option(
        name: .customLong("out"), help: ArgumentHelp("The folder to make; it must not be there.", valueName: "folder"),
        completion: .directory)
    var folder: String
    @Option(
        help: ArgumentHelp(
            "An earlier backup on the same file system: envelope files that it has too take no room again.",
            valueName: "folder"),
        completion: .directory)
    var base: String?
    @Flag(help: "Print one JSON document.") var json = false

    func run() async throws {
        try RelayFiles.requireLog(data)
        let bar = ProgressBar("copying", unit: .items("envelope files"), enabled: !json)
        defer { bar.finish() }
        let manifest = try copy(bar)
        bar.finish()
        if json {
            Output.standard.json([
                "schema": "valise/relay-backup/v1", "folder": .string(folder),
                "size": .unsigned(manifest.head.size.rawValue),
                "root": .string(Base64.encode(manifest.head.root.bytes)),
                "charter": .string(manifest.charter.description), "tables": .string(manifest.schema),
                "madeAt": .integer(manifest.madeAt.milliseconds), "files": .count(manifest.files.count),
            ])
        } else {
            var list = FieldList()
            list.add("backup", folder)
            list.add("charter", manifest.charter.fingerprint)
            list.add("log", "\(manifest.head.size) entries, root \(Base64.encode(manifest.head.root.bytes))")
            list.add("files", "\(manifest.files.count), whose digests are in \(BackupManifest.name)")
            Output.standard.fields(list)
            Output.diagnostics.note(.next, "valise-relay check --data \(ShellWord.quoted(folder))")
        }
    }

    private func copy(_ bar: ProgressBar) throws -> BackupManifest {
        let backup = StoreBackup(
            of: data, to: folder, base: base, at: Timestamp(milliseconds: TimeText.now())
        ) { bar.update(done: $0, of: $1) }
        do { return try backup.make() } catch {
            guard error.code == .conflict else { throw error }
            throw CommandFailure(
                code: "file-exists", message: error.message, hints: ["name another folder: --out"], status: .refused)
        }
    }
}

/// `valise-relay restore`: puts a backup into an empty folder.
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Put a backup into an empty folder, and check all of it.",
        discussion: """
            Nothing of it can be served before everything was checked. A relay whose log has grown since the backup \
            refuses to serve from it: statements that parties hold receipts for would be missing.
            """)

    @Option(
        name: .customLong("from"), help: ArgumentHelp("What valise-relay backup made.", valueName: "folder"),
        completion: .directory)
    var backup: String
    @Option(
        help: ArgumentHelp("The data directory to be: a folder that is empty or not there.", valueName: "folder"),
        completion: .directory)
    var data: String
    @Flag(help: "Print one JSON document.") var json = false

    func run() async throws {
        try Durable.makeFolder(path: data)
        let lock = try DirectoryLock(directory: data)
        let bar = ProgressBar("checking", unit: .items("entries"), enabled: !json)
        defer { bar.finish() }
        let (manifest, report) = try restore(bar)
        withExtendedLifetime(lock) {}
        bar.finish()
        if json {
            Output.standard.json([
                "schema": "valise/relay-restore/v1", "folder": .string(data),
                "size": .unsigned(manifest.head.size.rawValue),
                "root": .string(Base64.encode(manifest.head.root.bytes)),
                "charter": .string(manifest.charter.description), "madeAt": .integer(manifest.madeAt.milliseconds),
                "payloads": .unsigned(report.payloads),
            ])
        } else {
            var list = FieldList()
            list.add("charter", manifest.charter.fingerprint)
            list.add("log", "\(manifest.head.size) entries, root \(Base64.encode(manifest.head.root.bytes))")
            list.add("of", TimeText.utc(milliseconds: manifest.madeAt.milliseconds))
            list.add("payloads", "\(report.payloads) read, \(ByteSize(bytes: report.payloadBytes))")
            Output.standard.fields(list)
            Output.diagnostics.note(.next, "valise-relay serve --data \(ShellWord.quoted(data)) --keys KEYS")
        }
    }

    private func restore(_ bar: ProgressBar) throws -> (manifest: BackupManifest, report: StoreCheckReport) {
        let restore = StoreRestore(from: backup, to: data) { step in
            if case .entries(let done, let all) = step { bar.update(done: done, of: all) }
        }
        do { return try restore.run() } catch {
            guard error.code == .conflict else { throw error }
            throw CommandFailure(
                code: "folder-not-empty", message: error.message,
                hints: ["name another folder: --data; move the old one away, and keep it"], status: .refused)
        }
    }
}
