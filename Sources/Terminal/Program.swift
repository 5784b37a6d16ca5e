package import ArgumentParser
import Glibc

/// The outermost frame of an executable: parses, runs, prints errors with their hints, and chooses the exit code.
package enum Program {
    /// Runs the command that the arguments name and ends the process.
    ///
    /// - Parameters:
    ///   - root: the root command.
    ///   - arguments: without the program's name; nil takes the process's own.
    ///   - convert: turns a room's typed error into what a person sees; nil leaves it to the default, `internal`.
    package static func run<Root: ParsableCommand>(
        _ root: Root.Type, _ arguments: [String]? = nil, convert: (any Error) -> CommandFailure?
    ) async -> Never {
        // A reader that goes away then shows as EPIPE from write, which `Output` takes quietly.
        signal(SIGPIPE, SIG_IGN)
        let arguments = arguments ?? Array(CommandLine.arguments.dropFirst())
        exit(await perform(root, arguments, convert: convert))
    }

    /// As `run`, but returns the exit code: for tests.
    package static func perform<Root: ParsableCommand>(
        _ root: Root.Type, _ arguments: [String], output: Output = .standard, diagnostics: Output = .diagnostics,
        convert: (any Error) -> CommandFailure?
    ) async -> Int32 {
        let frame = Frame(root: root, json: wantsJSON(arguments), output: output, diagnostics: diagnostics)
        return await NamedDesk.$current.withValue(NamedDesk(arguments: arguments)) {
            await perform(arguments, frame, convert: convert)
        }
    }

    private static func perform<Root: ParsableCommand>(
        _ arguments: [String], _ frame: Frame<Root>, convert: (any Error) -> CommandFailure?
    ) async -> Int32 {
        var command: any ParsableCommand
        do {
            command = try frame.root.parseAsRoot(arguments)
        } catch {
            return frame.answer(parserError: error)
        }
        do {
            if var concurrent = command as? any AsyncParsableCommand {
                try await concurrent.run()
            } else {
                try command.run()
            }
        } catch {
            if let code = error as? ExitCode { return code.rawValue }
            if let error = error as? ValidationError { return frame.answer(misuse: error, of: type(of: command)) }
            // The parser asks for help by an error of its own, thrown from a command of its own.
            if frame.root.exitCode(for: error).isSuccess { return frame.answer(parserError: error) }
            return frame.answer(failure(for: error, convert: convert))
        }
        guard let error = frame.output.failedWrite else { return ExitStatus.done.rawValue }
        return frame.answer(
            CommandFailure(
                code: "output-not-written",
                message: "Standard output could not be written: \(String(cString: strerror(error))).",
                hints: ["free space or choose another place for the output, then run the command again"]))
    }

    /// What a person sees for an error: itself, the conversion, `interrupted` for a cancelled task, else `internal`.
    package static func failure(for error: any Error, convert: (any Error) -> CommandFailure?) -> CommandFailure {
        if let failure = error as? CommandFailure { return failure }
        if let failure = convert(error) { return failure }
        if error is CancellationError {
            return CommandFailure(
                code: "interrupted", message: "The command was stopped before it had finished.",
                hints: ["run the same command again: it resumes"], status: .interrupted)
        }
        return CommandFailure(
            code: "internal",
            message: "An error occurred that the program has no words for: \(String(describing: error).prefix(500))",
            hints: ["report this line together with the command that you ran"])
    }

    /// Read from the arguments themselves, since it must hold for arguments that do not parse.
    private static func wantsJSON(_ arguments: [String]) -> Bool {
        arguments.prefix { $0 != "--" }.contains("--json")
    }
}

/// Prints the end of one run.
private struct Frame<Root: ParsableCommand> {
    let root: Root.Type
    let json: Bool
    let output: Output
    let diagnostics: Output

    func answer(_ failure: CommandFailure) -> Int32 {
        if json { diagnostics.line(failure.json.compact) } else { failure.print(on: diagnostics) }
        return failure.status.rawValue
    }

    /// What a command itself finds wrong with its arguments when it runs: with its own usage, not the root's.
    func answer(misuse error: ValidationError, of command: any ParsableCommand.Type) -> Int32 {
        let usage = "Usage: " + root.usageString(for: command)
        guard !json else {
            return answer(usage: error.message, [usage])
        }
        return answer(misuse: error.message, usage: usage)
    }

    /// Help, version and completion scripts are results; whatever else the parser says is a usage error.
    func answer(parserError error: any Error) -> Int32 {
        if root.exitCode(for: error).isSuccess {
            output.line(help(root.fullMessage(for: error)))
            return ExitStatus.done.rawValue
        }
        let message = root.message(for: error)
        let prefix = "Error: \(message)\n"
        var rest = root.fullMessage(for: error)
        if rest.hasPrefix(prefix) { rest.removeFirst(prefix.count) } else if !message.isEmpty { rest = "" }
        if json {
            let sentence = message.isEmpty ? "The command line names no command." : message
            return answer(usage: sentence, usageLines(rest))
        }
        return answer(misuse: message, usage: rest)
    }

    /// The usage names no desk: it is not to be typed as it stands.
    private func answer(usage message: String, _ lines: [String]) -> Int32 {
        NamedDesk.$current.withValue(nil) {
            answer(CommandFailure(code: "usage", message: message, hints: lines, status: .usage))
        }
    }

    private func answer(misuse message: String, usage: String) -> Int32 {
        if !message.isEmpty {
            diagnostics.line(diagnostics.prose(.error, "\(SafeText.displayLines(message)) [usage]"))
        }
        if !usage.isEmpty { diagnostics.line(diagnostics.prose(usage, hanging: 7)) }
        return ExitStatus.usage.rawValue
    }

    /// The parser keeps to the terminal's width, but for two lines of its help; its scripts are no sentences.
    private func help(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let isLong = line.hasPrefix("USAGE: ") || line.hasPrefix("  See '")
            return isLong ? output.prose(String(line), hanging: line.hasPrefix("U") ? 7 : 0) : String(line)
        }.joined(separator: "\n")
    }

    private func usageLines(_ text: String) -> [String] {
        text.split(separator: "\n").prefix(4).map { line in String(line.drop { $0 == " " }) }
    }
}
