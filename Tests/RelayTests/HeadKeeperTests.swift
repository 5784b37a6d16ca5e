import Daemon
import Foundation
import Ledger
import Logging
import Relay
import ServiceLifecycle
import Statements
import TestKit
import Testing

@Suite("The newest head outside the data", .timeLimit(.minutes(1)))
struct HeadKeeperTests {
    @Test("a head that cannot be kept is a warning with a next step until it is kept, and the log says both once")
    func cannotBeKept() async throws {
        let site = try RelaySite()
        let (file, log) = (HeadFile(path: site.folder.path + "/kept"), try LogCapture(.info))
        var options = RelayInABox.Options.watched { $0.headFile = file }
        options.logger = log.logger
        options.runsActs = false
        try await RelayInABox.run(site, options) { box in
            let kept = box.head.size
            _ = try await box.whenQuiet("head") { $0.state == .ok }
            _ = try await box.whenScraped { $0["valise_head_kept_size"] == Double(kept.rawValue) }
            // Nothing can be put in the place of a folder.
            try FileManager.default.removeItem(atPath: file.path)
            try FileManager.default.createDirectory(atPath: file.path, withIntermediateDirectories: false)
            try await box.accept(box.envelope())
            let check = try await box.whenQuiet("head") { $0.state != .ok }
            #expect(check.state == .warn)
            #expect(check.sentence.contains("the log's \(box.head.size) entries has not been kept"), "\(check)")
            #expect(check.sentence.hasSuffix("its file has that of \(kept)."), "\(check)")
            #expect(check.next?.isEmpty == false)
            let found = try await box.metrics()
            #expect(found[#"valise_check{check="head"}"#] == 1)
            #expect(found["valise_head_kept_size"] == Double(kept.rawValue))
            #expect(try await box.readiness().isReady, "the relay does its work without it")
            try FileManager.default.removeItem(atPath: file.path)
            _ = try await box.whenQuiet("head") { $0.state == .ok }
            #expect(try file.read(log: site.world.logSigner.key) == box.head)
        }
        let lines = log.text.split(separator: "\n")
        #expect(lines.filter { $0.contains("the newest head is not kept") }.count == 1)
        #expect(lines.filter { $0.contains("the newest head is kept again") }.count == 1)
    }

    @Test("what was committed last is kept when the keeper stops, however long ago it looked")
    func stop() async throws {
        try await RelayInABox.run(nil, RelayInABox.Options { $0.runsActs = false }) { box in
            let (file, key) = (HeadFile(path: box.site.folder.path + "/kept"), box.world.logSigner.key)
            let quiet = Logger(label: "head") { _ in SwiftLogNoOpLogHandler() }
            let keeper = HeadKeeper(file, log: box.server.log, logger: quiet, pause: .seconds(3_600))
            let group = ServiceRoot.group([.init("head", keeper)], logger: quiet, stopLimit: .seconds(5))
            async let running: Void = group.run()
            while try file.read(log: key) == nil { await Task.yield() }
            let before = box.head
            try await box.accept(box.envelope())
            #expect(try file.read(log: key) == before)
            await group.triggerGracefulShutdown()
            try await running
            #expect(try file.read(log: key) == box.head)
        }
    }
}
