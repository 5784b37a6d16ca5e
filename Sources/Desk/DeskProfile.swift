import Glibc

/// Desks by name, for a person with several: `--profile NAME` is `DATA/valise/profiles/NAME`.
extension DeskHome {
    /// The desk that the command line names: `--home`, else `--profile`, else what ``locate(option:environment:)``
    /// finds.
    /// - Parameter profile: 1 to 64 of a-z, 0-9, hyphen, underscore and dot, beginning with a letter or digit.
    /// - Throws: ``DeskError`` `profile-malformed`, `home-and-profile`, `no-home`.
    package static func locate(
        option: String?, profile: String?,
        environment: (String) -> String? = { Glibc.getenv($0).map { String(cString: $0) } }
    ) throws -> DeskHome {
        guard let profile else { return try locate(option: option, environment: environment) }
        guard option == nil else {
            throw DeskError(
                "home-and-profile", "Both --home and --profile say where the desk is.", hint: "give one of them",
                kind: .usage)
        }
        guard isProfileName(profile) else {
            throw DeskError(
                "profile-malformed",
                "'\(profile.prefix(70))' is not a profile: 1 to 64 of a-z, 0-9, '-', '_' and '.' were expected, "
                    + "beginning with a letter or digit.",
                hint: "for example --profile envoy", kind: .usage)
        }
        let data = try locate(option: nil) { $0 == "VALISE_HOME" ? nil : environment($0) }
        return DeskHome(path: "\(data.path)/profiles/\(profile)")
    }

    private static func isProfileName(_ name: String) -> Bool {
        guard (1...64).contains(name.utf8.count), let first = name.utf8.first else { return false }
        func isPlain(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        return isPlain(first) && name.utf8.allSatisfy { isPlain($0) || "-_.".utf8.contains($0) }
    }
}
