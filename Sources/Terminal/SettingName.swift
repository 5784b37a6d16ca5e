package import ArgumentParser

/// The keys of one program's settings: a table from which flags, variables, the settings file, `config show`, the
/// example and the documents are derived.
///
/// To add a key: a case whose raw value is the key, its row in ``declaration``, an `@Option` of the case's name in the
/// program's flags, the place that reads it, and `config keys --markdown` into the document. A rule that needs two keys
/// stands where the program checks its settings.
package protocol SettingName: RawRepresentable<String>, CaseIterable, Hashable, Sendable {
    /// `valise-relay`: whose `config` explains the settings.
    static var program: String { get }
    /// `VALISE_RELAY_`: before the key in capitals, with `_` for `-`.
    static var variablePrefix: String { get }
    var declaration: SettingDeclaration { get }
}

extension SettingName {
    /// The name of the settings file's own variable, and the only one with the prefix that is no key.
    package static var fileVariable: String { variablePrefix + "CONFIG" }

    package var flag: String { "--\(rawValue)" }
    package var variable: String {
        Self.variablePrefix + rawValue.uppercased().replacing("-", with: "_")
    }
}

/// One row of the table of settings.
package struct SettingDeclaration: Sendable, Hashable {
    /// What counts where nobody says anything.
    package enum Standard: Sendable, Hashable {
        /// Nothing: the program does not start without a value.
        case required
        /// A text as one would write it.
        case value(String)
        /// Something that is known only when the program runs, in words: `the port of the charter's URL`.
        case otherwise(String)
    }

    package let kind: SettingKind
    package let standard: Standard
    /// One sentence.
    package let help: String
    /// What stands in the example file where there is no default to show.
    package let example: String?

    package init(_ kind: SettingKind, _ standard: Standard, _ help: String, example: String? = nil) {
        self.kind = kind
        self.standard = standard
        self.help = help
        self.example = example
    }

    /// The default in words, for the documents.
    package var standardText: String {
        switch standard {
        case .required: "none, required"
        case .value(let text): text
        case .otherwise(let words): words
        }
    }
}

extension Option where Value == String? {
    /// The flag of a setting. It has no default and takes any text, so that the settings decide what it means.
    package init(setting name: some SettingName) {
        let row = name.declaration
        let completion: CompletionKind? =
            switch row.kind {
            case .folder: .directory
            case .file: .file()
            case .word(let words): .list(words)
            default: nil
            }
        self.init(
            name: .customLong(name.rawValue),
            help: ArgumentHelp(
                "\(row.help) Default: \(row.standardText).",
                valueName: row.kind.valueName),
            completion: completion)
    }
}
