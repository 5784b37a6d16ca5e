import Synchronization
import Terminal
import Testing

@Suite("A progress bar shows how far it is, on a terminal only")
struct ProgressTests {
    /// A clock that stands until it is moved.
    final class Hand: Sendable {
        private let time = Mutex<Int64>(0)
        func set(_ milliseconds: Int64) { time.withLock { $0 = milliseconds } }
        func now() -> Int64 { time.withLock { $0 } }
    }

    static let MiB: UInt64 = 1 << 20

    /// What is drawn when half of 100 MiB are there after ten seconds.
    static func halfway(width: Int, isTerminal: Bool = true, label: String = "sealing") -> String {
        let capture = Capture(isTerminal: isTerminal, width: width)
        let hand = Hand()
        let bar = ProgressBar(label, on: capture.output) { hand.now() }
        bar.update(done: 0, of: 100 * MiB)
        hand.set(10_000)
        bar.update(done: 50 * MiB, of: 100 * MiB)
        return capture.finish()
    }

    @Test("nothing is drawn in the first second, then ten lines a second at most")
    func delay() {
        let capture = Capture(isTerminal: true)
        let hand = Hand()
        let bar = ProgressBar("sealing", on: capture.output) { hand.now() }
        for time in stride(from: Int64(0), through: 1_500, by: 10) {
            hand.set(time)
            bar.update(done: UInt64(time), of: 2_000)
        }
        #expect(capture.finish().split(separator: "\r").count == 6)
    }

    @Test("a wide terminal shows bar, share, amounts, rate and what is left")
    func wide() {
        #expect(
            Self.halfway(width: 120)
                == "\rsealing  [" + String(repeating: "#", count: 19) + String(repeating: ".", count: 19)
                + "]  50%  50 MiB of 100 MiB  5 MiB/s  10 s left\u{1B}[K")
    }

    @Test("a narrow terminal shows less and never more than fits", arguments: [20, 30, 40, 50, 60, 80])
    func narrow(width: Int) {
        let line = Self.halfway(width: width, label: "fetching ورقة المبادئ.pdf").dropFirst().dropLast(3)
        #expect(DisplayWidth.columns(of: String(line)) < width)
        #expect(line.contains("50%"))
    }

    @Test("a pipe gets nothing")
    func pipe() { #expect(Self.halfway(width: 80, isTerminal: false) == "") }

    @Test("other text takes the line away first, and so does the end")
    func cleared() {
        let capture = Capture(isTerminal: true)
        let hand = Hand()
        let bar = ProgressBar("x", on: capture.output) { hand.now() }
        hand.set(2_000)
        bar.update(done: 1, of: nil as UInt64?)
        capture.output.line("note")
        capture.output.line("again")
        hand.set(3_000)
        bar.update(done: 2, of: nil as UInt64?)
        bar.finish()
        bar.finish()
        bar.update(done: 3, of: nil as UInt64?)
        #expect(
            capture.finish()
                == "\rx  1 B\u{1B}[K\r\u{1B}[Knote\nagain\n\rx  2 B  1 B/s\u{1B}[K\r\u{1B}[K")
    }

    @Test("more than all is all, and a label cannot act on the terminal")
    func hostile() {
        let capture = Capture(isTerminal: true)
        let hand = Hand()
        let bar = ProgressBar("\u{1B}[2J", unit: .items("entries"), on: capture.output) { hand.now() }
        hand.set(2_000)
        bar.update(done: 9, of: 3)
        let text = capture.finish()
        #expect(text.contains("<U+001B>[2J"))
        #expect(text.contains("100%  3 entries of 3 entries"))
    }
}

@Suite("Fields stand under each other")
struct FieldListTests {
    static func list() -> FieldList {
        var list = FieldList()
        list.add("from", "us-envoy")
        list.add("subject", "Terms for the second round of talks in Naqoura")
        list.add("caption", ifAny: nil)
        list.add("name", "\u{202E}fdp.exe")
        return list
    }

    @Test("a pipe gets one line each")
    func pipe() {
        #expect(
            Self.list().lines(width: nil) == """
                from     us-envoy
                subject  Terms for the second round of talks in Naqoura
                name     <U+202E>fdp.exe

                """)
    }

    @Test("a narrow terminal wraps under the value")
    func narrow() {
        #expect(
            Self.list().lines(width: 34) == """
                from     us-envoy
                subject  Terms for the second
                         round of talks in Naqoura
                name     <U+202E>fdp.exe

                """)
    }

    @Test("a value of one word is never broken, and own words stay outside the isolate")
    func whole() {
        var list = FieldList()
        list.add("message", String(repeating: "a", count: 52))
        list.add("file", "ورقة.pdf", note: "(5 B), not saved")
        #expect(
            list.lines(width: 40) == "message  " + String(repeating: "a", count: 52)
                + "\nfile     \u{2068}ورقة.pdf\u{2069} (5 B), not saved\n")
        #expect(list.lines(width: nil).hasSuffix("file     ورقة.pdf (5 B), not saved\n"))
    }

    @Test("right-to-left values are isolated on a terminal, not in a pipe", arguments: ["שלום", "سلام", "پیشنهاد.pdf"])
    func isolated(value: String) {
        var list = FieldList()
        list.add("name", value)
        #expect(list.lines(width: 80) == "name  \u{2068}\(value)\u{2069}\n")
        #expect(list.lines(width: nil) == "name  \(value)\n")
    }
}
