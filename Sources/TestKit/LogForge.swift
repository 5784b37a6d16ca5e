import Crypto
import Glibc
package import Ledger
package import Statements
import Store

/// A log as a dishonest operator could make it: any bytes as entries, under the real log key, in C2SP layout.
///
/// It begins as a copy of an honest log. Nothing that is appended, removed or moved is decided by anyone.
package struct LogForge: Sendable {
    package let world: FixtureWorld
    package var entries: [[UInt8]]

    package init(_ log: LogFixture) {
        world = log.world
        entries = log.entries.map(\.bytes)
    }

    package init(world: FixtureWorld, entries: [[UInt8]]) {
        self.world = world
        self.entries = entries
    }

    /// What an entry says besides its statement; the honest values are the defaults that most acts have.
    package struct Frame: Sendable {
        package var acceptedAt: Timestamp
        package var previous: LogIndex?
        package var constitution = Revision(0)
        package var roster = Revision(0)
        package init(at time: Timestamp, previous: LogIndex? = nil) {
            acceptedAt = time
            self.previous = previous
        }
    }

    /// Appends a statement as it is.
    package mutating func append(_ signed: SignedStatement, _ frame: Frame) throws {
        try append(.statement(signed), frame)
    }

    package mutating func append(_ body: Entry.Body, _ frame: Frame) throws {
        let entry = Entry(
            acceptedAt: frame.acceptedAt, salt: FixtureWorld.bytes("forged salt \(entries.count)", 16),
            constitution: frame.constitution, roster: frame.roster, previous: frame.previous, body: body)
        entries.append(try entry.derBytes())
    }

    /// The log's head after the first `count` entries.
    package func head(_ count: Int? = nil) -> LogHead { Self.head(of: entries.prefix(count ?? entries.count)) }

    /// The head of a log of these entries.
    package static func head(of entries: some Sequence<[UInt8]>) -> LogHead {
        var range = CompactRange()
        for entry in entries { range.append(Merkle.leafHash(entry)) }
        return LogHead(size: range.size, root: range.root)
    }

    /// The signed checkpoint after the first `count` entries.
    package func note(_ count: Int? = nil) throws -> [UInt8] { try world.checkpoint(head(count)) }

    /// Every file of the log after the first `count` entries, by its path.
    package func files(_ count: Int? = nil) throws -> [String: [UInt8]] {
        try Self.files(of: Array(entries.prefix(count ?? entries.count)), note: note(count))
    }

    /// Every file of a log of these entries, by its path.
    package static func files(of listed: [[UInt8]], note: [UInt8]) throws -> [String: [UInt8]] {
        var files = ["checkpoint": note]
        var builder = TileBuilder()
        for entry in listed { builder.append(Merkle.leafHash(entry)) }
        for tile in builder.drain() { files[tile.id.path] = tile.bytes }
        for start in stride(from: 0, to: listed.count, by: TileID.fullWidth) {
            let part = Array(listed[start..<min(start + TileID.fullWidth, listed.count)])
            guard let id = EntryBundleID(index: UInt64(start / TileID.fullWidth), width: part.count) else { continue }
            files[id.path] = try EntryBundle.encode(part)
        }
        return files
    }

    /// Writes every file below a folder, which is made.
    package func write(to folder: String, _ count: Int? = nil) throws {
        for (path, bytes) in try files(count) { try Self.write(bytes, to: "\(folder)/\(path)") }
    }

    /// A file that could not be written: its path.
    package struct Unwritten: Error { package let path: String }

    package static func write(_ bytes: [UInt8], to path: String) throws {
        var made = ""
        for part in path.split(separator: "/").dropLast() {
            made += "/\(part)"
            mkdir(made, 0o755)
        }
        guard let file = fopen(path, "w") else { throw Unwritten(path: path) }
        let written = fwrite(bytes, 1, bytes.count, file)
        guard fclose(file) == 0, written == bytes.count else { throw Unwritten(path: path) }
    }
}

/// Statements that say and claim anything.
extension LogForge {
    /// - Parameters:
    ///   - signer: whose key signs, if not the one whose name stands there.
    ///   - charter: the charter that it names, if not this one.
    package static func sign(
        _ act: Act, by delegate: DelegateID, in world: FixtureWorld, at time: Timestamp, seen: LogHead,
        submitBy: Timestamp? = nil, signer: DelegateID? = nil, charter: CharterID? = nil
    ) throws -> SignedStatement {
        let statement = Statement(
            charter: charter ?? world.charter.id, party: delegate.party, signers: [delegate.name], madeAt: time,
            submitBy: submitBy ?? time + .hours(1), seen: seen, act: act)
        return try SignedStatement.sign(statement) { try world.sign($0, by: signer ?? delegate) }
    }
}

extension LogFixture {
    /// A true tick for the envoy, another statement for each number.
    package func fillerTick(_ number: Int) throws -> Item {
        let act = try tick(FixtureWorld.envoy.party).signed.statement.act
        let relay = DelegateID(party: .relay, name: .act)
        return Item(
            try LogForge.sign(
                act, by: relay, in: world, at: now, seen: head, submitBy: now + TimeSpan(milliseconds: Int64(number))))
    }

    /// An honest entry.
    package func entry(_ index: Int) -> Entry { entries[index].entry }
}

extension FixtureWorld {
    /// A log key of someone else, drawn from a name.
    package static func noteKey(_ drawnFrom: String, name: NoteName) throws -> NoteSigner {
        try NoteSigner(
            name: name, kind: .ed25519, privateKey: Curve25519.Signing.PrivateKey(rawRepresentation: seed(drawnFrom)))
    }
}
