/// What one request is called in the log, in the answer's field `X-Request-ID` and in its problem document.
///
/// Drawn at random for each request and never taken from a header: a stranger could choose one that is another
/// request's, or one that says something.
package struct RequestID: Sendable, Hashable, CustomStringConvertible {
    private let number: UInt64

    package init() {
        var random = SystemRandomNumberGenerator()
        self.init(using: &random)
    }

    package init(using random: inout some RandomNumberGenerator) {
        number = UInt64.random(in: .min ... .max, using: &random)
    }

    /// 16 lowercase hexadecimal digits.
    package var description: String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
