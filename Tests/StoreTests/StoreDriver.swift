import Foundation
import Glibc
import Store
import StoreSQLite
import Testing

/// A database that the conformance suite runs against. A further driver is a further element of ``all``.
struct StoreDriver: Sendable, CustomTestStringConvertible {
    let name: String
    /// An empty place; the test removes it.
    let makePlace: @Sendable () throws -> any StorePlace

    var testDescription: String { name }

    static let all: [StoreDriver] = [StoreDriver(name: "sqlite") { try SQLitePlace() }]
}

/// Where one test's store lies.
protocol StorePlace: Sendable {
    func open() async throws -> any Store
    func remove()
}

extension StorePlace {
    /// Opens, runs and closes: what is seen the next time was durable.
    func withStore<Value>(_ body: (any Store) async throws -> Value) async throws -> Value {
        let store = try await open()
        let value = try await body(store)
        try await store.close()
        return value
    }

    /// Runs the same checks on the open store and on one that was opened again.
    func twice(_ prepare: (any Store) async throws -> Void, check: (any Store) async throws -> Void) async throws {
        try await withStore { store in
            try await prepare(store)
            try await check(store)
        }
        try await withStore { try await check($0) }
    }
}

/// A folder of one test.
final class SQLitePlace: StorePlace {
    let root: String
    var store: String { root + "/store" }

    init() throws {
        var name = Array("/tmp/valise-store-XXXXXX".utf8CString)
        guard let made = mkdtemp(&name) else { throw StoreError(.unavailable, "no temporary folder") }
        root = String(cString: made)
    }

    func remove() {
        for path in [store + "/envelopes", store, root] {
            for name in Self.names(path) { unlink("\(path)/\(name)") }
            rmdir(path)
        }
    }

    func open() async throws -> any Store { try openSQLite() }
    func openSQLite() throws -> SQLiteStore { try SQLiteStore.open(directory: store) }

    static func names(_ path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let item = readdir(folder) {
            let name = withUnsafeBytes(of: &item.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    static func mode(_ path: String) -> UInt32 {
        let mode = try? FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber
        return mode?.uint32Value ?? 0
    }

    static func put(_ bytes: [UInt8], at path: String, offset: Int = 0, truncate: Bool = false) throws {
        let file = Glibc.open(path, O_WRONLY | O_CREAT | (truncate ? O_TRUNC : 0), 0o600)
        guard file >= 0, pwrite(file, bytes, bytes.count, offset) == bytes.count, Glibc.close(file) == 0 else {
            throw StoreError(.unavailable, "\(path) could not be written")
        }
    }

    static func size(_ path: String) -> Int {
        let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber
        return size?.intValue ?? 0
    }
}
