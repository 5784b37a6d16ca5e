import Glibc
package import Keyring
package import Statements
import Synchronization

/// What a desk has sent and read, encrypted at rest: append-only segments, and an index that is made from them.
///
/// No plaintext touches the disk; what shows is how many messages there are, how long each is and when it came.
/// Programs of one desk may work with it at the same time: each operation takes the folder's lock, a few milliseconds,
/// and first reads what others have added.
package final class Archive: Sendable {
    private let folder: String
    private let key: ArchiveKey
    private let lock: OpenFile
    private let state: Mutex<ArchiveState>
    /// The sealed payloads that are kept beside the records.
    package let payloads: PayloadFolder

    /// How long an operation waits for other programs.
    static let patience: Int64 = 10_000

    /// Opens the archive; a missing one is empty.
    ///
    /// What is torn off at its end by a crash was never confirmed, and is cut off. Damage elsewhere is in ``damage()``.
    /// - Parameter folder: made (0700) when it is missing.
    /// - Throws: `archive-unreadable`, `archive-unwritable`, `archive-other-key`, `archive-newer-version`,
    ///   `archive-busy`.
    package static func open(folder: String, key: ArchiveKey) throws(ArchiveError) -> Archive {
        if mkdir(folder, 0o700) != 0, errno != EEXIST { throw OpenFile.unwritable(folder, errno) }
        guard let lock = try OpenFile.open("\(folder)/lock", create: true) else {
            throw OpenFile.unwritable(folder, ENOENT)
        }
        let archive = Archive(folder: folder, key: key, lock: lock)
        try archive.working { _ throws(ArchiveError) in }
        return archive
    }

    /// Whether a folder has an archive in it, whatever key it opens with.
    package static func exists(in folder: String) -> Bool { !SegmentFile.numbers(in: folder).isEmpty }

    private init(folder: String, key: ArchiveKey, lock: OpenFile) {
        self.folder = folder
        self.key = key
        self.lock = lock
        state = Mutex(ArchiveState(folder: folder, key: key))
        payloads = PayloadFolder(archive: folder, key: key)
    }

    /// Adds a message; it is on the disk when this returns. The same message in the same direction again is harmless,
    /// and what was kept first stays.
    /// - Throws: `archive-unfit`, `archive-unwritable`, and what ``open(folder:key:)`` throws.
    package func add(_ message: ArchivedMessage) throws(ArchiveError) {
        try working { state throws(ArchiveError) in try state.add(message) }
    }

    /// All messages, oldest first.
    package func summaries() throws(ArchiveError) -> [MessageSummary] {
        try working { state throws(ArchiveError) in try state.summaries() }
    }

    /// One message; of one that was sent and received here, what was sent.
    package func summary(_ id: MessageID) throws(ArchiveError) -> MessageSummary? {
        try working { state throws(ArchiveError) in
            guard let entry = state.find(id) else { return nil }
            return try state.summary(entry)
        }
    }

    /// The whole message; of one that was sent and received here, what was sent.
    /// - Throws: `archive-damaged` when its record does not open.
    package func load(_ id: MessageID) throws(ArchiveError) -> ArchivedMessage? {
        try working { state throws(ArchiveError) in
            guard let entry = state.find(id) else { return nil }
            return try state.load(entry)
        }
    }

    /// The messages in which every word is found, newest first.
    ///
    /// Words are parts of words; case, diacritics and letter forms do not count. Subjects, captions, attachment names,
    /// parties, delegates and the first MiB of texts are searched.
    /// - Parameters:
    ///   - words: at most 16 words in 1,024 bytes are taken; without any, nothing is found.
    ///   - limit: so many are found at most.
    package func search(_ words: String, limit: Int) throws(ArchiveError) -> [SearchHit] {
        guard let query = SearchQuery(words), limit > 0 else { return [] }
        return try working { state throws(ArchiveError) in try state.search(query, limit: limit) }
    }

    /// The message, those that it refers to, those that refer to it, and so on; oldest first. Empty when it is not
    /// here.
    package func thread(of id: MessageID) throws(ArchiveError) -> [MessageSummary] {
        let all = try summaries()
        guard all.contains(where: { $0.id == id }) else { return [] }
        var neighbours: [MessageID: [MessageID]] = [:]
        for summary in all {
            for link in summary.links {
                neighbours[summary.id, default: []].append(link)
                neighbours[link, default: []].append(summary.id)
            }
        }
        var reached: Set<MessageID> = [id]
        var waiting = [id]
        while let next = waiting.popLast() {
            for other in neighbours[next] ?? [] where reached.insert(other).inserted { waiting.append(other) }
        }
        return all.filter { reached.contains($0.id) }
    }

    /// The identifiers that begin with these letters (lowercase base32), each once, sorted.
    package func matching(prefix: String) throws(ArchiveError) -> [MessageID] {
        try working { state throws(ArchiveError) in
            Set(state.identifiers.filter { $0.description.hasPrefix(prefix) }).sorted()
        }
    }

    /// How many records there are.
    package func count() throws(ArchiveError) -> Int {
        try working { state throws(ArchiveError) in state.count }
    }

    /// Bytes of records and index, without payloads.
    package func byteCount() throws(ArchiveError) -> UInt64 {
        try working { state throws(ArchiveError) in try state.byteCount() }
    }

    /// The damage that is known: found when the segments were read for the index.
    package func damage() throws(ArchiveError) -> [ArchiveDamage] {
        try working { state throws(ArchiveError) in state.damage }
    }

    /// Reads every record of every segment and says what does not open; what is damaged stays as it is.
    package func check() throws(ArchiveError) -> [ArchiveDamage] {
        try working { state throws(ArchiveError) in try state.check() }
    }

    /// Runs `body` under the folder's lock, on a state that knows what others have added.
    private func working<Value: Sendable>(
        _ body: (inout ArchiveState) throws(ArchiveError) -> Value
    ) throws(ArchiveError) -> Value {
        try state.withLock { state throws(ArchiveError) in
            try takeLock()
            defer { flock(lock.descriptor, LOCK_UN) }
            try state.refresh()
            return try body(&state)
        }
    }

    private func takeLock() throws(ArchiveError) {
        var waited: Int64 = 0
        while flock(lock.descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw OpenFile.unwritable(lock.path, errno) }
            guard waited < Self.patience else {
                throw ArchiveError(
                    .busy, "Another program has held \(folder) for \(Self.patience / 1000) seconds.",
                    hint: "End the other program, or try again later.")
            }
            usleep(2_000)
            waited += 2
        }
    }
}
