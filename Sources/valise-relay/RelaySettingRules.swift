import Daemon
import NIOCore
import Relay
import Statements
import Terminal

/// What settings have to do with each other, and what the relay makes of them.
enum RelaySettingRules {
    /// Notes what is missing, and combinations that cannot be.
    static func apply(to settings: inout Settings<RelaySetting>) {
        settings.requireAll()
        refuseOnePort(settings.number(.port), in: &settings)
        refuseHeadWithData(in: &settings)
        for (part, whole, reason) in parts { settings.keep(part, atMost: whole, reason) }
    }

    /// Limits of which the first would never be met. What file descriptors leave of `connections` is known only when
    /// the relay starts, and caps them all.
    private static let parts: [(RelaySetting, RelaySetting, String)] = [
        (.addressConnections, .connections, "one address cannot have more connections than there are for all"),
        (.partyConnections, .connections, "one party cannot have more connections than there are for all"),
        (.partyPolls, .partyConnections, "an inbox that waits holds a connection of its own"),
        (.delegateStatements, .partyStatements, "one delegate cannot say more than its party may"),
    ]

    /// The port that counts: the one that was set, else that of the charter's URL.
    /// - Throws: `settings-conflict` if it is that of the health listener.
    static func port(_ settings: Settings<RelaySetting>, charterURL url: String) throws(CommandFailure) -> Int {
        if let port = settings.number(.port) { return Int(port) }
        var settings = settings
        let port = port(of: url)
        refuseOnePort(Int64(port), in: &settings)
        try settings.check()
        return port
    }

    /// How a connection may behave.
    static func limits(_ settings: Settings<RelaySetting>) -> ConnectionLimits {
        var limits = ConnectionLimits()
        func span(_ name: RelaySetting, _ change: (inout ConnectionLimits, TimeAmount) -> Void) {
            if let milliseconds = settings.number(name) { change(&limits, .milliseconds(milliseconds)) }
        }
        span(.headLimit) { $0.head = $1 }
        span(.bodyWindow) { $0.bodyWindow = $1 }
        span(.idleLimit) { $0.idle = $1 }
        if let floor = settings.number(.bodyFloor) { limits.bodyFloor = Int(floor) }
        return limits
    }

    private static func refuseOnePort(_ port: Int64?, in settings: inout Settings<RelaySetting>) {
        guard let port, port != 0, port == settings.number(.healthPort) else { return }
        settings.refuse(.port, .healthPort, "one port cannot serve both")
    }

    /// By default it lies beside the data directory.
    private static func refuseHeadWithData(in settings: inout Settings<RelaySetting>) {
        guard let head = settings.text(.headFile), let data = settings.text(.data),
            PathNesting.isInside(head, folder: data)
        else { return }
        settings.refuse(
            .headFile, .data, "an older copy of the data would bring its own head, and not be known as older")
    }

    /// The port of `https://host[:port]`.
    private static func port(of url: String) -> Int {
        guard let colon = url.lastIndex(of: ":"), let port = Int(url[url.index(after: colon)...]) else { return 443 }
        return port
    }
}
