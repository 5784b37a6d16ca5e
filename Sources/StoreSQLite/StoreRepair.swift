import GRDB
package import Store

/// Makes tiles and views again from the entries, where a check found them different.
extension StoreCheck {
    /// Checks, and rebuilds in one transaction what follows from the entries; entries and checkpoint stay as they are.
    /// Only for a store that nobody else has open. Blocks the calling thread.
    /// - Returns: what was found before, and what a second check finds after it; equal where nothing could be done.
    /// - Throws: ``StoreError``; nothing was changed then.
    package func repair() throws(StoreError) -> (before: StoreCheckReport, after: StoreCheckReport) {
        let before = try StoreError.translating {
            try withDatabase(readOnly: false) { database in
                var report = StoreCheckReport()
                try database.beginTransaction(.immediate)
                do {
                    try examine(database, &report)
                    let names = report.isSound ? try rebuild(database, report) : []
                    guard !names.isEmpty else {
                        try database.rollback()
                        return report
                    }
                    try database.commit()
                    report.repaired = names
                    return report
                } catch {
                    if database.isInsideTransaction { try? database.rollback() }
                    throw error
                }
            }
        }
        return (before, before.repaired.isEmpty ? before : try run())
    }

    /// - Returns: the tables that were made again.
    private func rebuild(_ database: Database, _ report: StoreCheckReport) throws -> [String] {
        var names: [String] = []
        let different = Set(report.differences.filter(\.isRepairable).map(\.table))
        for table in try ViewTable.present(database)
        where different.contains(table.name) || report.omitted > 0 {
            try database.execute(
                sql: """
                    DELETE FROM main.\(table.name);
                    INSERT INTO main.\(table.name) SELECT * FROM temp.\(table.name);
                    """)
            names.append(table.name)
        }
        if different.contains("meta") || report.omitted > 0 {
            try database.execute(sql: "INSERT OR REPLACE INTO main.meta SELECT * FROM temp.meta")
            names.append("meta")
        }
        if report.differences.contains(where: \.isIndex) {
            try database.execute(sql: "REINDEX")
            names.append("indexes")
        }
        return names
    }
}

extension StoreDifference {
    /// SQLite's word for an index that does not fit its table.
    var isIndex: Bool { kind == .page && (found.contains("from index") || found.contains("in index")) }
}
