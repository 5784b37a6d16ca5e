import Desk
import Rules
import Statements
import Terminal
import Transport
import UnixSignals

/// `valise inbox --watch`: the table, then a line for each arrival; with `--json` a document on a line for each.
struct Watch: Sendable {
    let desk: Desk
    let json: Bool
    let all: Bool

    /// Watches until the task is cancelled.
    func run() async throws { try await watch { _, _ in } }

    /// The same with a command for each arrival, until a signal stops it. Arrivals are shown while a command is still
    /// at work; commands run one after the other, and an arrival stays in the queue until its command has ended.
    func run(_ hook: ArrivalHook) async throws -> UnixSignal? {
        let queue = try ArrivalQueue(desk.home)
        let signals = await StopSignals.trapped()
        let (jobs, line) = AsyncStream<InboxRow>.makeStream()
        let signal = try await withThrowingTaskGroup(of: UnixSignal?.self) { group in
            group.addTask {
                try await watch { look, isFirst in
                    let left = isFirst ? try await desk.arrivals(queue.waiting) : []
                    for row in try left + queue.take(look) { line.yield(row) }
                }
                return nil
            }
            group.addTask {
                for await row in jobs { if try await hook.run(row) { try queue.end(row.arrival.number) } }
                return nil
            }
            group.addTask { await signals.first { _ in true } }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        let left = queue.waiting.count
        if left > 0 {
            let arrivals = left == 1 ? "1 arrival" : "\(left) arrivals"
            Output.diagnostics.note("stopped; the command for \(arrivals) is still to be run, by the next watch")
        }
        return signal
    }

    /// - Parameter take: is given each look before it counts as seen, and whether it is the first.
    private func watch(_ take: (InboxLook, Bool) async throws -> Void) async throws {
        var newest = ArrivalNumber(0)
        try await untilReached { sight in
            guard case .arrivals(let look) = sight else { return tell(sight) }
            newest = look.newest
            try await show(first: look)
            try await take(look, true)
            try desk.markSeen(look)
        }
        try await desk.watch(after: newest) { sight in
            guard case .arrivals(let look) = sight else { return tell(sight) }
            for row in look.rows { show(row) }
            try await take(look, false)
        }
    }

    /// The first look, however long the relay is away.
    private func untilReached(_ see: (Desk.Sight) async throws -> Void) async throws {
        var isAway = false
        while true {
            do {
                let look = try await desk.inbox(marking: false)
                if isAway { try await see(.back) }
                return try await see(.arrivals(look))
            } catch let error as TransportError where error.code == .relayUnavailable {
                if !isAway { try await see(.away(error, retryIn: .seconds(5))) }
                isAway = true
                try await Task.sleep(for: .seconds(5))
            }
        }
    }

    private func show(first look: InboxLook) async throws {
        let rows = look.rows.filter { all || $0.isOpen }
        if json {
            rows.forEach(show)
        } else {
            InboxText.print(rows, look, try await desk.replays(), desk: desk)
        }
        Output.diagnostics.note("watching; stop with Ctrl-C")
    }

    private func show(_ row: InboxRow) {
        if json {
            return Output.standard.line(
                JSONValue.object([.init("schema", "valise/inbox-arrival/v1")] + InboxText.members(row)).compact)
        }
        let time = TimeText.brief(milliseconds: desk.now().milliseconds)
        let cells = InboxText.cells(row, now: desk.now()).joined(separator: "  ")
        Output.standard.line(
            Output.standard.prose("\(time)  \(cells)", hanging: 2) + (Output.standard.isTerminal ? "\u{7}" : ""))
    }

    private func tell(_ sight: Desk.Sight) {
        switch sight {
        case .arrivals: return
        case .away(let error, _):
            Output.diagnostics.note(
                "the relay is away, trying again: \((error as? TransportError)?.message ?? "\(error)")")
        case .back: Output.diagnostics.note("the relay answers again")
        }
    }
}
