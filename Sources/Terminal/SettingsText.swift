/// The table of settings as people read it: for the documents, for an example file, for a terminal.
package enum SettingsText<Name: SettingName> {
    /// The rows of the document's table.
    package static var markdown: String {
        var text = "| key | value | default | what |\n| --- | --- | --- | --- |\n"
        for name in Name.allCases {
            let row = name.declaration
            text += "| `\(name.rawValue)` | \(row.kind.expected) | \(quoted(row.standard)) | \(row.help) |\n"
        }
        return text
    }

    /// A settings file with every key, those that have a default commented out.
    package static var example: String {
        var text = """
            # Settings of \(Name.program) serve: --config FILE or \(Name.fileVariable) names this file.
            # A flag (--key VALUE) goes before a variable (\(Name.variablePrefix)KEY), a variable before this file.

            """
        for name in Name.allCases {
            let row = name.declaration
            text += "\n# \(row.help)\n# \(capitalised(row.kind.expected)).\n"
            switch row.standard {
            case .required: text += "\(name.rawValue): \(row.example ?? "")\n"
            case .value(let value): text += "#\(name.rawValue): \(value)\n"
            case .otherwise(let words):
                text += "# By default \(words).\n#\(name.rawValue): \(row.example ?? row.kind.valueName)\n"
            }
        }
        return text
    }

    /// Every key with what it may be, for `config keys`.
    package static var table: Table {
        var table = Table([
            .init("KEY"), .init("DEFAULT", mayShrink: true), .init("VARIABLE"), .init("VALUE", mayShrink: true),
            .init("WHAT", mayShrink: true),
        ])
        for name in Name.allCases {
            let row = name.declaration
            table.add([name.rawValue, row.standardText, name.variable, row.kind.expected, row.help])
        }
        return table
    }

    /// The same as a document of this schema.
    package static func json(schema: String) -> JSONValue {
        [
            "schema": .string(schema),
            "settings": .array(
                Name.allCases.map { name in
                    let row = name.declaration
                    return [
                        "key": .string(name.rawValue), "flag": .string(name.flag), "variable": .string(name.variable),
                        "value": .string(row.kind.expected), "default": .string(row.standardText),
                        "required": .bool(row.standard == .required), "help": .string(row.help),
                    ]
                }),
        ]
    }

    private static func quoted(_ standard: SettingDeclaration.Standard) -> String {
        switch standard {
        case .required: "none, required"
        case .value(let text): "`\(text)`"
        case .otherwise(let words): words
        }
    }

    private static func capitalised(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}

extension Settings {
    /// Every key with its value in force and where it came from, for `config show`.
    package var table: Table {
        var table = Table([.init("KEY"), .init("VALUE"), .init("ORIGIN")])
        for name in Name.allCases {
            table.add([name.rawValue, shown(name), self[name]?.origin.description ?? "default"])
        }
        return table
    }

    /// The same as a document of this schema. A value that is known only when the program runs is null.
    package func json(schema: String) -> JSONValue {
        [
            "schema": .string(schema),
            "settings": .array(
                Name.allCases.map { name in
                    [
                        "key": .string(name.rawValue), "value": .optional(self[name]?.text),
                        "origin": .string(self[name]?.origin.description ?? "default"),
                    ]
                }),
        ]
    }

    private func shown(_ name: Name) -> String { self[name]?.text ?? name.declaration.standardText }
}
