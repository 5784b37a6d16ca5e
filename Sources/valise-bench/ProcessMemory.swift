import Foundation
import Terminal

/// What the system says of a process's memory, and how many files this one may open.
enum ProcessMemory {
    /// Resident memory in KiB; 0 for a process that is not there.
    static func resident(_ process: Int32) -> Int {
        let text = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return Int(line.split(separator: " ").dropFirst().first ?? "0") ?? 0
    }
}

/// Another run of this program, which works until its standard input ends.
final class ChildRun {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()

    /// - Parameter isElsewhere: whether it stands for another machine. It has processor time only when nobody else
    ///   wants it (`SCHED_IDLE`, sched(7)): what it costs to ask is not what is measured.
    init(_ arguments: [String], isElsewhere: Bool = false) throws {
        let own = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().path
        process.executableURL = URL(fileURLWithPath: isElsewhere ? "/usr/bin/chrt" : own)
        process.arguments = (isElsewhere ? ["--idle", "0", own] : []) + arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    var identifier: Int32 { process.processIdentifier }

    /// The next line that it prints.
    func line() throws -> String {
        var bytes: [UInt8] = []
        while let byte = output.fileHandleForReading.readData(ofLength: 1).first {
            if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(byte)
        }
        throw CommandFailure(code: "bench-failed", message: "A process of the benchmark ended early.")
    }

    /// Ends it.
    /// - Returns: the last line that it printed.
    func end() throws -> String {
        try input.fileHandleForWriting.close()
        let text = try line()
        process.waitUntilExit()
        return text
    }
}
