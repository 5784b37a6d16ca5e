import Daemon
import Ledger
import Relay
import Statements
import StoreSQLite
import Terminal
import Wording

/// What `valise-relay status` found: in the data directory, and from the relay that works there.
struct RelayStatusReport {
    /// Something that is wrong, and what to do.
    struct Concern {
        let name: String
        /// Whether it keeps the relay from its work.
        let isFailure: Bool
        let sentence: String
        let next: String?
    }

    let at: Timestamp
    let data: String
    let store: StoreStatus
    let holder: DirectoryLock.Holder
    let port: Int?
    /// What the running relay judges; nil where it was not reached.
    let readiness: Readiness?
    /// What the running relay counts.
    let figures: ScrapedMetrics?
    let disk: DiskSpace?

    init(data: String, store: StoreStatus, port: Int?, at now: Timestamp) {
        at = now
        self.data = data
        self.store = store
        holder = DirectoryLock.holder(of: data)
        disk = DiskSpace(of: data)
        // A port that an earlier process noted may be anybody's by now.
        self.port = port ?? (holder == .nobody ? nil : HealthPort.read(data))
        readiness = self.port.flatMap { LoopbackReading.get("/readyz?format=json", port: $0) }
            .flatMap { try? Readiness(parsing: $0.body) }
        figures = self.port.flatMap { LoopbackReading.get("/metrics", port: $0) }.flatMap {
            $0.status == 200 ? ScrapedMetrics(parsing: String(decoding: $0.body, as: UTF8.self)) : nil
        }
    }

    var isRunning: Bool { holder != .nobody }

    /// Below so many free bytes intake stops: the running relay's, or what it would be without the setting.
    var floor: UInt64? {
        if let bytes = figures?["valise_disk_floor_bytes"] { return UInt64(bytes) }
        return disk.map { DiskFloor().content(of: $0.size) }
    }

    /// What an entry takes in tiles, views and indexes beside its own bytes.
    private static let overhead: UInt64 = 256

    /// Bytes that a growth of the log takes on the disk, about.
    static func logBytes(_ growth: StoreStatus.Growth) -> UInt64 { growth.entryBytes + growth.entries * overhead }

    /// How long until intake stops, at the last day's growth; nil where nothing grew or the disk is not known.
    var forecast: TimeSpan? {
        guard let disk, let floor, disk.free > floor else { return nil }
        let day = Double(Self.logBytes(store.day) + store.day.envelopeBytes)
        guard day > 0 else { return nil }
        let days = Double(disk.free - floor) / day
        return days < 36_500 ? TimeSpan(milliseconds: Int64(days * 86_400_000)) : nil
    }

    /// The checkpoint that parties are shown, with the cosignatures of the charter's witnesses.
    var cosigned: (size: TreeSize, names: [String], at: CosignatureTime?)? {
        let charter = store.charter.charter
        guard let note = store.shown.parties.flatMap({ try? SignedNote(parsing: $0) }),
            let log = try? charter.relay.verifierKey,
            let (checkpoint, lines) = try? Checkpoint.open(note, log: log, cosigners: charter.cosigners)
        else { return nil }
        return (checkpoint.size, lines.map(\.key.name.description), lines.compactMap(\.time).max())
    }

    /// What is wrong, the worst first.
    var concerns: [Concern] {
        var concerns = (readiness?.checks ?? []).filter { $0.state != .ok }.sorted { $0.state > $1.state }.map {
            Concern(name: $0.name, isFailure: $0.state == .fail, sentence: $0.sentence, next: $0.next)
        }
        if readiness == nil { concerns = reaching + offline }
        return concerns
    }

    private var reaching: [Concern] {
        guard isRunning else {
            return [
                Concern(
                    name: "running", isFailure: false, sentence: "No relay works in this data directory.",
                    next: "valise-relay serve --data \(ShellWord.quoted(data)) --keys KEYS, or the service that runs it"
                )
            ]
        }
        guard let port else {
            return [
                Concern(
                    name: "health-port", isFailure: false,
                    sentence: "The relay has no health port: it cannot be asked how it stands.",
                    next: "set health-port, and restart it")
            ]
        }
        return [
            Concern(
                name: "health-port", isFailure: true,
                sentence: "The relay does not answer on its health port \(port).",
                next: "read its log; if it hangs, restart it: nothing that was acknowledged is lost")
        ]
    }

    /// What can be judged without the relay.
    private var offline: [Concern] {
        var concerns: [Concern] = []
        if let disk, let floor, disk.free < floor {
            concerns.append(
                Concern(
                    name: "disk", isFailure: true,
                    sentence: "\(ByteSize(bytes: disk.free)) are free, below the floor of \(ByteSize(bytes: floor)).",
                    next: "make space on the disk of the data directory"))
        }
        if store.newest > at + RelayClock.tolerance {
            concerns.append(
                Concern(
                    name: "clock", isFailure: true, sentence: "The machine's clock is behind the newest entry.",
                    next: "set the clock before the relay is started"))
        }
        return concerns
    }
}
