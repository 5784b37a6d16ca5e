import Daemon
import Dispatch
import Glibc
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@Suite("The service manager's watchdog", .timeLimit(.minutes(1)))
struct WatchdogTests {
    let directory = ScratchDirectory()

    private var notifier: ServiceNotifier { ServiceNotifier(socketPath: directory.path + "/notify") }

    private func watch(
        _ variables: [String: String], isHealthy: @escaping @Sendable () async -> Bool = { true }
    ) -> Watchdog? {
        Watchdog(notifier: notifier, environment: { variables[$0] }, isHealthy: isHealthy)
    }

    /// The next datagram, waited for on a thread of its own; empty after twenty seconds.
    private static func next(_ descriptor: Int32) async -> String {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                var limit = timeval(tv_sec: 20, tv_usec: 0)
                setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
                var bytes = [UInt8](repeating: 0, count: 512)
                let count = recv(descriptor, &bytes, bytes.count, 0)
                continuation.resume(returning: String(decoding: bytes.prefix(max(0, count)), as: UTF8.self))
            }
        }
    }

    /// Runs a service until the body ends.
    private static func running(_ service: any Service, _ body: () async throws -> Void) async throws {
        let group = ServiceRoot.group(
            [.init("tested", service)], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            notifier: ServiceNotifier(socketPath: nil))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await body()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    @Test("it is told twice in the time that it waits")
    func beats() async throws {
        let manager = try ServiceNotifierTests.listen(directory.path + "/notify")
        defer { close(manager) }
        let watchdog = try #require(watch(["WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "\(getpid())"]))
        let begin = ContinuousClock.now
        try await Self.running(watchdog) {
            for _ in 0..<3 { #expect(await Self.next(manager) == "WATCHDOG=1") }
            // Two halves.
            #expect(watchdog.pause == .seconds(1))
            #expect(ContinuousClock.now - begin >= .seconds(2))
        }
    }

    @Test("it is told nothing while the program is not healthy")
    func unhealthy() async throws {
        let manager = try ServiceNotifierTests.listen(directory.path + "/notify")
        defer { close(manager) }
        let asked = Atomic<Int>(0)
        let watchdog = try #require(
            watch(["WATCHDOG_USEC": "20000"]) { asked.wrappingAdd(1, ordering: .relaxed).newValue > 3 })
        try await Self.running(watchdog) {
            #expect(await Self.next(manager) == "WATCHDOG=1")
            #expect(asked.load(ordering: .relaxed) >= 4)
        }
    }

    @Test(
        "where nobody watches there is none",
        arguments: [
            [:], ["WATCHDOG_USEC": ""], ["WATCHDOG_USEC": "0"], ["WATCHDOG_USEC": "x"],
            ["WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"],
        ] as [[String: String]])
    func none(variables: [String: String]) { #expect(watch(variables) == nil) }

    @Test("a reload is announced, and ends whether it went well or not")
    func reload() async throws {
        let manager = try ServiceNotifierTests.listen(directory.path + "/notify")
        defer { close(manager) }
        let capture = Capture()
        let logger = Logger(label: "x") { JSONLogHandler(label: $0, level: .info, descriptor: capture.descriptor) }
        let good = ReloadSignal(notifier: notifier, logger: logger) { "all is new" }
        await good.reload()
        #expect(await Self.next(manager).wholeMatch(of: /RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]*/) != nil)
        #expect(await Self.next(manager) == "READY=1\nSTATUS=all is new")
        let bad = ReloadSignal(notifier: notifier, logger: logger) {
            throw DaemonError(code: "x", message: "the key is not the certificate's", hint: "")
        }
        await bad.reload()
        #expect(await Self.next(manager).hasPrefix("RELOADING=1\n"))
        #expect(await Self.next(manager) == "READY=1\nSTATUS=nothing was reloaded: see the log")
        let text = capture.finish()
        #expect(text.contains("all is new"))
        #expect(text.contains("the key is not the certificate's"))
    }
}
