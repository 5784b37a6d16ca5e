package import Store

/// Notes: a row each.
extension SQLiteStore {
    package func note(_ slot: NoteSlot) async throws(StoreError) -> [UInt8]? {
        try await reading { database in
            try Command(database, "SELECT note FROM notes WHERE slot = ?").first(.text(slot.name)) { try $0.bytes(0) }
        }
    }

    package func keep(_ note: [UInt8], in slot: NoteSlot) async throws(StoreError) {
        try await writing { database in
            let sql = "INSERT INTO notes VALUES (?, ?) ON CONFLICT (slot) DO UPDATE SET note = excluded.note"
            try Command(database, sql).run(.text(slot.name), .blob(note))
        }
    }
}
