import Archive
import Envelope
import Glibc
import Keyring
package import Statements

/// The messages that the relay is not known to have accepted: for each an encrypted item, which says everything about
/// it, and its sealed payload as it travels.
///
/// The payload gets its name first, the item after it; they go in the other order. So an item always has its payload,
/// and a payload without an item is what a crash left behind.
struct Outbox {
    private static let purpose = "outbox-item"
    private static let withdrawnPurpose = "outbox-withdrawn"
    private static let itemLimit = 16 << 20
    private let folder: String
    private let key: ArchiveKey
    private let unsentLimit: Int

    /// - Parameter unsentLimit: the most bytes that are kept about messages that are not sent.
    init(_ desk: Desk, unsentLimit: Int = itemLimit) async throws {
        self.unsentLimit = unsentLimit
        try desk.home.prepare()
        folder = desk.home.outboxFolder
        key = try await desk.keys.archiveKey()
    }

    private func itemPath(_ name: String) -> String { "\(folder)/\(name).item" }
    private func payloadPath(_ name: String) -> String { "\(folder)/\(name).payload" }
    private func draftPath(_ name: String) -> String { "\(folder)/\(name).draft" }

    /// Takes a message in: when this returns it survives a crash.
    func add(_ item: OutboxItem, payload: SpoolFile) throws {
        try payload.keep(as: payloadPath(item.name))
        try write(item)
    }

    func write(_ item: OutboxItem) throws {
        try SealedFile.write(try item.encoded(), to: itemPath(item.name), key: key, purpose: Self.purpose)
    }

    /// An item with its payload, held against other runs; nil when another run has it, or has finished with it.
    func held(_ name: String) throws -> (item: OutboxItem, payload: SpoolFile)? {
        guard DeskFile.exists(payloadPath(name)) else { return nil }
        let payload = try SpoolFile.open(payloadPath(name))
        guard payload.lock() else { return nil }
        do {
            if let item = try item(named: name) { return (item, payload) }
        } catch {
            payload.unlock()
            throw error
        }
        payload.unlock()
        return nil
    }

    func remove(_ item: OutboxItem) throws { try remove(named: item.name) }

    func remove(named name: String) throws {
        try DeskFile.remove(itemPath(name))
        try DeskFile.remove(payloadPath(name))
    }

    /// A draft that others have now: what it says is kept for the archive, until it is released or not, and of one with
    /// attachments the payload too.
    /// - Parameter payload: one that is not in the outbox yet.
    func park(_ item: OutboxItem, payload: SpoolFile? = nil) throws {
        let keepsPayload = item.contentKey != nil
        if keepsPayload { try payload?.keep(as: payloadPath(item.name)) }
        try SealedFile.write(try item.encoded(), to: draftPath(item.name), key: key, purpose: Self.purpose)
        try DeskFile.remove(itemPath(item.name))
        if !keepsPayload { try DeskFile.remove(payloadPath(item.name)) }
    }

    func parked() throws -> [OutboxItem] {
        try names(ending: ".draft").compactMap { name in
            let bytes = try SealedFile.read(
                draftPath(name), key: key, purpose: Self.purpose, limit: Self.itemLimit)
            return try bytes.map { try OutboxItem(decoding: $0) }
        }
    }

    func unpark(_ item: OutboxItem) throws {
        try DeskFile.remove(draftPath(item.name))
        try DeskFile.remove(payloadPath(item.name))
    }

    /// Takes out a message that is in the log, or in the archive and may come into the log.
    /// - Parameters:
    ///   - payloads: the archive's, where its record has the key; the payload goes there. It has both names for a
    ///     moment, so that no crash loses it.
    ///   - hasSecondNames: false as on a file system without hard links, where the payload is moved.
    func settle(_ item: OutboxItem, to payloads: PayloadFolder?, hasSecondNames: Bool = true) throws {
        let payload = payloadPath(item.name)
        let isLinked =
            try payloads?.keep(item.message) { hasSecondNames && (link(payload, $0) == 0 || errno == EEXIST) } ?? true
        try DeskFile.remove(itemPath(item.name))
        try DeskFile.remove(draftPath(item.name))
        if !isLinked { try payloads?.keep(item.message) { rename(payload, $0) == 0 } }
        try DeskFile.remove(payload)
    }

    func item(named name: String) throws -> OutboxItem? {
        guard
            let bytes = try SealedFile.read(
                itemPath(name), key: key, purpose: Self.purpose, limit: Self.itemLimit)
        else { return nil }
        return try OutboxItem(decoding: bytes)
    }

    /// Oldest first; damaged ones are left out and named apart.
    func items() throws -> (items: [OutboxItem], damaged: [String]) {
        var items: [OutboxItem] = []
        var damaged: [String] = []
        for name in names(ending: ".item") {
            do {
                if let item = try item(named: name) { items.append(item) }
            } catch let error as ArchiveError {
                _ = error
                damaged.append(name)
            } catch let error as DeskError where error.code == OutboxItem.damaged.code {
                damaged.append(name)
            }
        }
        return (items.sorted { ($0.made, $0.message) < ($1.made, $1.message) }, damaged.sorted())
    }

    var isEmpty: Bool { names(ending: ".item").isEmpty }

    /// Removes payloads without an item that are older than ten minutes: the rest of a run that ended too early. What a
    /// run holds is left to it.
    static func removeOrphans(in home: DeskHome) {
        let folder = home.outboxFolder
        let items = Set(FolderNames.list(folder, ending: ".item") + FolderNames.list(folder, ending: ".draft"))
        for name in FolderNames.list(folder, ending: ".payload") where !items.contains(name) {
            let path = "\(folder)/\(name).payload"
            var facts = stat()
            guard lstat(path, &facts) == 0, time(nil) - facts.st_mtim.tv_sec > 600,
                let payload = try? SpoolFile.open(path), payload.lock()
            else { continue }
            unlink(path)
            payload.unlock()
        }
    }

    func names(ending suffix: String) -> [String] { FolderNames.list(folder, ending: suffix) }

    /// Messages that were archived as sent and never will be.
    func unsent() throws -> [MessageID: UnsentMessage] {
        Dictionary(try unsentLines().map { ($0.message, $0.why) }) { _, newer in newer }
    }

    private typealias UnsentLine = (message: MessageID, why: UnsentMessage)

    /// A line each, the newest last, with the code of the relay's refusal.
    private func unsentLines() throws -> [UnsentLine] {
        // Version 0.1 wrote one line beyond the limit, and then read no more of it.
        let limit = max(unsentLimit, Self.itemLimit) + 1_024
        guard
            let bytes = try SealedFile.read(
                "\(folder)/withdrawn", key: key, purpose: Self.withdrawnPurpose, limit: limit)
        else { return [] }
        return bytes.split(separator: 0x0a).compactMap { line in
            let words = line.split(separator: 0x20, maxSplits: 1).map { String(decoding: $0, as: UTF8.self) }
            guard let message = words.first.flatMap({ MessageID($0) }) else { return nil }
            return (message, words.count == 2 ? .refused(code: words[1]) : .withdrawn)
        }
    }

    /// - Parameter refusal: the code of the relay's "no", where that was the reason.
    func withdraw(_ message: MessageID, refusal: RejectionCode? = nil) throws {
        let why = refusal.map { UnsentMessage.refused(code: $0.rawValue) } ?? .withdrawn
        try changeUnsent { lines in
            if lines.contains(where: { $0 == (message, why) }) { return false }
            lines.removeAll { $0.message == message }
            lines.append((message, why))
            return true
        }
    }

    /// It is in the log after all.
    func reinstate(_ message: MessageID) throws {
        try changeUnsent { lines in
            let count = lines.count
            lines.removeAll { $0.message == message }
            return lines.count < count
        }
    }

    /// The oldest go where the limit is reached: what is known of them is then that the archive has them as sent.
    private func changeUnsent(_ change: (inout [UnsentLine]) -> Bool) throws {
        try FileLock.held("\(folder)/withdrawn.lock") {
            var all = try unsentLines()
            guard change(&all) else { return }
            var room = unsentLimit
            let kept = all.map { Array("\($0.message)\($0.why.refusal.map { " \($0)" } ?? "")\n".utf8) }
                .reversed().prefix { line in
                    room -= line.count
                    return room >= 0
                }
            try SealedFile.write(
                Array(kept.reversed().joined()), to: "\(folder)/withdrawn", key: key,
                purpose: Self.withdrawnPurpose)
        }
    }
}

extension Desk {
    /// Messages in the outbox, oldest first.
    package func outboxItems() async throws -> [OutboxItem] { try await Outbox(self).items().items }

    /// A message of this desk is shown in the log: if it was taken for one that is not sent, it is no more.
    func noteLogged(_ message: MessageID) async {
        guard DeskFile.exists("\(home.outboxFolder)/withdrawn") else { return }
        // A mark that cannot be changed holds up nothing.
        try? await Outbox(self).reinstate(message)
    }

    /// How many messages are in the outbox, without opening any.
    package var outboxCount: Int { FolderNames.list(home.outboxFolder, ending: ".item").count }

    /// Messages of the archive's sent ones that are not known to have gone out, and why.
    package func unsentMessages() async throws -> [MessageID: UnsentMessage] {
        let outbox = try await Outbox(self)
        var found = try outbox.unsent()
        guard outboxCount > 0 else { return found }
        for item in try outbox.items().items {
            found[item.message] = item.reason?.rejection.map { .refused(code: $0.rawValue) } ?? .waiting
        }
        return found
    }
}
