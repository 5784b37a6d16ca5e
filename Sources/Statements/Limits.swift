package import SwiftASN1

/// The charter's limits.
package struct Limits: Hashable, Sendable, DERFormat {
    package static let formName = "Limits"
    /// From acceptance to expiry, at most.
    package var longestLifetime: TimeSpan
    /// From `madeAt` to `submitBy`, at most.
    package var longestSubmitWindow: TimeSpan
    /// How long after its expiry a retrieved leg may still be confirmed.
    package var confirmGrace: TimeSpan
    /// `keepUntil` of a sealing key is at least `sealUntil` + ``longestLifetime`` + this.
    package var keyGrace: TimeSpan
    /// A party's tick is logged once in every interval of this length.
    package var tickInterval: TimeSpan
    /// Before sealing, a client wants a tick that is younger than this.
    package var tickFreshness: TimeSpan
    /// Messages of one originator that may be unsettled at a time.
    package var unsettledMessages: UInt64
    /// Payload bytes of one originator that may be unsettled at a time.
    package var unsettledBytes: UInt64
    /// How long after it is settled a message's content is kept at least; nil if it is never erased. From rules version
    /// 2 on.
    package var retention: TimeSpan?

    /// What the charter source leaves unsaid, but for ``retention``.
    package static let standard = Limits(
        longestLifetime: .days(14), longestSubmitWindow: .days(7), confirmGrace: .days(2), keyGrace: .days(2),
        tickInterval: .minutes(10), tickFreshness: .minutes(60), unsettledMessages: 10_000,
        unsettledBytes: 16 << 30)

    package init(
        longestLifetime: TimeSpan, longestSubmitWindow: TimeSpan, confirmGrace: TimeSpan, keyGrace: TimeSpan,
        tickInterval: TimeSpan, tickFreshness: TimeSpan, unsettledMessages: UInt64, unsettledBytes: UInt64,
        retention: TimeSpan? = nil
    ) {
        self.longestLifetime = longestLifetime
        self.longestSubmitWindow = longestSubmitWindow
        self.confirmGrace = confirmGrace
        self.keyGrace = keyGrace
        self.tickInterval = tickInterval
        self.tickFreshness = tickFreshness
        self.unsettledMessages = unsettledMessages
        self.unsettledBytes = unsettledBytes
        self.retention = retention
    }
    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            Limits(
                longestLifetime: try f.span("Limits.longestLifetime"),
                longestSubmitWindow: try f.span("Limits.longestSubmitWindow"),
                confirmGrace: try f.span("Limits.confirmGrace"), keyGrace: try f.span("Limits.keyGrace"),
                tickInterval: try f.span("Limits.tickInterval"), tickFreshness: try f.span("Limits.tickFreshness"),
                unsettledMessages: try f.uint("Limits.unsettledMessages"),
                unsettledBytes: try f.uint("Limits.unsettledBytes"),
                retention: try f.isNext(.context(0)) ? f.span("Limits.retention", tag: .context(0)) : nil)
        }
    }
    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            for span in [longestLifetime, longestSubmitWindow, confirmGrace, keyGrace, tickInterval, tickFreshness] {
                try der.span(span)
            }
            try der.uint(unsettledMessages)
            try der.uint(unsettledBytes)
            if let retention { try der.uint(UInt64(max(0, retention.milliseconds)), tag: .context(0)) }
        }
    }
}
