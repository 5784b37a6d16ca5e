/// Reads a segment from some place to its end, past damage.
struct SegmentScan {
    let segment: SegmentFile

    struct Found {
        var damage: [ArchiveDamage] = []
        /// Where the last whole record ends; what follows is a torn tail.
        var end: UInt64
        var size: UInt64
    }

    /// Gives every record that opens to `visit`, in order.
    ///
    /// A record that is whole but does not open is damage; so is everything between two readable records. What comes
    /// after the last one and begins no whole record is a torn tail: an append that never ended.
    func run(
        from start: UInt64, _ visit: (RecordPlace, [UInt8]) throws(ArchiveError) -> Void
    ) throws(ArchiveError) -> Found {
        var found = Found(end: start, size: try segment.file.size())
        while found.end < found.size {
            let offset = found.end
            guard let place = try place(at: offset, size: found.size) else {
                guard let next = try next(after: offset, size: found.size) else { return found }
                found.damage.append(damage(offset, next - offset))
                found.end = next
                continue
            }
            if let record = try segment.record(at: place) {
                try visit(place, record)
            } else {
                found.damage.append(damage(offset, place.end.offset - offset))
            }
            found.end = place.end.offset
        }
        return found
    }

    /// Whether any record follows.
    func hasRecord(from offset: UInt64) throws(ArchiveError) -> Bool {
        let size = try segment.file.size()
        if try place(at: offset, size: size) != nil { return true }
        return try next(after: offset, size: size) != nil
    }

    private func damage(_ offset: UInt64, _ length: UInt64) -> ArchiveDamage {
        ArchiveDamage(segment: segment.number, offset: offset, length: length)
    }

    /// The whole record that begins here.
    private func place(at offset: UInt64, size: UInt64) throws(ArchiveError) -> RecordPlace? {
        let header = try segment.file.read(SegmentFile.recordHeaderByteCount, at: offset)
        guard let length = segment.recordLength(at: offset, header[...]) else { return nil }
        let place = RecordPlace(segment: segment.number, offset: offset, length: length)
        return place.end.offset <= size ? place : nil
    }

    /// The next place where a whole record begins.
    private func next(after offset: UInt64, size: UInt64) throws(ArchiveError) -> UInt64? {
        let window = 64 * 1024
        let keep = UInt64(SegmentFile.mark.count - 1)
        var start = offset + 1
        while start < size {
            let bytes = try segment.file.read(window, at: start)
            guard bytes.count >= SegmentFile.mark.count else { return nil }
            for position in 0...(bytes.count - SegmentFile.mark.count)
            where bytes[position] == SegmentFile.mark[0] && bytes[position...].starts(with: SegmentFile.mark) {
                let candidate = start + UInt64(position)
                if try place(at: candidate, size: size) != nil { return candidate }
            }
            start += UInt64(bytes.count) - keep
            if UInt64(bytes.count) <= keep || bytes.count < window { return nil }
        }
        return nil
    }
}
