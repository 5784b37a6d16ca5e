import Dispatch
import GRDB
import Glibc
import Store

/// How failures of SQLite and of files become the store's own errors.
extension StoreError {
    /// Runs, and gives out nothing but store errors.
    static func catching<Value>(_ body: () throws -> Value) -> Result<Value, StoreError> {
        do { return .success(try body()) } catch { return .failure(StoreError(error)) }
    }

    static func translating<Value>(_ body: () throws -> Value) throws(StoreError) -> Value {
        try catching(body).get()
    }

    /// Runs blocking work away from the callers' threads.
    static func onQueue<Value: Sendable>(
        _ queue: DispatchQueue, _ body: @escaping @Sendable () throws -> Value
    ) async -> Result<Value, StoreError> {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: catching(body)) }
        }
    }

    /// SQLite's own words name tables and columns, never values.
    init(_ error: any Error) {
        switch error {
        case let error as StoreError: self = error
        case let error as DatabaseError:
            let words = "\(error.message ?? "no further words") (SQLite code \(error.extendedResultCode.rawValue))"
            switch error.resultCode {
            case .SQLITE_CORRUPT, .SQLITE_NOTADB:
                self.init(.damaged, "the database is damaged or no database: \(words); restore it, do not repair it")
            case .SQLITE_CONSTRAINT:
                self.init(
                    .damaged, "the database contradicts what was decided on it: \(words); check it before going on")
            default: self.init(.unavailable, "the database could not be used: \(words); check the disk and try again")
            }
        default: self.init(.unavailable, "the store could not be used: \(type(of: error))")
        }
    }

    /// A failed call on a file, with the reason of `errno`.
    static func file(_ what: String, _ number: Int32 = errno) -> StoreError {
        let reason = String(cString: strerror(number))
        return StoreError(.unavailable, "\(what) failed (\(reason)); check owner, mode and free space of the folder")
    }

    static func damaged(_ what: String) -> StoreError {
        StoreError(.damaged, "\(what); stop, and restore or check the store before going on")
    }
}
