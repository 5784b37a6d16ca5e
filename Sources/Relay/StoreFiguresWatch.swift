import Daemon
package import Logging
import ServiceLifecycle
package import Store
import Synchronization

/// The store's sizes, read twice a minute and not when somebody asks: a scrape costs the same however large they are.
package final class StoreFiguresWatch: Service {
    private let store: any FigureStore
    private let logger: Logger
    private let pause: Duration
    private let newest = Mutex<StoreFigures?>(nil)

    package init(_ store: any FigureStore, logger: Logger, pause: Duration = .seconds(30)) {
        self.store = store
        self.logger = logger
        self.pause = pause
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.round()
                try? await Task.sleep(for: self.pause)
            }
        }
    }

    /// Reads them now; the ones before stay if that fails.
    package func round() async {
        do {
            let figures = try await store.figures()
            newest.withLock { $0 = figures }
        } catch { logger.warning("the store's sizes could not be read", metadata: ["error": "\(error)"]) }
    }

    var families: [MetricFamily] {
        let figures = newest.withLock { $0 }
        func gauge(_ name: String, _ help: String, _ path: KeyPath<StoreFigures, UInt64>) -> MetricFamily {
            MetricFamily(gauge: name, help, figures.map { .whole($0[keyPath: path]) })
        }
        return [
            gauge(
                "valise_database_bytes", "The database's file: entries, tiles, views, small envelopes.",
                \.databaseBytes),
            gauge("valise_wal_bytes", "The database's write-ahead log.", \.walBytes),
            gauge("valise_uploads", "Uploads in parts that are in progress.", \.uploads),
            gauge("valise_upload_bytes", "Bytes that uploads in progress have so far.", \.uploadBytes),
            gauge("valise_drafts", "Drafts on the parties' shelves.", \.drafts),
            gauge("valise_draft_bytes", "Bytes of those drafts.", \.draftBytes),
        ]
    }
}
