import Daemon
import Glibc
import Hummingbird
import Logging
import NIOCore

/// Where the operator's commands find the health port of the relay that runs in a data directory.
package enum HealthPort {
    /// A file with the port in decimal and a line feed; it stays behind after a stop, and counts only while the
    /// directory is locked.
    package static func path(_ folder: String) -> String { "\(folder)/health-port" }

    /// Nil where nothing was noted.
    package static func read(_ folder: String) -> Int? {
        let file = open(path(folder), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 8)
        let count = Glibc.read(file, &bytes, bytes.count)
        let digits = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).prefix { $0 != "\n" }
        return Int(digits).flatMap { (1...65_535).contains($0) ? $0 : nil }
    }

    /// - Returns: whether it was noted; a relay serves without it.
    static func write(_ port: Int, _ folder: String) -> Bool {
        let file = open(path(folder), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { return false }
        defer { close(file) }
        let line = Array("\(port)\n".utf8)
        return Glibc.write(file, line, line.count) == line.count
    }
}

extension RelayHealth {
    /// The loopback listener, which notes its port in the data directory, and what it tells of.
    func services(
        port: Int, folder: String?, group: any EventLoopGroup, logger: Logger
    ) -> [ServiceRoot.Named] {
        let application = Application(
            responder: HealthResponder(health: self),
            configuration: .init(address: .hostname("127.0.0.1", port: port), serverName: nil),
            onServerRunning: { channel in
                guard let folder, let port = channel.localAddress?.port else { return }
                if !HealthPort.write(port, folder) {
                    logger.warning("the health port could not be noted in the data directory")
                }
            }, eventLoopGroupProvider: .shared(group), logger: logger.quiet)
        return [.init("figures", figures), .init("probe", probe), .init("health", application)]
    }
}
