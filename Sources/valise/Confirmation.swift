import Glibc
import Terminal

/// A question on the controlling terminal that only the whole word `yes` answers with yes.
enum Confirmation {
    /// - Parameter insteadGive: what to give on the command line where nobody can be asked.
    /// - Throws: ``Terminal/CommandFailure`` `confirmation-needed` when there is no terminal.
    static func ask(_ question: String, insteadGive: String) throws -> Bool {
        guard let terminal = fopen("/dev/tty", "r+e") else {
            throw CommandFailure(
                code: "confirmation-needed", message: "This has to be confirmed, and there is no terminal to ask on.",
                hints: [insteadGive], status: .usage)
        }
        defer { fclose(terminal) }
        fputs(question, terminal)
        fflush(terminal)
        var line = [CChar](repeating: 0, count: 64)
        guard fgets(&line, Int32(line.count), terminal) != nil else { return false }
        let answer = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return answer.lowercased().filter { !$0.isWhitespace } == "yes"
    }
}
