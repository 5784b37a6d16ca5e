import Glibc
import Synchronization

/// Where a program writes: results to `standard`, everything else to `diagnostics`.
///
/// Colour only on a terminal that can show it; `NO_COLOR` (any value but empty) and `TERM=dumb` switch it off. A reader
/// that goes away (`| head`) ends writing quietly; any other failed write is kept and reported at the end by `Program`.
package final class Output: Sendable {
    /// Standard output: what was asked for.
    package static let standard = Output(descriptor: STDOUT_FILENO)
    /// Standard error: errors, hints, progress, narration.
    package static let diagnostics = Output(descriptor: STDERR_FILENO)

    package let descriptor: Int32
    /// Whether a person sees what is written here.
    package let isTerminal: Bool
    /// Whether `styled` adds colour and weight.
    package let usesColour: Bool
    /// Whether a line can be drawn over by a later one: a terminal, and not a dumb one.
    package let canRedraw: Bool
    private let fixedWidth: Int?
    private let writeError = Mutex<Int32>(0)
    /// A line of progress stands there that the next text must take away first.
    private let transientShown = Atomic<Bool>(false)

    /// An output on an open descriptor, judged by asking the system.
    package convenience init(descriptor: Int32) {
        let isTerminal = isatty(descriptor) == 1
        self.init(
            descriptor: descriptor, isTerminal: isTerminal, usesColour: isTerminal && Output.environmentAllowsColour())
    }

    /// An output whose properties are given, as tests need. `width` is asked from the terminal if it is nil.
    package init(descriptor: Int32, isTerminal: Bool, usesColour: Bool, width: Int? = nil) {
        self.descriptor = descriptor
        self.isTerminal = isTerminal
        self.usesColour = usesColour
        canRedraw = isTerminal && !Output.isDumb
        fixedWidth = width
    }

    /// Columns of the terminal now: its own answer, else `COLUMNS`, else 80. At least 20.
    package var width: Int {
        if let fixedWidth { return fixedWidth }
        var size = winsize()
        if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return max(20, Int(size.ws_col)) }
        let columns = Output.environment("COLUMNS").flatMap { Int($0) } ?? 80
        return min(max(20, columns), 1000)
    }

    /// The failure of an earlier write as an error number, other than a reader that went away.
    package var failedWrite: Int32? {
        let error = writeError.withLock { $0 }
        return error == 0 || error == EPIPE ? nil : error
    }

    /// Writes a text as it is.
    package func write(_ text: String) {
        var text = text
        text.withUTF8 { write($0) }
    }

    /// Writes bytes as they are: message bodies, files.
    package func write(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { write($0.bindMemory(to: UInt8.self)) }
    }

    /// Writes a text and a line feed.
    package func line(_ text: String = "") { write(text + "\n") }

    /// Writes sentences: on a terminal in lines that are broken between words, elsewhere as one line. Strangers' text
    /// in them is made safe, and commands in them name the desk that this one was given.
    package func note(_ text: String) { line(prose(SafeText.display(NamedDesk.naming(text)))) }

    /// The same after a word that says what they are: `hint: ...`.
    package func note(_ label: Label, _ text: String) {
        line(prose(label, SafeText.display(NamedDesk.naming(text))))
    }

    /// Writes a text of several lines that somebody else wrote: made safe, and on a terminal broken between words, but
    /// for lines with tabs. Ends in a line feed.
    package func body(_ text: String) {
        var lines = SafeText.displayLines(text).split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        for line in lines { self.line(line.contains("\t") ? String(line) : prose(String(line))) }
    }

    /// Writes a JSON document and a line feed: indented on a terminal, one line elsewhere.
    package func json(_ value: JSONValue) { line(isTerminal ? value.indented : value.compact) }

    /// Writes a table: aligned on a terminal, tab-separated elsewhere.
    package func table(_ table: Table) { write(table.text(on: self)) }

    /// The text in a style, or the text alone where colour is off.
    package func styled(_ text: String, _ style: Style) -> String {
        usesColour ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Draws a line without its end that the next text replaces; does nothing where lines cannot be drawn over.
    ///
    /// `text` must fit in `width` columns.
    package func transient(_ text: String) {
        guard canRedraw else { return }
        transientShown.store(true, ordering: .relaxed)
        var line = "\r" + text + Output.eraseToEnd
        line.withUTF8 { send($0) }
    }

    /// Takes a transient line away.
    package func clearTransient() {
        guard transientShown.exchange(false, ordering: .relaxed) else { return }
        var line = "\r" + Output.eraseToEnd
        line.withUTF8 { send($0) }
    }

    /// Erase in line, from the cursor on (ECMA-48 section 8.3.41).
    private static let eraseToEnd = "\u{1B}[K"

    private func write(_ bytes: UnsafeBufferPointer<UInt8>) {
        clearTransient()
        // Standard output and standard error are usually the same screen.
        if isTerminal, self !== Output.diagnostics { Output.diagnostics.clearTransient() }
        send(bytes)
    }

    private func send(_ bytes: UnsafeBufferPointer<UInt8>) {
        // The lock also keeps the lines of two tasks apart.
        writeError.withLock { failure in
            var rest = UnsafeRawBufferPointer(bytes)[...]
            while failure == 0, !rest.isEmpty {
                let chunk = UnsafeRawBufferPointer(rebasing: rest)
                let written = Glibc.write(descriptor, chunk.baseAddress, chunk.count)
                if written >= 0 {
                    rest = rest.dropFirst(written)
                } else if errno == EAGAIN {
                    var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&waiting, 1, -1)
                } else if errno != EINTR {
                    failure = errno
                }
            }
        }
    }

    private static func environmentAllowsColour() -> Bool {
        (environment("NO_COLOR") ?? "").isEmpty && !isDumb
    }

    /// Whether `TERM` names no terminal that knows control sequences.
    private static var isDumb: Bool {
        let term = environment("TERM") ?? ""
        return term.isEmpty || term == "dumb"
    }

    private static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}

/// What a piece of output means; the five looks of every program here (SGR parameters, ECMA-48 section 8.3.117).
package enum Style: String, Sendable {
    case heading = "1"
    case good = "32"
    case caution = "33"
    case bad = "1;31"
    case quiet = "2"
}
