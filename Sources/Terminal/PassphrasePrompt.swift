import Glibc
import Synchronization

/// Asks for a passphrase on the controlling terminal, without showing what is typed.
///
/// Works when standard input and output are redirected. The terminal is set back when the line has been read, and also
/// when SIGINT, SIGTERM, SIGHUP or SIGQUIT ends the program meanwhile. Ctrl-Z is off while it waits.
package enum PassphrasePrompt {
    /// The longest passphrase, in bytes.
    package static let limit = 1024

    /// Shows `prompt` and reads one line; with `confirm`, asks a second time and compares.
    ///
    /// The bytes are UTF-8 as typed, without the line end. Throws `no-terminal`, `passphrase-mismatch`,
    /// `passphrase-empty` (only with `confirm`), `passphrase-too-long`, `passphrase-not-read`.
    package static func read(_ prompt: String, confirm: Bool = false) throws(CommandFailure) -> [UInt8] {
        let terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard terminal >= 0 else { throw noTerminal }
        defer { close(terminal) }
        let first = try ask(prompt, terminal)
        guard confirm else { return first }
        guard !first.isEmpty else {
            throw CommandFailure(
                code: "passphrase-empty", message: "The passphrase is empty: at least one character was expected.",
                hints: ["run the command again and choose a passphrase"], status: .locked)
        }
        guard try ask("Again: ", terminal) == first else {
            throw CommandFailure(
                code: "passphrase-mismatch", message: "The two passphrases differ: the same one twice was expected.",
                hints: ["run the command again"], status: .locked)
        }
        return first
    }

    static let noTerminal = CommandFailure(
        code: "no-terminal", message: "A passphrase is needed and there is no terminal to ask on.",
        hints: ["give a file that only you can read: --passphrase-file FILE"], status: .locked)

    private static func ask(_ prompt: String, _ terminal: Int32) throws(CommandFailure) -> [UInt8] {
        let line: Result<[UInt8], CommandFailure> = oneAtATime.withLock { _ in
            var shown = termios()
            guard tcgetattr(terminal, &shown) == 0 else { return .failure(noTerminal) }
            var hidden = shown
            hidden.c_lflag &= ~tcflag_t(ECHO | ECHOE | ECHOK)
            hidden.c_lflag |= tcflag_t(ICANON | ISIG | ECHONL)
            withUnsafeMutableBytes(of: &hidden.c_cc) { $0[Int(VSUSP)] = 0 }  // 0 is _POSIX_VDISABLE here
            restoration = Restoration(terminal: terminal, settings: shown)
            let handlers = EndingSignals.catching()
            defer {
                tcsetattr(terminal, TCSAFLUSH, &shown)
                handlers.restore()
                restoration = nil
            }
            guard tcsetattr(terminal, TCSAFLUSH, &hidden) == 0 else { return .failure(noTerminal) }
            Output(descriptor: terminal).write(prompt)
            return readLine(terminal)
        }
        return try line.get()
    }

    private static func readLine(_ terminal: Int32) -> Result<[UInt8], CommandFailure> {
        var line: [UInt8] = []
        line.reserveCapacity(limit + 1)  // so that no copy is left behind by growing
        while true {
            var byte: UInt8 = 0
            let count = Glibc.read(terminal, &byte, 1)
            if count < 0, errno == EINTR { continue }
            if count == 1, byte == UInt8(ascii: "\n") { return .success(line) }
            guard count == 1 else {
                return .failure(
                    CommandFailure(
                        code: "passphrase-not-read", message: "The input ended before the passphrase was complete.",
                        hints: ["run the command again and end the passphrase with Enter"], status: .locked))
            }
            guard line.count < limit else {
                tcflush(terminal, TCIFLUSH)
                return .failure(PassphraseFile.tooLong)
            }
            line.append(byte)
        }
    }

    private static let oneAtATime = Mutex<Void>(())
}

/// What a signal handler needs to set the terminal back.
private struct Restoration {
    let terminal: Int32
    var settings: termios
}

// A signal handler can take no lock. Written only under `oneAtATime`, before the handlers are installed and after
// they are removed, so a handler never meets a half-written value.
nonisolated(unsafe) private var restoration: Restoration?

/// The handlers of the signals that end a program, exchanged while a prompt waits.
private struct EndingSignals {
    private var earlier: [(Int32, sigaction)] = []

    static func catching() -> EndingSignals {
        var signals = EndingSignals()
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
            var old = sigaction()
            sigaction(number, nil, &old)
            // A signal that is ignored, as under nohup, stays ignored.
            if unsafeBitCast(old.__sigaction_handler.sa_handler, to: Int.self) == 1 { continue }
            var new = sigaction()
            new.__sigaction_handler.sa_handler = { number in
                // tcsetattr, signal and raise are async-signal-safe (POSIX.1-2017 section 2.4.3).
                if var restoration { tcsetattr(restoration.terminal, TCSANOW, &restoration.settings) }
                signal(number, SIG_DFL)
                raise(number)
            }
            sigaction(number, &new, nil)
            signals.earlier.append((number, old))
        }
        return signals
    }

    func restore() {
        for (number, action) in earlier {
            var action = action
            sigaction(number, &action, nil)
        }
    }
}
