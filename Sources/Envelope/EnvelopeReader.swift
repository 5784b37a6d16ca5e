import Statements

/// Reads a whole envelope file: the relay while it is uploaded, a desk while it is downloaded.
package typealias EnvelopeReader = PayloadFileReader<EnvelopeHeader>

/// Reads a whole file from pieces of any size, with the payload behind its header, if it has one. Memory does not grow
/// with the payload.
package struct PayloadFileReader<Header: PayloadFileHeader>: Sendable {
    private var parser = HeaderParser<Header>()
    private var payload = PayloadDigester()

    package init() {}

    /// The header, as soon as its last byte was taken.
    package var header: Header? { parser.header }
    /// Bytes of payload taken so far.
    package var payloadTaken: UInt64 { payload.size }

    /// Takes the next piece of the file and returns what of it is payload, for whoever stores that.
    /// - Throws: ``EnvelopeError``; after that the reader is of no further use.
    package mutating func take(_ bytes: ArraySlice<UInt8>) throws(EnvelopeError) -> ArraySlice<UInt8> {
        let rest = try parser.take(bytes)
        guard let header = parser.header else { return rest }
        guard UInt64(rest.count) <= header.payloadSize - payload.size else {
            let end = header.payload == nil ? "the \(Header.leadName)" : "its \(header.payloadSize) bytes"
            throw EnvelopeError(.malformed, "payload", expected: "nothing after \(end)")
        }
        payload.take(rest)
        return rest
    }

    /// Says that the file has ended.
    /// - Throws: ``EnvelopeError`` with `truncated`, or `digest-mismatch` for a payload that was not signed.
    package func finish() throws(EnvelopeError) -> Header {
        let header = try parser.finish()
        guard payload.size == header.payloadSize else {
            let missing = header.payloadSize - payload.size
            throw EnvelopeError(.truncated, "payload", expected: "\(missing) more bytes")
        }
        guard header.payload.map({ $0.payloadDigest == payload.digest() }) ?? true else {
            throw EnvelopeError(.digestMismatch, "payload", expected: "the payload whose digest was signed")
        }
        return header
    }
}
