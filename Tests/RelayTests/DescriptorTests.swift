import Daemon
import Logging
import Synchronization
import TestKit
import Testing

@Suite("File descriptors that run out")
struct DescriptorTests {
    /// What is found from one look to the next.
    private final class Found: Sendable {
        private let value = Mutex<(UInt64, UInt64)?>(nil)
        func set(_ open: UInt64?, of most: UInt64 = 100) { value.withLock { $0 = open.map { ($0, most) } } }
        var reading: (open: UInt64, most: UInt64)? { value.withLock { $0.map { (open: $0.0, most: $0.1) } } }
    }

    @Test("the log says once that they run out, also when they cannot be counted any more, and that it is over")
    func said() throws {
        let (found, log) = (Found(), try LogCapture(.info))
        let watch = DescriptorWatch(logger: log.logger) { found.reading }
        func look(_ open: UInt64?) -> [String] {
            found.set(open)
            watch.look()
            watch.look()
            return log.text.split(separator: "\n").map { $0.contains("run out") ? "out" : "again" }
        }
        #expect(look(90).isEmpty)
        #expect(look(91) == ["out"])
        #expect(log.text.contains("\"most\":\"100\""), "\(log.text)")
        #expect(look(100) == ["out"])
        #expect(look(3) == ["out", "again"])
        #expect(look(nil) == ["out", "again", "out"])
        #expect(look(2) == ["out", "again", "out", "again"])
    }

    @Test("where they can never be counted nothing is said")
    func unknown() throws {
        let log = try LogCapture(.info)
        let watch = DescriptorWatch(logger: log.logger) { nil }
        watch.look()
        watch.look()
        #expect(log.text.isEmpty)
    }
}
