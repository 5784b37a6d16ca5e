import Daemon
import Logging
import NIOCore
import Relay
import Statements
import Terminal
import Wire

/// What an operator can set of a relay, and nothing else: `Terminal/SettingName` says how to add a key.
enum RelaySetting: String, SettingName {
    case data
    case keys
    case tls
    case host
    case port
    case headFile = "head-file"
    case healthPort = "health-port"
    case logLevel = "log-level"
    case witnessPause = "witness-pause"
    case witnessRoots = "witness-roots"
    case threads
    case headLimit = "head-limit"
    case bodyWindow = "body-window"
    case bodyFloor = "body-floor"
    case idleLimit = "idle-limit"
    case stopLimit = "stop-limit"
    case diskFloor = "disk-floor"
    case retention
    case connections
    case addressConnections = "address-connections"
    case addressHandshakes = "address-handshakes"
    case addressRequests = "address-requests"
    case addressFailures = "address-failures"
    case addressBytes = "address-bytes"
    case partyConnections = "party-connections"
    case partyPolls = "party-polls"
    case partyRequests = "party-requests"
    case partyStatements = "party-statements"
    case delegateStatements = "delegate-statements"
    case partyContent = "party-content"
    case allStatements = "all-statements"
    case allMessages = "all-messages"
    case allContent = "all-content"
    case queueLimit = "queue-limit"
    case queuePatience = "queue-patience"
    case queueShare = "queue-share"

    static let program = "valise-relay"
    static let variablePrefix = "VALISE_RELAY_"

    private static let second: Int64 = 1_000
    private static let minute: Int64 = 60_000
    /// What counts where nothing is set.
    private static let connectionLimits = ConnectionLimits()

    var declaration: SettingDeclaration {
        switch self {
        case .data:
            .init(
                .folder, .required, "The data directory that `valise-relay init` made.",
                example: "/var/lib/valise-relay/geneva")
        case .keys:
            .init(
                .folder, .required, "The folder of the relay's keys; `$CREDENTIALS_DIRECTORY` goes first.",
                example: "/etc/valise-relay/geneva")
        case .tls:
            .init(
                .folder, .otherwise("that of `keys`"),
                "The folder of `tls.pem` and `tls.key`, where they are not with the keys.")
        case .headFile:
            .init(
                .file, .otherwise("`DATA.head`, beside the data directory"),
                "The file with the newest checkpoint that was signed; outside the data directory, so that an older "
                    + "copy of that is known as such.")
        case .host: .init(.host, .value("127.0.0.1"), "The address to listen on.")
        case .port: .init(.port, .otherwise("that of the charter's URL"), "The port to listen on.", example: "8443")
        case .healthPort:
            .init(
                .port, .otherwise("none"), "A loopback port for `/healthz`, `/readyz` and `/metrics`.", example: "8442")
        case .logLevel:
            .init(
                .word(Logger.Level.allCases.map(\.rawValue)), .value(LogLevelSetting.standard.level.rawValue),
                "How much is logged.")
        case .witnessPause, .witnessRoots: witnessRow
        case .diskFloor:
            .init(
                .size(1...1 << 50), .otherwise("5 % of the disk, at most 1 GiB"),
                "Below so many free bytes no new content is taken, below a quarter of it nothing at all.",
                example: "2GiB")
        case .retention:
            .init(
                .span(60 * Self.minute...10 * 365 * 24 * 60 * Self.minute), .otherwise("the charter's"),
                "How long the content of a settled message is kept, if that is longer than the charter's retention.",
                example: "90d")
        case .threads, .headLimit, .bodyWindow, .bodyFloor, .idleLimit, .stopLimit: connectionRow
        default: limitRow
        }
    }

    private var witnessRow: SettingDeclaration {
        self == .witnessPause
            ? .init(
                .span(Self.second...60 * Self.minute),
                .value(SettingKind.span(CheckpointRounds.Cadence().pause.milliseconds)),
                "How long to wait between two checkpoints that the charter's witnesses are asked to cosign.")
            : .init(
                .file, .otherwise("the system's"),
                "The TLS roots (PEM) of witnesses whose certificates are not under the system's.",
                example: "/etc/valise-relay/witness-roots.pem")
    }

    private var connectionRow: SettingDeclaration {
        switch self {
        case .headLimit:
            .init(
                .span(Self.second...5 * Self.minute), .value(Self.span(Self.connectionLimits.head)),
                "A request's head must be complete this long after its first byte, or after the connection was opened.")
        case .bodyWindow:
            .init(
                .span(Self.second...10 * Self.minute), .value(Self.span(Self.connectionLimits.bodyWindow)),
                "In every window of this length, `body-floor` bytes of a request's body must come.")
        case .bodyFloor:
            .init(
                .size(1...16 << 20), .value(SettingKind.size(Int64(Self.connectionLimits.bodyFloor))),
                "How much of a request's body must come in a `body-window`.")
        case .idleLimit:
            // A desk waits on it for its inbox.
            .init(
                .span(Int64(InboxQuery.longestWait + 1) * Self.second...60 * Self.minute),
                .value(Self.span(Self.connectionLimits.idle)),
                "A kept connection without a request is closed after this.")
        case .stopLimit:
            .init(
                .span(Self.second...10 * Self.minute), .value(Self.span(ServiceRoot.stopLimit)),
                "How long a stop waits for requests that have begun.")
        default:
            .init(
                .count(1...256), .otherwise("one for each processor"), "How many threads serve connections.",
                example: "4")
        }
    }

    private static func span(_ amount: TimeAmount) -> String { SettingKind.span(amount.nanoseconds / 1_000_000) }
    private static func span(_ duration: Duration) -> String { SettingKind.span(Int64(duration / .milliseconds(1))) }
}
