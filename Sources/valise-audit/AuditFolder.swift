import Audit
import Glibc
import Terminal

/// The auditor's own folder: what no mirror brings along.
enum AuditFolder {
    /// `$XDG_STATE_HOME/valise-audit`, else `~/.local/state/valise-audit`.
    /// - Throws: ``Terminal/CommandFailure`` `no-home`.
    static func path() throws -> String {
        func variable(_ name: String) -> String? {
            getenv(name).map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        if let state = variable("XDG_STATE_HOME") { return "\(state)/valise-audit" }
        if let home = variable("HOME") { return "\(home)/.local/state/valise-audit" }
        throw CommandFailure(
            code: "no-home", message: "Neither XDG_STATE_HOME nor HOME says where the auditor's own files are.",
            hints: ["set HOME"], status: .usage)
    }

    /// What the auditor's own replay states are known by.
    static func key() throws -> AuditKey { try AuditKey.kept(in: path()) }
}
