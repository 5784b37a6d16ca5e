import Store
import Synchronization

/// What a running store knows of its files and no row says; after a restart none of it is needed.
final class FileMemory: Sendable {
    private struct State {
        /// Keys of files that no row refers to yet: such a file is lost with the process, and with it its key.
        var keys: [String: StorageKey] = [:]
        /// Files whose envelopes were erased, to be removed.
        var erased: Set<String> = []
        var owesTruncation = false
    }

    private let state = Mutex(State())

    func keep(_ key: StorageKey, of file: String) { state.withLock { $0.keys[file] = key } }
    func key(of file: String) -> StorageKey? { state.withLock { $0.keys[file] } }
    func forget(_ files: [String]) { state.withLock { state in for file in files { state.keys[file] = nil } } }

    /// Notes that keys were destroyed, or may have been: the write-ahead log has them until it is truncated.
    func erase(_ files: [String]) {
        state.withLock { state in
            state.erased.formUnion(files)
            state.owesTruncation = true
        }
    }

    var erased: Set<String> { state.withLock { $0.erased } }
    var owesTruncation: Bool { state.withLock { $0.owesTruncation } }
    func removed(_ file: String) { state.withLock { _ = $0.erased.remove(file) } }
    func truncated() { state.withLock { $0.owesTruncation = false } }
}
