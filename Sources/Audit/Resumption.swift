import Ledger
import Rules
import Statements

/// Where a replay goes on: the tree and the facts after the entries that an earlier one has found right.
struct Resumption {
    let state: AuditState
    let tree: RecomputedTree
    let replay: Replay

    /// Builds them from a kept state. Its entries' tree must be the one that the mirror's log begins with: the edge is
    /// taken from the mirror's tiles, and gives the state's root or is not used. Keys and messages are read from the
    /// entries again, each proven to be in that tree.
    ///
    /// - Throws: ``Finding`` `unusable-state`, which is for the remarks; ``AuditError``.
    init(_ state: AuditState, _ checkpoint: Checkpoint, _ folder: MirrorFolder, _ charter: TrustedCharter) throws {
        guard state.charter == charter.signed.id, state.rulesVersion == charter.charter.rulesVersion,
            state.counters.count == charter.charter.parties.count,
            state.scopes.count == charter.charter.limitedAuditors.count
        else {
            throw AuditMemory.unusable("is of another charter")
        }
        guard state.size <= checkpoint.size else {
            throw AuditMemory.unusable("speaks of \(state.size) entries, and this log has \(checkpoint.size)")
        }
        guard let edge = try Self.edge(state.size, checkpoint.size, folder), edge.root == state.root else {
            throw AuditMemory.unusable("does not fit the tiles that this log has over its first \(state.size) entries")
        }
        self.state = state
        let tree = RecomputedTree(checkpoint, folder, from: edge)
        self.tree = tree
        do {
            replay = try Replay(charter, state, tree)
        } catch let error as AuditError {
            throw error
        } catch {
            throw AuditMemory.unusable("names entries that could not be read again")
        }
    }

    /// The edge of the tree's first entries, as the mirror's tiles have it; nil if they do not.
    private static func edge(
        _ size: TreeSize, _ whole: TreeSize, _ folder: MirrorFolder
    ) throws -> TileBuilder? {
        do {
            return try TileBuilder(size: size) { id throws(AuditError) in
                guard let stored = TileID(level: id.level, index: id.index, size: whole) else { return [] }
                return try folder.read(stored.path, limit: stored.byteCount) ?? []
            }
        } catch let error as AuditError {
            throw error
        } catch {
            return nil
        }
    }
}

extension Replay {
    /// - Parameter tree: over the state's entries.
    fileprivate init(_ charter: TrustedCharter, _ state: AuditState, _ tree: RecomputedTree) throws {
        self.init(charter)
        tally.entries = state.size.rawValue
        tally.signatures = state.signatures
        tally.first = state.first
        tally.last = state.last
        tally.statements = state.statements
        for (party, counters) in zip(charter.charter.parties, state.counters) where counters != PartyCounters() {
            facts.standing.counters[party.id] = counters
        }
        facts.standing.lastAcceptedAt = state.last
        facts.standing.size = state.size
        nonces = NonceIndex(key: state.nonceKey, words: state.nonces)
        recent = RecentStatements(state.recent)
        for index in state.keys {
            let record = try Self.key(tree.entry(at: index))
            facts.standing.keys[record.keyID] = record
            publications[record.keyID] = index
        }
        scopes = zip(charter.charter.limitedAuditors, state.scopes).map {
            ScopeSum(party: $0.party, entries: $1.entries, sum: $1.sum)
        }
        take(over: try Self.messages(state.messages, tree))
        for item in state.settled { facts.contents[item.message] = .settled(item.at) }
    }

    private static func key(_ entry: Entry) throws -> SealingKeyRecord {
        guard let statement = entry.signed?.statement, case .keyPublication(let key) = statement.act,
            let signer = statement.signers.first
        else { throw AuditStateError.malformed }
        return SealingKeyRecord(
            delegate: statement.delegate(signer), keyID: key.keyID, sealFrom: key.sealFrom, sealUntil: key.sealUntil,
            keepUntil: key.keepUntil)
    }

    /// Folds messages from their last entries back to their first, bundle by bundle, so that each is read once.
    private static func messages(_ last: [LogIndex], _ tree: RecomputedTree) throws -> [MessageState] {
        var chains = [[(index: LogIndex, entry: Entry)]](repeating: [], count: last.count)
        var waiting: [UInt64: [(index: LogIndex, message: Int)]] = [:]
        for (message, index) in last.enumerated() {
            waiting[index.rawValue >> TileID.height, default: []].append((index, message))
        }
        var bundle = waiting.keys.max() ?? 0
        while !waiting.isEmpty {
            while let (index, message) = waiting[bundle]?.popLast() {
                let entry = try tree.entry(at: index)
                chains[message].append((index, entry))
                guard let previous = entry.previous else { continue }
                guard previous < index else { throw AuditStateError.malformed }
                waiting[previous.rawValue >> TileID.height, default: []].append((previous, message))
            }
            waiting[bundle] = nil
            bundle = bundle == 0 ? 0 : bundle - 1
        }
        return try chains.map { chain in
            guard let message = MessageState(chain: chain.reversed()) else { throw AuditStateError.malformed }
            return message
        }
    }

    /// What has to be kept so that a replay can go on after these entries.
    func state(root: Hash, bundleBytes: UInt64) -> AuditState? {
        guard let first = tally.first, let last = tally.last else { return nil }
        return AuditState(
            rulesVersion: charter.charter.rulesVersion, charter: charter.signed.id, size: TreeSize(tally.entries),
            root: root, first: first, last: last,
            signatures: tally.signatures, bundleBytes: bundleBytes,
            statements: tally.statements,
            counters: charter.charter.parties.map { facts.standing.counters[$0.id] ?? PartyCounters() },
            keys: facts.standing.keys.keys.compactMap { publications[$0] }.sorted(),
            messages: facts.messages.values.map(\.lastIndex).sorted(), settled: settled, recent: recent.all,
            nonceKey: nonces.key,
            nonces: nonces.words,
            scopes: scopes.map { AuditState.Scope(entries: $0.entries, sum: $0.sum) })
    }

    private var settled: [AuditState.Settled] {
        facts.contents.compactMap { message, stage in
            if case .settled(let time) = stage { AuditState.Settled(message: message, at: time) } else { nil }
        }
        .sorted { $0.message < $1.message }
    }
}
