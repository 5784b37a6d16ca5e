import Terminal
import Testing

/// A small table of every kind.
enum Colour: String, SettingName {
    case home
    case shade
    case door = "front-door"
    case backDoor = "back-door"
    case coats
    case bucket
    case drying

    static let program = "paint"
    static let variablePrefix = "PAINT_"

    var declaration: SettingDeclaration {
        switch self {
        case .home: .init(.folder, .required, "Where the pots stand.", example: "/pots")
        case .shade: .init(.word(["red", "green"]), .value("red"), "What is seen.")
        case .door: .init(.port, .value("80"), "The door.")
        case .backDoor: .init(.port, .otherwise("none"), "Another door.", example: "81")
        case .coats: .init(.count(1...9), .value("2"), "How often.")
        case .bucket: .init(.size(1_024...1 << 20), .value("64KiB"), "How much.")
        case .drying: .init(.span(1_000...86_400_000), .value("2h"), "How long.")
        }
    }
}

@Suite("Settings")
struct SettingsTests {
    let directory = ScratchDirectory()

    private func settings(
        flags: [Colour: String] = [:], variables: [String: String] = [:], file: String? = nil
    ) -> Settings<Colour> {
        Settings(flags: flags, environment: variables, file: file.map { directory.file("paint.yaml", $0) })
    }

    /// The only problem: its code and sentence.
    private func problem(_ settings: Settings<Colour>) throws -> (code: String, message: String) {
        #expect(settings.problems.count == 1, "\(settings.problems)")
        let failure = try #require(settings.problems.first)
        #expect(failure.status == .usage)
        #expect(!failure.hints.isEmpty)
        return (failure.code, failure.message)
    }

    @Test("a flag goes before a variable, a variable before the file, the file before the default")
    func precedence() {
        let file = "# a comment\nshade: green\ncoats: 3\nfront-door: 8080\n"
        let found = settings(
            flags: [.coats: "5"], variables: ["PAINT_COATS": "4", "PAINT_FRONT_DOOR": "8081", "HOME": "/"], file: file)
        #expect(found.problems.isEmpty)
        #expect(found.number(.coats) == 5)
        #expect(found[.coats]?.origin == .flag("--coats"))
        #expect(found.number(.door) == 8081)
        #expect(found[.door]?.origin == .variable("PAINT_FRONT_DOOR"))
        #expect(found.text(.shade) == "green")
        #expect(found[.shade]?.origin.description == "\(directory.path)/paint.yaml:2")
        #expect(found.number(.drying) == 7_200_000)
        #expect(found[.drying]?.origin == .standard)
        #expect(found.number(.bucket) == 65_536)
        #expect(found.number(.backDoor) == nil)
        #expect(found[.backDoor] == nil)
    }

    @Test("the file is the one that the flag names, else the one of the variable, and no other")
    func whichFile() {
        let other = directory.file("other.yaml", "coats: 7\n")
        #expect(settings(variables: ["PAINT_CONFIG": other]).number(.coats) == 7)
        #expect(settings(variables: ["PAINT_CONFIG": other], file: "coats: 8\n").number(.coats) == 8)
        #expect(settings().number(.coats) == 2)
        let missing = Settings<Colour>(flags: [:], environment: [:], file: "/nowhere/paint.yaml")
        #expect(missing.problems.map(\.code) == ["file-missing"])
        #expect(missing.problems.first?.status == .notFound)
    }

    @Test("an unknown key or variable is named with its place")
    func unknown() throws {
        let file = try problem(settings(file: "shade: red\ncoat: 3\n"))
        #expect(file.code == "setting-unknown")
        #expect(file.message.hasSuffix("paint.yaml:2: there is no setting 'coat' (value '3')."))
        let variable = try problem(settings(variables: ["PAINT_COAT": "4"]))
        #expect(variable.code == "setting-unknown")
        #expect(variable.message == "PAINT_COAT: there is no setting 'PAINT_COAT' (value '4').")
        let long = try problem(settings(variables: ["PAINT_COAT": String(repeating: "x", count: 61)]))
        #expect(long.message.hasSuffix("(value '\(String(repeating: "x", count: 60))')."))
    }

    @Test("what an unknown key or variable might hold of a secret is not shown")
    func unknownSecret() throws {
        for name in ["PAINT_PASSPHRASE", "PAINT_SECRET", "PAINT_API_TOKEN"] {
            let failure = try #require(settings(variables: [name: "hunter2"]).problems.first)
            #expect(failure.message == "\(name): there is no setting '\(name)'.")
        }
        #expect(try problem(settings(file: "password: hunter2\n")).message.hasSuffix("no setting 'password'."))
    }

    @Test("variables that Kubernetes sets for a service of the program's name are told from settings")
    func services() throws {
        // As if its front door were its port.
        for (variable, text) in [
            ("PAINT_SERVICE_HOST", "10.0.0.1"), ("PAINT_SERVICE_PORT", "80"), ("PAINT_PORT", "tcp://10.0.0.1:80"),
            ("PAINT_PORT_80_TCP_ADDR", "10.0.0.1"),
        ] {
            let failure = try #require(settings(variables: [variable: text]).problems.first)
            #expect(failure.hints.contains { $0.contains("enableServiceLinks: false") }, "\(variable)")
        }
        for (variable, text) in [("PAINT_COAT", "3"), ("PAINT_SERVICES", "1"), ("PAINT_FRONT_DOOR", "tcp://a:1")] {
            let failure = try #require(settings(variables: [variable: text]).problems.first)
            #expect(!failure.hints.contains { $0.contains("Kubernetes") }, "\(variable)")
        }
    }

    @Test(
        "a bad value is named with its key and its place, whatever would go before it",
        arguments: [
            (.shade, "blue", "one of red, green"), (.door, "80a80", "a port, 0 to 65535"), (.door, "65536", "a port"),
            (.door, "-1", "a port"), (.door, "0080", "a port"), (.door, "", "a port"),
            (.coats, "0", "a whole number, 1 to 9"), (.coats, "10", "1 to 9"), (.coats, "2.5", "a whole number"),
            (.coats, "99999999999999999999", "a whole number"), (.bucket, "1000", "a size, 1KiB to 1MiB"),
            (.bucket, "2MiB", "1KiB to 1MiB"), (.bucket, "64kb", "a size"), (.drying, "2", "a duration, 1s to 1d"),
            (.drying, "25h", "1s to 1d"), (.home, "", "the path of a folder"),
        ] as [(Colour, String, String)])
    func malformed(key: Colour, text: String, expected: String) throws {
        let flag = try problem(settings(flags: [key: text]))
        let variable = try problem(settings(variables: [key.variable: text]))
        let file = try problem(settings(flags: [key: good(key)], file: "\n\(key.rawValue): \"\(text)\"\n"))
        for found in [flag, variable, file] {
            #expect(found.code == "setting-malformed")
            #expect(found.message.contains("\(key.rawValue) is '\(text)'"))
            #expect(found.message.contains(expected))
        }
        #expect(flag.message.hasPrefix("\(key.flag): "))
        #expect(variable.message.hasPrefix("\(key.variable): "))
        #expect(file.message.contains("paint.yaml:2: "))
    }

    private func good(_ key: Colour) -> String {
        if case .value(let text) = key.declaration.standard { text } else { "/pots" }
    }

    @Test(
        "a file that is no list of keys and texts is refused with the line",
        arguments: [
            ("coats: 1\ncoats: 2\n", ":2: the key coats stands there twice"),
            ("coats: [1]\n", ":1: the value of coats"),
            ("shade: red\ncoats:\n  more: 1\n", ":2: the value of coats"), ("- coats\n", ":1: lines of the form"),
            ("coats: &a 1\n", ":1: the value of coats"), ("coats: !!binary aGk=\n", ":1: the tag"),
            ("shade: red\ncoats: \"1\n", "this is not YAML"), ("[a]: 1\n", ":1: lines of the form"),
        ])
    func damaged(text: String, expected: String) throws {
        let found = try problem(settings(file: text))
        #expect(found.code == "settings-file-malformed")
        #expect(found.message.contains(expected), "\(found.message)")
    }

    @Test("a file that is too large is not read, and an empty one says nothing")
    func size() throws {
        #expect(settings(file: "# nothing\n").problems.isEmpty)
        #expect(settings(file: "").problems.isEmpty)
        let large = "# " + String(repeating: "x", count: 65_536) + "\n"
        #expect(try problem(settings(file: large)).code == "settings-file-malformed")
    }

    @Test("what is required and missing is named with the three ways to give it")
    func missing() throws {
        var found = settings()
        #expect(throws: CommandFailure.self) { try found.required(.home) }
        found.requireAll()
        let failure = try #require(found.problems.first)
        #expect(failure.code == "setting-missing")
        #expect(failure.hints == ["give --home, PAINT_HOME, or home in the settings file"])
        var given = settings(flags: [.home: "/pots"])
        given.requireAll()
        #expect(given.problems.isEmpty)
    }

    @Test("a combination that cannot be names both, their values and their places")
    func conflict() throws {
        var found = settings(flags: [.backDoor: "80"])
        found.refuse(.door, .backDoor, "one house, two doors")
        let failure = try problem(found)
        #expect(failure.code == "settings-conflict")
        #expect(
            failure.message
                == "front-door 80 (default) and back-door 80 (--back-door) do not go together: one house, two doors.")
    }

    @Test("a part above its whole is refused where both were set, and nowhere else")
    func partAboveWhole() throws {
        // By default the door's number is above the coats'.
        for flags in [[:], [.door: "90"], [.coats: "1"], [.door: "5", .coats: "5"], [.door: "4", .coats: "5"]]
            as [[Colour: String]]
        {
            var found = settings(flags: flags)
            found.keep(.door, atMost: .coats, "a coat each")
            #expect(found.problems.isEmpty, "\(flags)")
        }
        var found = settings(flags: [.door: "6"], file: "\ncoats: 5\n")
        found.keep(.door, atMost: .coats, "a coat each")
        let failure = try problem(found)
        #expect(failure.code == "settings-conflict")
        #expect(
            failure.message
                == "front-door 6 (--front-door) and coats 5 (\(directory.path)/paint.yaml:2) do not go together: "
                + "a coat each.")
    }

    @Test("everything that is wrong is found at once, and the first says how much more there is")
    func many() throws {
        let found = settings(flags: [.coats: "0"], variables: ["PAINT_X": ""], file: "y: 1\nshade: blue\n")
        #expect(
            found.problems.map(\.code)
                == ["setting-unknown", "setting-malformed", "setting-unknown", "setting-malformed"])
        let error = #expect(throws: CommandFailure.self) { try found.check() }
        #expect(error?.hints.last == "there are 3 more: paint config check lists them")
    }

    @Test("the example holds every key, and is a file that can be read")
    func example() throws {
        let text = SettingsText<Colour>.example
        let read = settings(file: text)
        #expect(read.problems.isEmpty)
        #expect(read.text(.home) == "/pots")
        // With the marks of comment taken from its keys, each of them is one that there is.
        let all = settings(
            file: text.split(separator: "\n").map { line in
                line.hasPrefix("#") && !line.hasPrefix("# ") ? String(line.dropFirst()) : String(line)
            }.joined(separator: "\n"))
        #expect(all.problems.isEmpty)
        for name in Colour.allCases { #expect(all[name]?.origin != .standard, "\(name)") }
    }

    @Test("the table and the list have one row for each key")
    func rows() {
        let rows = SettingsText<Colour>.markdown.split(separator: "\n").dropFirst(2)
        #expect(rows.count == Colour.allCases.count)
        #expect(rows.contains("| `front-door` | a port, 0 to 65535 | `80` | The door. |"))
        let shown = settings(flags: [.home: "/pots"]).table.tabSeparated
        #expect(shown.contains("home\t/pots\t--home\n"))
        #expect(shown.contains("back-door\tnone\tdefault\n"))
    }
}
