import Daemon
import Glibc
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

@Suite("How many file descriptors are open")
struct DescriptorCountTests {
    @Test("what the system tells is what it lists")
    func exact() throws {
        let many = (0..<200).map { _ in open("/dev/null", O_RDONLY | O_CLOEXEC) }
        defer { for one in many { close(one) } }
        #expect(many.allSatisfy { $0 >= 0 })
        #expect(try #require(DescriptorCount.listed()) >= 200)
        // Before Linux 6.2 it tells nothing.
        guard DescriptorCount.told() != nil else { return }
        // Other tests open and close some meanwhile.
        let agrees = (0..<10_000).contains { _ in
            let before = DescriptorCount.listed()
            return DescriptorCount.told() == before && DescriptorCount.listed() == before
        }
        #expect(agrees)
    }

    @Test("where they must be listed, they are listed once for all who ask within the age")
    func listedOnce() {
        let lists = Counter()
        let listed: DescriptorCount.Reading = {
            lists.add()
            return 7
        }
        let young = DescriptorCount(told: { nil }, listed: listed, age: .seconds(3_600))
        for _ in 0..<20 { #expect(young.current == 7) }
        #expect(lists.value == 1)
        let old = DescriptorCount(told: { nil }, listed: listed, age: .zero)
        for _ in 0..<20 { #expect(old.current == 7) }
        #expect(lists.value == 21)
        let told = DescriptorCount(told: { 9 }, listed: listed)
        #expect(told.current == 9)
        #expect(lists.value == 21)
    }
}
