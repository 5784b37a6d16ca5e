import Glibc

/// The files of a folder by the end of their names.
enum FolderNames {
    /// The names without that end, sorted; none when there is no such folder.
    static func list(_ path: String, ending suffix: String) -> [String] {
        all(path).filter { $0.hasSuffix(suffix) && !$0.hasPrefix(".") }.map { String($0.dropLast(suffix.count)) }
            .sorted()
    }

    /// Every name, hidden ones too; none when there is no such folder.
    static func all(_ path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let item = readdir(folder) {
            names.append(
                withUnsafeBytes(of: &item.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                })
        }
        return names
    }
}
