import Daemon
import Relay
import Statements
import Terminal

/// The settings of limits: `Docs/Operations/limits.md` says what each of them does when it is hit.
extension RelaySetting {
    private static let most: Int64 = 1_000_000
    /// What counts where nothing is set.
    private static let limits = RelayLimits()

    var limitRow: SettingDeclaration {
        switch self {
        case .connections:
            Self.count(
                Self.limits.sources.connections,
                "Connections that are open at a time, as far as file descriptors reach.")
        case .addressConnections: Self.count(Self.limits.sources.addressConnections, "Connections of one address.")
        case .addressHandshakes: Self.count(Self.limits.sources.handshakes, "New connections of an address a second.")
        case .addressRequests:
            Self.count(
                Self.limits.sources.requests,
                "Requests of an address a second, over connections on which no signature has held yet.")
        case .addressFailures:
            Self.count(Self.limits.sources.failures, "Signatures of an address a second that do not hold.")
        case .addressBytes:
            .init(
                .size(1_024...1 << 40), .value(SettingKind.size(Int64(Self.limits.sources.bytes))),
                "Bytes of an address a second, over connections on which no signature has held yet.")
        case .partyConnections: Self.count(Self.limits.parties.connections, "Connections of one party.")
        case .partyPolls: Self.count(Self.limits.parties.polls, "Inboxes of one party that wait for something.")
        case .partyRequests: Self.count(Self.limits.parties.requests, "Signed requests of a party a second.")
        case .partyStatements: Self.count(Self.limits.parties.statements, "Statements of a party a second.")
        case .delegateStatements:
            Self.count(Self.limits.parties.delegateStatements, "Statements of one delegate a second.")
        case .partyContent:
            .init(
                .size(1_024...1 << 40), .value(SettingKind.size(Int64(Self.limits.parties.content))),
                "Bytes of envelopes, drafts and parts that a party may send a second.")
        default: sharedLimitRow
        }
    }

    private var sharedLimitRow: SettingDeclaration {
        switch self {
        case .allStatements: Self.count(Self.limits.parties.allStatements, "Statements of all parties a second.")
        case .allMessages:
            .init(
                .count(1...1 << 48), .otherwise("none; the charter's quotas count"),
                "Unsettled messages of all parties; no submission is taken above it.", example: "100000")
        case .allContent:
            .init(
                .size(1...1 << 50), .otherwise("none; the charter's quotas count"),
                "Payload bytes of all unsettled messages; no submission is taken above it.", example: "1TiB")
        case .queueLimit:
            Self.count(
                Self.limits.queue.statements,
                "Statements that wait to be decided; 16 KiB of what comes with one count as one more.")
        case .queuePatience:
            .init(
                .span(1_000...300_000), .value(SettingKind.span(Self.limits.queue.patience.milliseconds)),
                "What would have to wait for longer is turned away at once, with 503 and `overloaded`.")
        default:
            .init(
                .count(1...99), .value("\(Self.limits.queue.share)"),
                "Percent of a batch that a precedence above routine may take while lower ones wait.")
        }
    }

    private static func count(_ standard: Int, _ help: String) -> SettingDeclaration {
        .init(.count(1...most), .value("\(standard)"), help)
    }
}

extension RelaySettingRules {
    /// What the relay turns away.
    /// - Parameter descriptors: how many files the process may have open; some are kept for other things than
    ///   connections.
    static func relayLimits(_ settings: Settings<RelaySetting>, descriptors: Int?) -> RelayLimits {
        var limits = RelayLimits()
        func set(_ name: RelaySetting, _ change: (inout RelayLimits, Int64) -> Void) {
            if let number = settings.number(name) { change(&limits, number) }
        }
        set(.connections) { $0.sources.connections = Int($1) }
        set(.addressConnections) { $0.sources.addressConnections = Int($1) }
        set(.addressHandshakes) { $0.sources.handshakes = Int($1) }
        set(.addressRequests) { $0.sources.requests = Int($1) }
        set(.addressFailures) { $0.sources.failures = Int($1) }
        set(.addressBytes) { $0.sources.bytes = Int($1) }
        set(.partyConnections) { $0.parties.connections = Int($1) }
        set(.partyPolls) { $0.parties.polls = Int($1) }
        set(.partyRequests) { $0.parties.requests = Int($1) }
        set(.partyStatements) { $0.parties.statements = Int($1) }
        set(.delegateStatements) { $0.parties.delegateStatements = Int($1) }
        set(.partyContent) { $0.parties.content = Int($1) }
        set(.allStatements) { $0.parties.allStatements = Int($1) }
        set(.allMessages) { $0.parties.allMessages = UInt64($1) }
        set(.allContent) { $0.parties.allContent = UInt64($1) }
        set(.queueLimit) { $0.queue.statements = Int($1) }
        set(.queuePatience) { $0.queue.patience = TimeSpan(milliseconds: $1) }
        set(.queueShare) { $0.queue.share = Int($1) }
        if let descriptors {
            let room = max(descriptors / 2, descriptors - FileDescriptors.reserve)
            limits.sources.connections = min(limits.sources.connections, room)
        }
        return limits
    }
}
