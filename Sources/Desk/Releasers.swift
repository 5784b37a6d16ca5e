import Rules
package import Statements

extension Desk {
    /// Who signs an act: this delegate as its drafter, then those who release it.
    ///
    /// Where the party's quorum leaves exactly one choice, it need not be named.
    /// - Throws: ``DeskError`` with `releasers-needed`, `not-a-delegate`, `releaser-twice`.
    package func signers(_ releasers: [DelegateName], of kind: Act.Kind = .submission) throws -> [DelegateName] {
        guard kind == .submission || kind == .conveyance else { return [id.name] }
        let inOffice = charter.inForce.party(party)
        let others = (inOffice?.delegates.map(\.name) ?? []).filter { $0 != id.name }
        let quorum = inOffice?.releaseQuorum ?? 1
        if let stranger = releasers.first(where: { !others.contains($0) }) {
            throw DeskError(
                "not-a-delegate",
                stranger == id.name
                    ? "\(stranger) is the drafter, and a releaser is somebody else."
                    : "\(party) has no delegate \(stranger) in office.",
                hint: others.isEmpty ? "" : "delegates: \(Self.names(others))", kind: .refused)
        }
        guard Set(releasers).count == releasers.count else {
            throw DeskError(
                "releaser-twice", "A releaser is named twice.", hint: "name each one once", kind: .usage)
        }
        if releasers.count + 1 >= quorum { return [id.name] + releasers }
        if releasers.isEmpty, others.count + 1 == Int(quorum) { return [id.name] + others }
        throw DeskError(
            "releasers-needed", "\(party) releases with \(quorum) signatures, the drafter's among them.",
            hint: "--release-by with \(quorum - 1) of: \(Self.names(others))", kind: .refused)
    }

    private static func names(_ names: [DelegateName]) -> String { names.map(\.description).joined(separator: ", ") }
}
