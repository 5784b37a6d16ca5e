import Foundation
import Synchronization

/// Holds a replay against the verification limit while it runs: after some bundles it is held up, and the limit is
/// measured for a moment. A machine whose speed varies from second to second is then as fast for the one as for the
/// other.
final class ReplayMeter: Sendable {
    struct Sums: Sendable {
        /// Seconds of the replay, and its CPU time; what it is held up for does not count.
        var seconds = 0.0
        var cpu = 0.0
        /// Of the limit: how many verifications a second, added up over the slices, and the CPU time of all.
        var perSecond = 0.0
        var verifications = 0
        var limitCPU = 0.0
        var slices = 0
        fileprivate var start = (seconds: 0.0, cpu: 0.0)

        var limit: Double { perSecond / Double(max(1, slices)) }
    }

    private let cores: Int
    private let sums = Mutex(Sums())
    private static let bundlesOfSlice: UInt64 = 128
    private static let secondsOfLimit = 0.4

    init(cores: Int) { self.cores = cores }

    func begin() { sums.withLock { $0.start = (Moment.now, ProcessUse.cpuSeconds) } }

    /// A bundle was taken. It is the replay's own thread that is held up; what the others have begun they finish first,
    /// in the replay's time.
    func progress(_ done: UInt64) {
        guard done.isMultiple(of: Self.bundlesOfSlice) else { return }
        waitForOthers()
        end()
    }

    /// Ends a slice of the replay, measures the limit, and begins the next slice.
    func end() {
        sums.withLock { sums in
            sums.seconds += Moment.now - sums.start.seconds
            sums.cpu += ProcessUse.cpuSeconds - sums.start.cpu
        }
        let cpu = ProcessUse.cpuSeconds
        let counts = Mutex<[(count: Int, elapsed: Double)]>([])
        let threads = DispatchGroup()
        for _ in 0..<cores {
            threads.enter()
            Thread.detachNewThread {
                let result = VerifyLimit.verify(for: Self.secondsOfLimit)
                counts.withLock { $0.append(result) }
                threads.leave()
            }
        }
        threads.wait()
        let results = counts.withLock { $0 }
        sums.withLock { sums in
            sums.perSecond += results.reduce(0) { $0 + Double($1.count) / $1.elapsed }
            sums.verifications += results.reduce(0) { $0 + $1.count }
            sums.limitCPU += ProcessUse.cpuSeconds - cpu
            sums.slices += 1
            sums.start = (Moment.now, ProcessUse.cpuSeconds)
        }
    }

    var result: Sums { sums.withLock { $0 } }

    /// Until the process takes hardly any CPU time.
    private func waitForOthers() {
        var before = ProcessUse.cpuSeconds
        while true {
            usleep(500)
            let now = ProcessUse.cpuSeconds
            if now - before < 0.000_1 { return }
            before = now
        }
    }
}

/// What the kernel counts of this process.
enum ProcessUse {
    /// User and system time so far.
    static var cpuSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    static var peakMebibytes: Int {
        let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (Int(line.split(separator: " ").dropFirst().first ?? "0") ?? 0) / 1024
    }
}
