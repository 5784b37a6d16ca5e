import Glibc
import UnixSignals

/// The signals by which a person, a terminal or a service manager stops a program that has something to finish first.
enum StopSignals {
    /// Those that come from now on. What is ignored, as under nohup, stays ignored.
    static func trapped() async -> UnixSignalsSequence {
        await UnixSignalsSequence(trapping: [.sigint, .sigterm, .sighup].filter { !isIgnored($0.rawValue) })
    }

    /// Ends the program as the signal would have done, so that whoever started it sees why it ended.
    static func end(by signal: UnixSignal) {
        Glibc.signal(signal.rawValue, SIG_DFL)
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, signal.rawValue)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        raise(signal.rawValue)
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        sigaction(number, nil, &action)
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    }
}
