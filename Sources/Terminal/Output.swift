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
    private let fixedWidth: Int?
    private let writeError = Mutex<Int32>(0)

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

    /// Writes a JSON document and a line feed: indented on a terminal, one line elsewhere.
    package func json(_ value: JSONValue) { line(isTerminal ? value.indented : value.compact) }

    /// Writes a table: aligned on a terminal, tab-separated elsewhere.
    package func table(_ table: Table) { write(table.text(on: self)) }

    /// The text in a style, or the text alone where colour is off.
    package func styled(_ text: String, _ style: Style) -> String {
        usesColour ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    private func write(_ bytes: UnsafeBufferPointer<UInt8>) {
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
        let term = environment("TERM") ?? ""
        return (environment("NO_COLOR") ?? "").isEmpty && !term.isEmpty && term != "dumb"
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
