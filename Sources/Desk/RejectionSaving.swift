import Statements
import Envelope

/// One rejection in a file of its own.
package struct SavedRejection: Sendable {
    package let kept: KeptRejection
    package let path: String
}

extension Desk {
    /// The rejections that the relay has signed to this desk, the newest first.
    /// - Throws: ``Archive/ArchiveError``, ``DeskError`` `rejection-damaged`, ``Keyring/KeyringError``.
    package func rejections() async throws -> [KeptRejection] { try await KeptRejections(home, keys).all() }

    /// Writes the rejections of a statement, each with it, into files that anyone with the log can decide again.
    /// - Parameters:
    ///   - name: the statement's identifier, or its first letters.
    ///   - rejection: the first letters of one rejection's digest; nil for all of the statement.
    ///   - path: of the newest; further ones are beside it, with `-2`, `-3` and so on in their names.
    /// - Throws: ``DeskError`` with `rejection-unknown`, `rejection-ambiguous`, `file-exists`.
    @discardableResult
    package func saveRejection(
        _ name: String, rejection: String? = nil, to path: String, overwrite: Bool
    ) async throws -> [SavedRejection] {
        let found = try await rejections().filter { kept in
            kept.statement.id.description.hasPrefix(name.lowercased())
                && kept.digest.hasPrefix(rejection?.lowercased() ?? "")
        }
        let statements = Set(found.map(\.statement.id)).count
        guard statements == 1 else {
            throw DeskError(
                found.isEmpty ? "rejection-unknown" : "rejection-ambiguous",
                found.isEmpty
                    ? "No such rejection of a statement that begins with '\(name)' is kept here."
                    : "\(statements) rejected statements begin with '\(name)'.",
                hint: "valise rejections lists them", kind: .notFound)
        }
        let saved = found.enumerated().map { SavedRejection(kept: $1, path: Self.numbered(path, $0 + 1)) }
        if !overwrite, let taken = saved.first(where: { DeskFile.exists($0.path) }) { throw Self.exists(taken.path) }
        for one in saved { try DeskFile.write(one.path, try one.kept.rejected.bytes()) }
        return saved
    }

    /// `no.valise`, `no-2.valise`.
    private static func numbered(_ path: String, _ number: Int) -> String {
        guard number > 1 else { return path }
        let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        guard let dot = path[start...].lastIndex(of: "."), dot > start else { return "\(path)-\(number)" }
        return "\(path[..<dot])-\(number)\(path[dot...])"
    }
}
