import ArgumentParser
import Audit
import Daemon
import Glibc
import Keyring
import Ledger
import Logging
import Statements
import Terminal
import Transport
import Watch

/// `valise-audit follow`: mirrors and verifies a log for as long as it runs, and tells at once what is wrong.
struct FollowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "follow", abstract: "Keep a copy of the log, verify it as it grows, and raise an alarm at once.",
        discussion: """
            Each round copies what is new, replays it from where the last round ended, and compares its times with the \
            witnesses' and with this machine's. A fork, a rollback or a broken rule ends it with exit code 2; a stale \
            checkpoint, missing cosignatures, a late tick, a wrong time or a source that is away are told and it goes \
            on, to end with exit code 2 when it is stopped. It goes on after any interruption.

            With --exec a command is run by /bin/sh for each alarm, with VALISE_ALARM (its code), VALISE_SENTENCE and \
            VALISE_ENTRY in its environment. With --json each event is one line on standard output.

            With --verdict the auditor's delegate signs what was replayed and posts it at the relay, once a minute \
            while the log grows, and at once when something is wrong.
            """)

    @OptionGroup var charter: CharterOptions
    @Option(
        help: ArgumentHelp("The folder of the copy; made if it is not there.", valueName: "folder"),
        completion: .directory)
    var out: String
    @Option(
        help: ArgumentHelp(
            "Follow a folder or a web server (http:, https:) in C2SP layout instead of the relay.",
            valueName: "place"))
    var from: String?
    @Option(
        help: ArgumentHelp("The TLS roots (PEM) of that web server; the system's unless said.", valueName: "file"),
        completion: .file())
    var roots: String?
    @OptionGroup var verdict: VerdictOptions
    @Option(
        help: ArgumentHelp("Between two rounds; 10s unless said.", valueName: "duration"),
        transform: { try SpanOption.parse($0) })
    var every = SpanOption(milliseconds: 10_000)
    @Flag(help: "One round only: for a timer.") var once = false
    @Option(help: ArgumentHelp("Run this for each alarm.", valueName: "command")) var exec: String?
    @Option(
        help: ArgumentHelp(
            "With --exec: how long one command may take before it is ended, with all that it started; 1m unless said.",
            valueName: "duration"), transform: { try SpanOption.parse($0) })
    var execTimeout = SpanOption(milliseconds: 60_000)
    @Option(
        help: ArgumentHelp("trace, debug, info, notice, warning, error or critical.", valueName: "level"),
        completion: .list(["trace", "debug", "info", "notice", "warning", "error", "critical"]))
    var logLevel = "error"
    @Flag(help: "Print each event as one line of JSON.") var json = false

    func validate() throws {
        guard exec?.isEmpty != true else { throw ValidationError("--exec needs a command.") }
        guard roots == nil || isWeb else { throw ValidationError("--roots goes with --from and a web server.") }
    }

    private var isWeb: Bool { from?.hasPrefix("http://") == true || from?.hasPrefix("https://") == true }

    func run() async throws {
        let trusted = try charter.read()
        if isWeb, let from {
            let pem = try roots.map { try InputFile.read($0, limit: 1 << 20) }
            let client = try TilesClient(prefix: from, roots: pem)
            try await follow(trusted, WebSource(client)) { try? await client.shutdown() }
        } else if let from {
            try await follow(trusted, FolderSource(path: from)) {}
        } else {
            let keys = try verdict.keys(trusted)
            let relay = try RelaySource(charter: trusted, delegate: keys.delegate, sign: keys.sign)
            try await follow(trusted, relay, keys) { try? await relay.close() }
        }
    }

    private func follow(
        _ trusted: TrustedCharter, _ source: any LogSource, _ keys: AuditorKeys? = nil, closing: () async -> Void
    ) async throws {
        let verdicts = try verdict.teller(trusted, keys).map { FollowVerdicts($0, json: json) }
        let logger = try LogLevelSetting.parse(logLevel, origin: "--log-level").logger(label: "valise-audit")
        var settings = Follower.Settings()
        settings.pause = TimeSpan(milliseconds: every.milliseconds)
        settings.isOnce = once
        settings.isLive = from == nil
        settings.workers = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        let teller = FollowTeller(
            json: json, isOnce: once, command: exec, limit: .milliseconds(execTimeout.milliseconds))
        let notifier = ServiceNotifier()
        let follower = Follower(
            folder: MirrorFolder(path: out), charter: trusted, source: source, key: try AuditFolder.key(),
            settings: settings, now: { RelayClient.systemClock() }, logger: logger, judge: verdicts?.judge
        ) { event in
            if case .round(let size, _, _) = event { notifier.ready(status: "verified \(size) entries") }
            await teller.tell(event)
        }
        let result: Result<Void, any Error>
        do {
            result = .success(
                try await ServiceRoot.run([.init("follower", follower)], logger: logger, notifier: notifier))
        } catch { result = .failure(error) }
        await closing()
        try result.get()
        if follower.alarmCount > 0 { throw ExitCode(ExitStatus.verificationFailed.rawValue) }
    }
}

/// How events are told: on the screen, as JSON, and by a command.
struct FollowTeller: Sendable {
    let json: Bool
    let isOnce: Bool
    let command: String?
    let limit: Duration

    func tell(_ event: Follower.Event) async {
        switch event {
        case .round(let size, let grown, let cosigners):
            if json {
                return Output.standard.json([
                    "schema": "valise/follow-round/v1", "size": .unsigned(size.rawValue), "grown": .unsigned(grown),
                    "cosigners": .count(cosigners),
                ])
            }
            let time = TimeText.both(milliseconds: RelayClient.systemClock().milliseconds)
            // A round is told where it brought something, and where it is the only one.
            guard grown > 0 || isOnce else { return }
            let news = grown > 0 ? "\(grown) of them new" : "nothing new"
            Output.standard.line("\(time)  \(Counted.words(size.rawValue, "entry", "entries")) verified, \(news)")
        case .over(let alarm):
            if json { return Output.standard.json(document(alarm, "valise/follow-over/v1")) }
            Output.diagnostics.note("over: \(alarm.code)")
        case .alarm(let alarm):
            if json {
                Output.standard.json(document(alarm, "valise/follow-alarm/v1"))
            } else {
                Output.diagnostics.note(Label("alarm", .bad), "\(alarm.sentence) [\(alarm.code)]")
                Output.diagnostics.note(.next, alarm.nextStep)
            }
            await run(alarm)
        }
    }

    private func document(_ alarm: FollowAlarm, _ schema: String) -> JSONValue {
        [
            "schema": .string(schema), "code": .string(alarm.code), "message": .string(alarm.sentence),
            "hint": .string(alarm.nextStep), "entry": alarm.entry.map { .unsigned($0.rawValue) } ?? .null,
            "final": .bool(alarm.isFinal),
        ]
    }

    private func run(_ alarm: FollowAlarm) async {
        guard let command else { return }
        let facts = [
            ("VALISE_ALARM", alarm.code), ("VALISE_SENTENCE", SafeText.display(alarm.sentence)),
            ("VALISE_ENTRY", alarm.entry.map { "\($0)" } ?? ""),
        ]
        do {
            let ending = try await ShellCommand(
                command, environment: ShellCommand.environment(adding: facts), limit: limit
            ).run()
            if ending != .exited(0) { Output.diagnostics.note(.caution, "--exec for \(alarm.code): \(ending)") }
        } catch {
            Output.diagnostics.note(.caution, error.message)
        }
    }
}
