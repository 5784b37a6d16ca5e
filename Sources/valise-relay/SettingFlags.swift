import ArgumentParser
import Glibc
import Terminal

/// The flags of ``RelaySetting`` and of the settings file: a property for each case, of the same name.
struct SettingFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The settings file; $VALISE_RELAY_CONFIG names it too. None is looked for elsewhere.", valueName: "file"),
        completion: .file())
    var config: String?

    @Option(setting: RelaySetting.data) var data: String?
    @Option(setting: RelaySetting.keys) var keys: String?
    @Option(setting: RelaySetting.tls) var tls: String?
    @Option(setting: RelaySetting.host) var host: String?
    @Option(setting: RelaySetting.port) var port: String?
    @Option(setting: RelaySetting.headFile) var headFile: String?
    @Option(setting: RelaySetting.healthPort) var healthPort: String?
    @Option(setting: RelaySetting.logLevel) var logLevel: String?
    @Option(setting: RelaySetting.witnessPause) var witnessPause: String?
    @Option(setting: RelaySetting.witnessRoots) var witnessRoots: String?
    @Option(setting: RelaySetting.threads) var threads: String?
    @Option(setting: RelaySetting.headLimit) var headLimit: String?
    @Option(setting: RelaySetting.bodyWindow) var bodyWindow: String?
    @Option(setting: RelaySetting.bodyFloor) var bodyFloor: String?
    @Option(setting: RelaySetting.idleLimit) var idleLimit: String?
    @Option(setting: RelaySetting.stopLimit) var stopLimit: String?
    @Option(setting: RelaySetting.diskFloor) var diskFloor: String?
    @Option(setting: RelaySetting.retention) var retention: String?
    @Option(setting: RelaySetting.connections) var connections: String?
    @Option(setting: RelaySetting.addressConnections) var addressConnections: String?
    @Option(setting: RelaySetting.addressHandshakes) var addressHandshakes: String?
    @Option(setting: RelaySetting.addressRequests) var addressRequests: String?
    @Option(setting: RelaySetting.addressFailures) var addressFailures: String?
    @Option(setting: RelaySetting.addressBytes) var addressBytes: String?
    @Option(setting: RelaySetting.partyConnections) var partyConnections: String?
    @Option(setting: RelaySetting.partyPolls) var partyPolls: String?
    @Option(setting: RelaySetting.partyRequests) var partyRequests: String?
    @Option(setting: RelaySetting.partyStatements) var partyStatements: String?
    @Option(setting: RelaySetting.delegateStatements) var delegateStatements: String?
    @Option(setting: RelaySetting.partyContent) var partyContent: String?
    @Option(setting: RelaySetting.allStatements) var allStatements: String?
    @Option(setting: RelaySetting.allMessages) var allMessages: String?
    @Option(setting: RelaySetting.allContent) var allContent: String?
    @Option(setting: RelaySetting.queueLimit) var queueLimit: String?
    @Option(setting: RelaySetting.queuePatience) var queuePatience: String?
    @Option(setting: RelaySetting.queueShare) var queueShare: String?

    /// What is in force, with everything that is wrong in it.
    var settings: Settings<RelaySetting> {
        var settings = Settings<RelaySetting>(flags: given, environment: Self.environment, file: config)
        RelaySettingRules.apply(to: &settings)
        return settings
    }

    /// Read from the properties by name, so that none can be forgotten in a list.
    private var given: [RelaySetting: String] {
        var given: [RelaySetting: String] = [:]
        for child in Mirror(reflecting: self).children {
            guard let option = child.value as? Option<String?>, let text = option.wrappedValue,
                let name = RelaySetting.allCases.first(where: { "_\($0)" == child.label })
            else { continue }
            given[name] = text
        }
        return given
    }

    private static var environment: [String: String] {
        var variables: [String: String] = [:]
        var place = environ
        while let entry = place.pointee {
            let pair = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { variables[String(pair[0])] = String(pair[1]) }
            place += 1
        }
        return variables
    }
}
