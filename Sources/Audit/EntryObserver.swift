package import Ledger
package import Statements

/// Somebody who looks at the entries of a log as the replay finds them right.
package protocol EntryObserver: AnyObject {
    /// Called for every entry that was decided again and is right, in the order of the log and by one task at a time.
    ///
    /// What a resumed replay had decided before is not shown again.
    func see(_ entry: Entry, at index: LogIndex)
}
