import ArgumentParser
import Terminal

/// `valise-relay config`: what the settings are, before the relay runs with them.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Check and show the settings of serve.",
        discussion: """
            A setting comes from a flag, else from a variable (VALISE_RELAY_ and the key in capitals), else from the \
            settings file that --config or $VALISE_RELAY_CONFIG names, else from its default. No setting is a secret.
            """,
        subcommands: [Check.self, Show.self, Keys.self])

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check", abstract: "Name everything that keeps serve from starting with these settings.")
        @OptionGroup var flags: SettingFlags
        @Flag(help: "Print one JSON document.") var json = false

        func run() throws {
            let problems = flags.settings.problems + places(flags.settings)
            if json {
                Output.standard.json([
                    "schema": "valise/relay-config-check/v1", "problems": .array(problems.map(\.json)),
                ])
            } else {
                for problem in problems { problem.print(on: .diagnostics) }
                if problems.isEmpty { Output.standard.line("The settings can be used.") }
            }
            if let first = problems.first { throw ExitCode(first.status.rawValue) }
        }

        /// What the settings name must be there for whoever asks.
        private func places(_ settings: Settings<RelaySetting>) -> [CommandFailure] {
            RelaySetting.allCases.compactMap { name in
                guard let path = settings.text(name), let origin = settings[name]?.origin else { return nil }
                let isThere =
                    switch name.declaration.kind {
                    case .folder: RelayFiles.isFolder(path)
                    // The relay makes the head file itself.
                    case .file: name == .headFile || RelayFiles.isReadable(path)
                    default: true
                    }
                guard !isThere else { return nil }
                return CommandFailure(
                    code: "file-missing",
                    message: "\(origin): \(name.rawValue) is '\(path)', where \(name.declaration.kind.expected) that "
                        + "can be read was expected.",
                    hints: ["check the path, and who may read it"], status: .notFound)
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show each setting's value in force and where it comes from.")
        @OptionGroup var flags: SettingFlags
        @Flag(help: "Print one JSON document.") var json = false

        func run() throws {
            let settings = flags.settings
            if json {
                Output.standard.json(settings.json(schema: "valise/relay-config/v1"))
            } else {
                Output.standard.table(settings.table)
            }
            try settings.check()
        }
    }

    struct Keys: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "keys", abstract: "List the settings there are, and what each may be.")
        @Flag(help: "Print a settings file with every key.") var example = false
        @Flag(help: "Print the table of the documents.") var markdown = false
        @Flag(help: "Print one JSON document.") var json = false

        func validate() throws {
            guard [example, markdown, json].filter({ $0 }).count <= 1 else {
                throw ValidationError("One of --example, --markdown and --json was expected.")
            }
        }

        func run() throws {
            if example {
                Output.standard.write(SettingsText<RelaySetting>.example)
            } else if markdown {
                Output.standard.write(SettingsText<RelaySetting>.markdown)
            } else if json {
                Output.standard.json(SettingsText<RelaySetting>.json(schema: "valise/relay-config-keys/v1"))
            } else {
                Output.standard.table(SettingsText<RelaySetting>.table)
            }
        }
    }
}
