import Desk
import Rules
import Statements
import Terminal
import Transport

/// `valise inbox --watch`: the table, then a line for each arrival; with `--json` a document on a line for each.
struct Watch {
    let desk: Desk
    let json: Bool
    let exec: String?

    func run(all: Bool) async throws {
        var newest = ArrivalNumber(0)
        let (jobs, queue) = AsyncStream<InboxRow>.makeStream()
        let (command, run) = (exec, ArrivalHook.run)
        // Arrivals are shown while a command is still at work; commands run one after the other.
        let hooks = Task {
            guard let command else { return }
            for await row in jobs { await run(command, row) }
        }
        defer {
            queue.finish()
            hooks.cancel()
        }
        func take(_ rows: [InboxRow]) {
            if exec != nil { for row in rows where row.isNew && row.isUnread { queue.yield(row) } }
        }
        try await untilReached { sight in
            if case .arrivals(let look) = sight {
                newest = look.newest
                show(first: look, all: all)
                take(look.rows)
                try desk.markSeen(look)
            } else {
                tell(sight)
            }
        }
        try await desk.watch(after: newest) { sight in
            if case .arrivals(let look) = sight {
                for row in look.rows { show(row) }
                take(look.rows)
            } else {
                tell(sight)
            }
        }
    }

    /// The first look, however long the relay is away.
    private func untilReached(_ see: (Desk.Sight) throws -> Void) async throws {
        var isAway = false
        while true {
            do {
                let look = try await desk.inbox(marking: false)
                if isAway { try see(.back) }
                return try see(.arrivals(look))
            } catch let error as TransportError where error.code == .relayUnavailable {
                if !isAway { try see(.away(error, retryIn: .seconds(5))) }
                isAway = true
                try await Task.sleep(for: .seconds(5))
            }
        }
    }

    private func show(first look: InboxLook, all: Bool) {
        let rows = look.rows.filter { all || $0.isOpen }
        if json { rows.forEach(show) } else { InboxText.print(rows, look, desk: desk) }
        Output.diagnostics.line("watching; stop with Ctrl-C")
    }

    private func show(_ row: InboxRow) {
        if json {
            return Output.standard.line(
                JSONValue.object([.init("schema", "valise/inbox-arrival/v1")] + InboxText.members(row)).compact)
        }
        let time = TimeText.brief(milliseconds: desk.now().milliseconds)
        let cells = InboxText.cells(row, now: desk.now()).joined(separator: "  ")
        Output.standard.line("\(time)  \(cells)\(Output.standard.isTerminal ? "\u{7}" : "")")
    }

    private func tell(_ sight: Desk.Sight) {
        switch sight {
        case .arrivals: return
        case .away(let error, _):
            let reason = (error as? TransportError)?.message ?? "\(error)"
            Output.diagnostics.line("the relay is away, trying again: \(SafeText.display(reason))")
        case .back: Output.diagnostics.line("the relay answers again")
        }
    }
}
