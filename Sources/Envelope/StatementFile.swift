package import Statements

/// A file with one signed statement that is no submission: how a receipt or a conveyance crosses from a machine without
/// a network (`Docs/Specification.md#statement-file`). A submission travels as an envelope file.
package struct StatementFile: Hashable, Sendable {
    package let signed: SignedStatement
    /// The most bytes of such a file.
    package static let longest = ValiseFileKind.statement.magic.count + 4 + Bounds.signedStatement

    /// - Throws: ``EnvelopeError`` for a submission.
    package init(_ signed: SignedStatement) throws(EnvelopeError) {
        guard signed.statement.act.kind != .submission else {
            throw EnvelopeError(.malformed, "signed statement", expected: "an act that is no submission")
        }
        self.signed = signed
    }

    /// Reads a whole file. Signatures are not verified here.
    /// - Throws: ``EnvelopeError``.
    package init(parsing file: [UInt8]) throws(EnvelopeError) {
        let body = try SingleValueFile.body(of: file, .statement, limit: Bounds.signedStatement)
        let signed: SignedStatement
        do throws(FormError) {
            signed = try SignedStatement(der: body, limit: Bounds.signedStatement)
        } catch { throw EnvelopeError(error) }
        try self.init(signed)
    }

    /// The file.
    /// - Throws: ``EnvelopeError`` for a statement that is too long.
    package func bytes() throws(EnvelopeError) -> [UInt8] {
        try SingleValueFile.bytes(signed, .statement, limit: Bounds.signedStatement)
    }
}

extension KeysFile {
    /// Reads a whole file. Nothing in it is verified here.
    /// - Throws: ``EnvelopeError``.
    package init(parsing file: [UInt8]) throws(EnvelopeError) {
        let body = try SingleValueFile.body(of: file, .keys, limit: Bounds.keysFile)
        do throws(FormError) { try self.init(der: body, limit: Bounds.keysFile) } catch { throw EnvelopeError(error) }
    }

    /// The file.
    /// - Throws: ``EnvelopeError`` for more keys than a file may hold.
    package func bytes() throws(EnvelopeError) -> [UInt8] {
        try SingleValueFile.bytes(self, .keys, limit: Bounds.keysFile)
    }

    /// The most bytes of such a file.
    package static let longest = ValiseFileKind.keys.magic.count + 4 + Bounds.keysFile
}

/// `magic line || u32 length || one DER value`, and nothing behind it.
enum SingleValueFile {
    static func body(
        of file: [UInt8], _ kind: ValiseFileKind, limit: Int
    ) throws(EnvelopeError) -> ArraySlice<UInt8> {
        let magic = kind.magic
        guard file.starts(with: magic.prefix(file.count)) else {
            throw EnvelopeError(.malformed, "first line", expected: kind.firstLine)
        }
        let start = magic.count + 4
        guard file.count >= start else {
            throw EnvelopeError(.truncated, "header", expected: "\(start - file.count) more bytes")
        }
        let length = Int(BigEndian.number(file[magic.count..<start], as: UInt32.self))
        guard length <= limit else {
            throw EnvelopeError(.oversized, kind.rawValue, expected: "at most \(limit) bytes")
        }
        guard length > 0 else { throw EnvelopeError(.malformed, kind.rawValue, expected: "at least one byte") }
        guard file.count >= start + length else {
            throw EnvelopeError(.truncated, kind.rawValue, expected: "\(start + length - file.count) more bytes")
        }
        guard file.count == start + length else {
            throw EnvelopeError(.malformed, kind.rawValue, expected: "nothing after its \(length) bytes")
        }
        return file[start...]
    }

    static func bytes(_ value: some DERFormat, _ kind: ValiseFileKind, limit: Int) throws(EnvelopeError) -> [UInt8] {
        let der: [UInt8]
        do throws(FormError) { der = try value.derBytes() } catch { throw EnvelopeError(error) }
        guard der.count <= limit else {
            throw EnvelopeError(.oversized, kind.rawValue, expected: "at most \(limit) bytes")
        }
        return kind.magic + BigEndian.bytes(UInt32(der.count)) + der
    }
}
