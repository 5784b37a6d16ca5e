import Daemon
import Dispatch
import Foundation
import Logging
import Relay
import Statements
import TestKit
import Testing

/// A relay in a box with a health port, and what that says.
extension RelayInABox.Options {
    /// - Parameter change: of the relay's settings.
    static func watched(_ change: @escaping @Sendable (inout RelaySettings) -> Void = { _ in }) -> Self {
        RelayInABox.Options { options in
            options.settings = { settings in
                settings.healthPort = 0
                change(&settings)
            }
        }
    }
}

extension RelayInABox {
    var dataFolder: String { "\(site.folder.path)/data" }

    /// What the health port says; it is noted a moment after the relay listens.
    func health(_ target: String) async throws -> (status: Int, text: String) {
        for _ in 0..<2_000 {
            if let port = HealthPort.read(dataFolder), let answer = await Self.get(target, port) {
                return (answer.status, String(decoding: answer.body, as: UTF8.self))
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw Unexpected(description: "nothing answers on the health port")
    }

    /// Away from the threads that the relay itself runs on.
    private static func get(_ target: String, _ port: Int) async -> (status: Int, body: [UInt8])? {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(returning: LoopbackReading.get(target, port: port))
            }
        }
    }

    func readiness() async throws -> Readiness {
        let answer = try await health("/readyz?format=json")
        let readiness = try Readiness(parsing: Array(answer.text.utf8))
        #expect(answer.status == (readiness.isReady ? 200 : 503))
        return readiness
    }

    /// One check of `/readyz`, once the relay's duties were looked at for the first time.
    func check(_ name: String) async throws -> ReadinessCheck {
        try #require(try await readiness().checks.first { $0.name == name })
    }

    func metrics() async throws -> ScrapedMetrics { ScrapedMetrics(parsing: try await health("/metrics").text) }
}

/// Collects what a relay writes into its log.
final class LogCapture: Sendable {
    let logger: Logger
    private let path: String
    private let folder: TemporaryFolder

    init(_ level: Logger.Level) throws {
        folder = try TemporaryFolder("valise-log")
        path = "\(folder.path)/log"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        logger = Logger(label: "relay") { JSONLogHandler(label: $0, level: level, descriptor: descriptor) }
    }

    var text: String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }

    /// Every line as the object that it must be.
    func lines() throws -> [[String: Any]] {
        try text.split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any], "\($0)")
        }
    }
}
