import GRDB

/// The tables, as migrations that are never changed once released.
///
/// A message is known by the index of its submission: that is its row in `messages` and `envelopes`, so that these grow
/// at their end. Only `statements` and the nonces are in random order. Uploads and drafts are few and short-lived.
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1", foreignKeyChecks: .immediate) { database in
            try database.execute(sql: "PRAGMA application_id = \(StoreDatabase.applicationID)")
            try database.execute(sql: log)
            try database.execute(sql: messages)
            try database.execute(sql: parties)
        }
        migrator.registerMigration("2", foreignKeyChecks: .immediate) { database in
            try database.execute(sql: uploads)
            try database.execute(sql: drafts)
        }
        migrator.registerMigration("3", foreignKeyChecks: .immediate) { database in
            try database.execute(sql: "CREATE INDEX messages_by_originator ON messages (originator, first_idx)")
        }
        migrator.registerMigration("4", foreignKeyChecks: .immediate) { database in
            try database.execute(sql: uploadsOfKinds)
        }
        migrator.registerMigration("5", foreignKeyChecks: .immediate) { database in
            try database.execute(
                sql: "CREATE TABLE notes (slot TEXT PRIMARY KEY, note BLOB NOT NULL) STRICT, WITHOUT ROWID")
        }
        migrator.registerMigration("6", foreignKeyChecks: .immediate) { database in
            try database.execute(sql: storageKeys)
            try database.execute(sql: contents)
        }
        migrator.registerMigration("7", foreignKeyChecks: .immediate) { database in
            try database.execute(sql: scopes)
        }
        return migrator
    }

    /// Of limited auditors; no log that is older than this table has any.
    private static let scopes = """
        CREATE TABLE scopes (
            party TEXT NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (party, idx)
        ) STRICT, WITHOUT ROWID;
        """

    /// Rows are of one size, come in at the end and are never deleted: ``KeyQuery`` says why. What was stored before
    /// has none, and stays as it is. The index has the rows that may be used again, and no keys.
    private static let storageKeys = """
        CREATE TABLE message_keys (message INTEGER PRIMARY KEY, key BLOB NOT NULL) STRICT;
        CREATE TABLE file_keys (number INTEGER PRIMARY KEY, file TEXT NOT NULL UNIQUE, key BLOB NOT NULL) STRICT;
        CREATE INDEX file_keys_destroyed ON file_keys (number) WHERE key = \(KeyQuery.destroyed);
        """

    /// Of messages under a charter that names a retention; no log that is older than these tables has one.
    private static let contents = """
        CREATE TABLE settled (message INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;
        CREATE INDEX settled_by_time ON settled (at);
        CREATE TABLE erasures (message INTEGER PRIMARY KEY, idx INTEGER NOT NULL) STRICT;
        """

    /// Drafts come in parts too: until then every upload was an envelope.
    private static let uploadsOfKinds = """
        ALTER TABLE uploads RENAME TO envelope_uploads;
        DROP INDEX uploads_by_party;
        DROP INDEX uploads_by_expiry;
        CREATE TABLE uploads (
            kind TEXT NOT NULL CHECK (kind IN ('envelope', 'draft')), id BLOB NOT NULL, party TEXT NOT NULL,
            size INTEGER NOT NULL, synced INTEGER NOT NULL, expires INTEGER NOT NULL, file TEXT NOT NULL UNIQUE,
            PRIMARY KEY (kind, id)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO uploads SELECT 'envelope', id, party, size, synced, expires, file FROM envelope_uploads;
        DROP TABLE envelope_uploads;
        CREATE INDEX uploads_by_party ON uploads (party);
        CREATE INDEX uploads_by_expiry ON uploads (expires);
        """

    private static let uploads = """
        CREATE TABLE uploads (
            id BLOB PRIMARY KEY, party TEXT NOT NULL, size INTEGER NOT NULL, synced INTEGER NOT NULL,
            expires INTEGER NOT NULL, file TEXT NOT NULL UNIQUE
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX uploads_by_party ON uploads (party);
        CREATE INDEX uploads_by_expiry ON uploads (expires);
        """

    private static let drafts = """
        CREATE TABLE drafts (
            number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, party TEXT NOT NULL, submit_by INTEGER NOT NULL,
            statement BLOB NOT NULL, size INTEGER NOT NULL, file TEXT NOT NULL UNIQUE,
            rejected_by TEXT, rejected_at INTEGER, note BLOB
        ) STRICT;
        CREATE INDEX drafts_by_party ON drafts (party);
        CREATE INDEX drafts_by_submit_by ON drafts (submit_by);
        CREATE TABLE draft_signatures (
            draft INTEGER NOT NULL, signer TEXT NOT NULL, signature BLOB NOT NULL, PRIMARY KEY (draft, signer)
        ) STRICT, WITHOUT ROWID;
        """

    private static let log = """
        CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        INSERT INTO meta VALUES ('loads', 0);
        CREATE TABLE entries (idx INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
        CREATE TABLE tiles (place INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
        CREATE TABLE checkpoint (
            id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL
        ) STRICT;
        CREATE TABLE statements (id BLOB PRIMARY KEY, idx INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        """

    private static let messages = """
        CREATE TABLE messages (
            first_idx INTEGER PRIMARY KEY, deadline INTEGER, originator TEXT NOT NULL, nonce BLOB NOT NULL,
            id BLOB NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX messages_by_nonce ON messages (nonce, originator);
        CREATE INDEX messages_by_deadline ON messages (deadline) WHERE deadline IS NOT NULL;
        CREATE TABLE message_entries (
            message INTEGER NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (message, idx)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE envelopes (
            message INTEGER PRIMARY KEY, size INTEGER NOT NULL, file TEXT, bytes BLOB,
            CHECK ((file IS NULL) <> (bytes IS NULL))
        ) STRICT;
        CREATE UNIQUE INDEX envelopes_by_file ON envelopes (file) WHERE file IS NOT NULL;
        """

    private static let parties = """
        CREATE TABLE inbox (
            party TEXT NOT NULL, number INTEGER NOT NULL, message BLOB NOT NULL, leg INTEGER NOT NULL,
            idx INTEGER NOT NULL, PRIMARY KEY (party, number)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE counters (
            party TEXT PRIMARY KEY, arrivals INTEGER NOT NULL, unsettled_messages INTEGER NOT NULL,
            unsettled_bytes INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE keys (
            idx INTEGER PRIMARY KEY, key_id BLOB NOT NULL UNIQUE, party TEXT NOT NULL, delegate TEXT NOT NULL,
            seal_from INTEGER NOT NULL, seal_until INTEGER NOT NULL, keep_until INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX keys_by_party ON keys (party, keep_until);
        CREATE INDEX keys_by_seal_until ON keys (seal_until);
        CREATE TABLE ticks (party TEXT PRIMARY KEY, idx INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        """
}
