extension TimeSpan {
    /// How far clocks that have to agree may differ: those of delegates, relay, auditors and witnesses.
    ///
    /// A statement may have been made so far ahead of the relay's clock (`Docs/Specification.md#times-and-bounds`).
    /// What is signed or shown with a time is held against one's own clock, or against other times in the log, by the
    /// same measure.
    package static let clockTolerance = TimeSpan.minutes(5)
}
