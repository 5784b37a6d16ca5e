import Glibc

/// Whether one path lies in another, whatever links lead there.
package enum PathNesting {
    /// Whether what this path names lies in the folder, at any depth, or is the folder. Symbolic links on the way are
    /// followed; the last name of `path` is not, since a file that is replaced takes the place of its link. What is not
    /// there yet counts as it is written.
    package static func isInside(_ path: String, folder: String) -> Bool {
        let (parent, name) = cut(path)
        return (names(parent) + [name]).starts(with: names(folder))
    }

    /// The names from the root to the path, links resolved as far as it is there.
    private static func names(_ path: String) -> [String] {
        var place = path
        var missing: [String] = []
        while true {
            if let real = realpath(place, nil) {
                defer { free(real) }
                return String(cString: real).split(separator: "/").map { String($0) } + missing
            }
            // Nothing is above these: the working directory is gone.
            guard place != ".", place != "/" else { return missing }
            let (parent, name) = cut(place)
            missing.insert(name, at: 0)
            place = parent
        }
    }

    /// The folder and the last name of a path.
    private static func cut(_ path: String) -> (parent: String, name: String) {
        var path = path[...]
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        guard let slash = path.lastIndex(of: "/") else { return (".", String(path)) }
        let parent = slash == path.startIndex ? "/" : path[..<slash]
        return (String(parent), String(path[path.index(after: slash)...]))
    }
}
