import Glibc
package import Logging

/// A swift-log handler that writes each event as one line of JSON with one `write(2)`, to standard error by default.
///
/// Members in this order: `time` (RFC 3339 in UTC with milliseconds), `level`, `label`, `message`, and where there are
/// any `error` and `metadata` (an object sorted by key). Each text is cut after 4096 bytes, so that no stranger's input
/// can fill a disk with one line. Nothing is dropped silently on a full pipe: the write waits.
package struct JSONLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let descriptor: Int32

    /// - Parameters:
    ///   - label: the name of the part that logs, such as `relay.sequencer`.
    ///   - level: events below it are not written.
    ///   - descriptor: an open descriptor, which the handler does not close.
    package init(
        label: String, level: Logger.Level, descriptor: Int32 = STDERR_FILENO,
        metadataProvider: Logger.MetadataProvider? = nil
    ) {
        self.label = label
        logLevel = level
        self.descriptor = descriptor
        self.metadataProvider = metadataProvider
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var line = LogLine()
        line.bytes.append(UInt8(ascii: "{"))
        line.member("time", LogTime.now())
        line.member("level", event.level.rawValue)
        line.member("label", label)
        line.member("message", event.message.description)
        if let error = event.error { line.member("error", String(describing: error)) }
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        if !all.isEmpty {
            line.name("metadata")
            line.value(.dictionary(all), depth: 0)
        }
        line.bytes += [UInt8(ascii: "}"), UInt8(ascii: "\n")]
        write(line.bytes)
    }

    private func write(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { all in
            var rest = all[...]
            while !rest.isEmpty {
                let chunk = UnsafeRawBufferPointer(rebasing: rest)
                let written = Glibc.write(descriptor, chunk.baseAddress, chunk.count)
                if written >= 0 {
                    rest = rest.dropFirst(written)
                } else if errno == EAGAIN {
                    var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&waiting, 1, -1)
                } else if errno != EINTR {
                    return  // there is no other place to report it
                }
            }
        }
    }
}
