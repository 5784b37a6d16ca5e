package import Ledger
import Statements

/// The relay's two keys as what they may sign: checkpoints with the one, statements and rejections with the other.
package struct RelaySigners: Sendable {
    package let log: NoteSigner
    /// Signs with the act key.
    package let act: @Sendable ([UInt8]) throws -> [UInt8]

    package init(log: NoteSigner, act: @escaping @Sendable ([UInt8]) throws -> [UInt8]) {
        self.log = log
        self.act = act
    }
}

/// Why a relay cannot start, for the operator.
package struct RelayError: Error, Hashable, Sendable, CustomStringConvertible {
    package let code: String
    package let message: String
    package let hint: String
    package init(_ code: String, _ message: String, hint: String) {
        self.code = code
        self.message = message
        self.hint = hint
    }
    package var description: String { "\(message) [\(code)]" }
}
