package import SwiftASN1

/// A statement with the relay's signed "no" to it: with the log, all that is needed to decide it again
/// (`Docs/Specification.md#rejection-file`).
package struct RejectedStatement: Hashable, Sendable, DERFormat {
    package static let formName = "RejectedStatement"
    package let statement: SignedStatement
    package let rejection: SignedRejection

    /// - Throws: ``FormError`` for the rejection of another statement. Signatures are not verified.
    package init(_ statement: SignedStatement, _ rejection: SignedRejection) throws(FormError) {
        guard rejection.rejection.statement == statement.id else {
            throw FormError("Rejection.statement", expected: "the statement \(statement.id.short) that is with it")
        }
        self.statement = statement
        self.rejection = rejection
    }

    package init(node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { f in
            let statement: SignedStatement = try f.form()
            return try RejectedStatement(statement, f.form())
        }
    }

    package func write(to der: inout DER.Serializer, tag: ASN1Identifier) throws {
        try der.sequence(tag) { der in
            try statement.write(to: &der)
            try rejection.write(to: &der)
        }
    }
}

extension Bounds {
    /// Bytes of a signed rejection, and of one with its statement.
    package static let signedRejection = 1_024
    package static let rejectedStatement = signedStatement + signedRejection + 16
}
