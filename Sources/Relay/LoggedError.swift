import Logging
import Store

/// What the log says of an error: as much as its level allows.
enum LoggedError {
    /// An error of the store that names a message or a party is told by its code alone, unless the logger writes
    /// `debug`.
    static func words(_ error: any Error, for logger: Logger) -> Logger.MetadataValue {
        guard let error = error as? StoreError, logger.logLevel > .debug else { return "\(error)" }
        switch error.code {
        case .damaged, .notFound, .noRoom: return "\(error.code.rawValue); log-level debug tells what it is about"
        default: return "\(error)"
        }
    }
}
