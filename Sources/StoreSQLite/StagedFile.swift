import Dispatch
import GRDB
import Glibc
import Store
import Synchronization

/// An envelope on its way into a file of its own. Its calls run one after the other, away from the callers' threads.
final class StagedFile: StagedEnvelopeWriter {
    private enum State {
        case open(descriptor: Int32, size: UInt64)
        case finished(StagedEnvelope)
        case discarded
    }

    private let name: String
    private let key = StorageKey()
    private let folder: StoreFolder
    private let pool: DatabasePool
    private let queue = DispatchQueue(label: "valise.store.envelope")
    private let state: Mutex<State>

    init(in folder: StoreFolder, pool: DatabasePool) throws(StoreError) {
        let (name, descriptor) = try folder.makeEnvelope()
        self.name = name
        self.folder = folder
        self.pool = pool
        folder.memory.keep(key, of: name)
        state = Mutex(.open(descriptor: descriptor, size: 0))
    }

    deinit {
        if case .open(let descriptor, _) = state.withLock({ $0 }) {
            Glibc.close(descriptor)
            remove()
        }
    }

    func write(_ bytes: [UInt8]) async throws(StoreError) {
        let result = await StoreError.onQueue(queue) { try self.append(bytes) }
        try result.get()
    }

    func finish() async throws(StoreError) -> StagedEnvelope {
        let result = await StoreError.onQueue(queue) { try self.seal() }
        return try result.get()
    }

    /// Removes the file, unless a commit has come to refer to it: one whose outcome is unknown may have.
    func discard() async {
        let wasFinished = await StoreError.onQueue(queue) { self.drop() }
        guard case .success(true) = wasFinished else { return }
        await withCheckedContinuation { continuation in
            pool.asyncWriteWithoutTransaction { [folder, name] database in
                let kept = (try? EnvelopeQuery.refers(to: name, database)) ?? true
                if !kept { folder.remove(name) }
                folder.memory.forget([name])
                continuation.resume()
            }
        }
    }

    private func append(_ bytes: [UInt8]) throws {
        try whileOpen { descriptor, size in
            let bytes = try key.apply(to: bytes, at: size)
            var done = 0
            while done < bytes.count {
                let step = bytes.withUnsafeBytes {
                    Glibc.write(descriptor, $0.baseAddress?.advanced(by: done), $0.count - done)
                }
                if step > 0 { done += step } else if errno != EINTR { throw StoreError.file("writing an envelope") }
            }
            return .open(descriptor: descriptor, size: size + UInt64(bytes.count))
        }
    }

    private func seal() throws -> StagedEnvelope {
        if case .finished(let staged) = state.withLock({ $0 }) { return staged }
        try whileOpen { descriptor, size in
            guard fsync(descriptor) == 0 else { throw StoreError.file("forcing an envelope to the disk") }
            try folder.syncEnvelopes()
            Glibc.close(descriptor)
            return .finished(StagedEnvelope(name: name, size: size))
        }
        guard case .finished(let staged) = state.withLock({ $0 }) else { throw Self.late }
        return staged
    }

    /// A file that could not be written or forced to the disk once is given up: a second try might only seem to work.
    private func whileOpen(_ body: (_ descriptor: Int32, _ size: UInt64) throws -> State) throws {
        try state.withLock { state in
            guard case .open(let descriptor, let size) = state else { throw Self.late }
            do { state = try body(descriptor, size) } catch {
                Glibc.close(descriptor)
                remove()
                state = .discarded
                throw error
            }
        }
    }

    private func remove() {
        folder.remove(name)
        folder.memory.forget([name])
    }

    /// Whether it was finished: then the file is still there, and a commit may refer to it.
    private func drop() -> Bool {
        state.withLock { state in
            defer { state = .discarded }
            switch state {
            case .open(let descriptor, _):
                Glibc.close(descriptor)
                remove()
                return false
            case .finished: return true
            case .discarded: return false
            }
        }
    }

    private static var late: StoreError {
        StoreError(.unavailable, "the staged envelope was finished or discarded before; stage another one")
    }
}
