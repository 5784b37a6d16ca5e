/// A program's settings as they are in force, each with where it came from: a flag before a variable, a variable before
/// the settings file, the file before the default.
package struct Settings<Name: SettingName>: Sendable {
    /// Where a value stood.
    package enum Origin: Sendable, Hashable, CustomStringConvertible {
        case flag(String)
        case variable(String)
        case file(String, line: Int)
        case standard

        package var description: String {
            switch self {
            case .flag(let flag): flag
            case .variable(let name): name
            case .file(let path, let line): "\(path):\(line)"
            case .standard: "default"
            }
        }
    }

    package struct Given: Sendable, Hashable {
        /// As it was written.
        package let text: String
        package let value: SettingValue
        package let origin: Origin
    }

    private var given: [Name: Given] = [:]

    /// Everything that is wrong, in the order in which it was found; empty if the settings can be used.
    package private(set) var problems: [CommandFailure] = []

    /// - Parameters:
    ///   - flags: the texts of the flags that were given.
    ///   - environment: the whole environment; what has the prefix and is no key is a problem.
    ///   - file: the path that a flag named; otherwise that of the variable, if any. No file is looked for elsewhere.
    package init(flags: [Name: String], environment: [String: String], file: String?) {
        readFile(file ?? environment[Name.fileVariable])
        readVariables(environment)
        for name in Name.allCases {
            if let text = flags[name] { take(name, text, .flag(name.flag)) }
            if given[name] == nil, case .value(let text) = name.declaration.standard { take(name, text, .standard) }
        }
    }

    /// The text and origin of a setting; nil where nobody said anything and there is no fixed default.
    package subscript(name: Name) -> Given? { given[name] }

    /// A path, a host or a word.
    package func text(_ name: Name) -> String? {
        if case .text(let text)? = given[name]?.value { text } else { nil }
    }

    /// A port, a count, bytes or milliseconds.
    package func number(_ name: Name) -> Int64? {
        if case .number(let number)? = given[name]?.value { number } else { nil }
    }

    /// - Throws: `setting-missing`.
    package func required(_ name: Name) throws(CommandFailure) -> String {
        guard let text = text(name) else { throw Self.missing(name) }
        return text
    }

    /// Notes a combination that cannot be; `reason` goes on after the names and values.
    package mutating func refuse(_ first: Name, _ second: Name, _ reason: String) {
        let words = [first, second].map { name in
            "\(name.rawValue) \(given[name]?.text ?? name.declaration.standardText)"
                + " (\(given[name]?.origin.description ?? "default"))"
        }
        problems.append(
            CommandFailure(
                code: "settings-conflict", message: "\(words[0]) and \(words[1]) do not go together: \(reason).",
                hints: ["change one of the two"], status: .usage))
    }

    /// Notes a part that is above its whole, where both were set. A default is nobody's wish: whoever lowers the whole
    /// need not lower every part that it caps, and a part above the default whole is how the part's limit is taken
    /// away.
    package mutating func keep(_ part: Name, atMost whole: Name, _ reason: String) {
        let areSet = [part, whole].allSatisfy { name in given[name].map { $0.origin != .standard } ?? false }
        guard areSet, let lower = number(part), let upper = number(whole), lower > upper else { return }
        refuse(part, whole, reason)
    }

    /// Notes each required setting that nobody set.
    package mutating func requireAll() {
        for name in Name.allCases where given[name] == nil && name.declaration.standard == .required {
            problems.append(Self.missing(name))
        }
    }

    /// - Throws: the first problem, and how many more there are.
    package func check() throws(CommandFailure) {
        guard let first = problems.first else { return }
        let more = problems.count - 1
        throw CommandFailure(
            code: first.code, message: first.message,
            hints: first.hints + (more > 0 ? ["there are \(more) more: \(Name.program) config check lists them"] : []),
            status: first.status)
    }

    private mutating func readFile(_ path: String?) {
        guard let path else { return }
        let file: SettingsFile
        do { file = try SettingsFile(path: path) } catch { return problems.append(error) }
        for entry in file.entries {
            let origin = Origin.file(path, line: entry.line)
            guard let name = Name(rawValue: entry.key) else {
                problems.append(Self.unknown(entry.key, origin, entry.text))
                continue
            }
            take(name, entry.text, origin)
        }
    }

    private mutating func readVariables(_ environment: [String: String]) {
        let names = Dictionary(uniqueKeysWithValues: Name.allCases.map { ($0.variable, $0) })
        for (variable, text) in environment.sorted(by: { $0.key < $1.key })
        where variable.hasPrefix(Name.variablePrefix) && variable != Name.fileVariable {
            guard let name = names[variable] else {
                problems.append(Self.unknown(variable, .variable(variable), text))
                continue
            }
            take(name, text, .variable(variable))
        }
    }

    private mutating func take(_ name: Name, _ text: String, _ origin: Origin) {
        guard let value = name.declaration.kind.value(text) else {
            return problems.append(Self.malformed(name, text, origin))
        }
        given[name] = Given(text: text, value: value, origin: origin)
    }

    private static func unknown(_ key: String, _ origin: Origin, _ text: String) -> CommandFailure {
        // No setting is a secret, but what somebody took for one may be.
        let isSecret = ["pass", "secret", "token"].contains { key.lowercased().contains($0) }
        let value = isSecret ? "" : " (value '\(text.prefix(60))')"
        return CommandFailure(
            code: "setting-unknown", message: "\(origin): there is no setting '\(key.prefix(60))'\(value).",
            hints: ["\(Name.program) config keys lists them"] + serviceHint(key, text), status: .usage)
    }

    private static func malformed(_ name: Name, _ text: String, _ origin: Origin) -> CommandFailure {
        CommandFailure(
            code: "setting-malformed",
            message:
                "\(origin): \(name.rawValue) is '\(text.prefix(60))': \(name.declaration.kind.expected) was expected.",
            hints: ["\(Name.program) config keys says what each setting may be"]
                + serviceHint(origin.description, text), status: .usage)
    }

    /// Kubernetes sets such variables for a Service, and all of them for one that has the program's name.
    private static func serviceHint(_ variable: String, _ text: String) -> [String] {
        let rest = variable.hasPrefix(Name.variablePrefix) ? variable.dropFirst(Name.variablePrefix.count) : ""
        let isService =
            rest.hasPrefix("SERVICE_") || rest.hasPrefix("PORT_") || (rest == "PORT" && text.contains("://"))
        guard isService else { return [] }
        return [
            "Kubernetes sets \(variable) for a Service named \(Name.program): give the Service another name, or the pod"
                + " enableServiceLinks: false"
        ]
    }

    private static func missing(_ name: Name) -> CommandFailure {
        CommandFailure(
            code: "setting-missing",
            message: "The setting \(name.rawValue) is missing: \(name.declaration.kind.expected) was expected.",
            hints: ["give \(name.flag), \(name.variable), or \(name.rawValue) in the settings file"], status: .usage)
    }
}
