import Glibc
import Synchronization

/// A line that shows how far a long step has come: after one second, ten times a second at most, and only where it can
/// be drawn over (`Output.canRedraw`). Anything else that the program writes clears it first, so nothing is mixed up.
///
///     let bar = ProgressBar("sealing annex.bin")
///     defer { bar.finish() }
///     try await seal { done in bar.update(done: done, of: size) }
///
/// `update` may be called from any task or thread, as often as one likes.
package final class ProgressBar: Sendable {
    /// What is counted.
    package enum Unit: Sendable, Hashable {
        case bytes
        /// A plural noun: `entries`.
        case items(String)
    }

    private struct State {
        var done: UInt64 = 0
        var total: UInt64?
        var drawnAt: Int64?
        /// Where the counting began, for the rate: what was there already (a resumed download) is not speed.
        var first: (at: Int64, done: UInt64)?
        var finished = false
    }

    /// Nothing is drawn in the first second (milliseconds).
    package static let delay: Int64 = 1_000
    private static let interval: Int64 = 100

    private let label: String
    private let unit: Unit
    private let output: Output
    private let draws: Bool
    private let startedAt: Int64
    private let clock: @Sendable () -> Int64
    private let state = Mutex(State())

    /// - Parameters:
    ///   - label: what goes on, a few words; a stranger's text in it is made safe.
    ///   - enabled: false for `--json` and the like, where nothing is drawn.
    ///   - clock: monotonic milliseconds; nil takes the system's.
    package init(
        _ label: String, unit: Unit = .bytes, on output: Output = .diagnostics, enabled: Bool = true,
        clock: (@Sendable () -> Int64)? = nil
    ) {
        self.label = SafeText.display(label)
        self.unit = unit
        self.output = output
        self.clock = clock ?? ProgressBar.monotonic
        draws = enabled && output.canRedraw
        startedAt = self.clock()
    }

    /// Notes how far it has come. `total` is nil while it is not known.
    package func update(done: UInt64, of total: UInt64?) {
        guard draws else { return }
        let now = clock()
        state.withLock { state in
            guard !state.finished else { return }
            state.done = done
            state.total = total
            if state.first == nil { state.first = (now, done) }
            guard now - startedAt >= ProgressBar.delay,
                state.drawnAt.map({ now - $0 >= ProgressBar.interval }) ?? true
            else { return }
            state.drawnAt = now
            output.transient(line(state, now: now, width: output.width))
        }
    }

    /// As above with signed counts; what is below zero counts as zero.
    package func update(done: Int, of total: Int?) {
        update(done: UInt64(max(0, done)), of: total.map { UInt64(max(0, $0)) })
    }

    /// Takes the line away. Later updates do nothing.
    package func finish() {
        guard draws else { return }
        state.withLock { state in
            state.finished = true
            if state.drawnAt != nil { output.clearTransient() }
        }
    }

    /// The line for a terminal of this width: what does not fit is left out, the least important first.
    private func line(_ state: State, now: Int64, width: Int) -> String {
        let room = width - 1  // the last column would make some terminals wrap
        let rate = rate(state, now: now)
        guard let total = state.total, total > 0 else {
            return DisplayWidth.cut("\(label)  \(amount(state.done))\(rateText(rate))", to: room)
        }
        let done = min(state.done, total)
        let percent = "\(Int(Double(done) / Double(total) * 100))%"
        let left = rate > 0 ? "  \(SpanOption.rounded(seconds: Double(total - done) / rate)) left" : ""
        let amounts = "\(amount(done)) of \(amount(total))"
        let ends = [
            "\(percent)  \(amounts)\(rateText(rate))\(left)", "\(percent)  \(amounts)\(left)", "\(percent)\(left)",
            percent,
        ]
        for end in ends {
            let rest = room - DisplayWidth.columns(of: label) - DisplayWidth.columns(of: end) - 4
            if rest >= 12 { return "\(label)  \(Self.bar(done, total, columns: min(rest, 40)))  \(end)" }
        }
        let end = ends[3]
        return DisplayWidth.cut(label, to: max(8, room - end.count - 2)) + "  " + end
    }

    private static func bar(_ done: UInt64, _ total: UInt64, columns: Int) -> String {
        let filled = Int(Double(done) / Double(total) * Double(columns - 2))
        return "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: columns - 2 - filled) + "]"
    }

    private func amount(_ count: UInt64) -> String {
        switch unit {
        case .bytes: ByteSize(bytes: count).description
        case .items(let noun): "\(count) \(noun)"
        }
    }

    /// Per second since the first update; 0 while too little is known.
    private func rate(_ state: State, now: Int64) -> Double {
        guard let first = state.first, now - first.at >= 500, state.done > first.done else { return 0 }
        return Double(state.done - first.done) * 1000 / Double(now - first.at)
    }

    private func rateText(_ rate: Double) -> String {
        guard rate >= 1, case .bytes = unit else { return "" }
        return "  \(ByteSize(bytes: UInt64(rate)))/s"
    }

    /// CLOCK_MONOTONIC in milliseconds.
    private static func monotonic() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}

extension SpanOption {
    /// A guess at a length of time, without false precision: whole seconds below a minute, then two units.
    static func rounded(seconds: Double) -> SpanOption {
        let bounded = min(max(1, seconds.rounded(.up)), 86_400 * 99)
        return SpanOption(milliseconds: Int64(bounded) * 1000)
    }
}
