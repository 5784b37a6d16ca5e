package import Logging

extension Logger {
    /// For the server library, which would tell of each connection.
    package var quiet: Logger {
        var quiet = self
        quiet.logLevel = max(.notice, logLevel)
        return quiet
    }
}
