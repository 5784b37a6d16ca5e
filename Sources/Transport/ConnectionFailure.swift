import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Statements

/// Why an exchange with the relay's machine failed below HTTP. People are told in this program's words alone: what the
/// libraries say changes with them, and names no next step.
enum ConnectionFailure: Hashable {
    /// The machine is there, and nothing listens at the port.
    case refused
    case unknownName
    case noWay
    /// Nothing answers, or what took the connection says nothing: the HTTP client does not tell which.
    case noConnectionInTime
    case noAnswerInTime
    case closedWhileOpening
    case closed
    case foreignCertificate
    case noHandshake
    case noHTTP
    case other

    init(_ error: any Error) {
        switch error {
        case let error as HTTPClientError: self.init(client: error)
        case let error as NIOConnectionError: self.init(connecting: error)
        case is SocketAddressError: self = .unknownName
        case let error as IOError: self.init(number: error.errnoCode)
        case let error as ChannelError: self.init(channel: error)
        case let error as NIOSSLError: self.init(tls: error)
        case let error as BoringSSLError: self = Self.isEnd(error) ? .closedWhileOpening : .noHandshake
        case let error as NIOSSLExtraError:
            self = error == .failedToValidateHostname ? .foreignCertificate : .noHandshake
        case is NIOSSLCloseTimedOutError: self = .closed
        case HTTPParserError.invalidEOFState, HTTPParserError.closedConnection: self = .closed
        case is HTTPParserError: self = .noHTTP
        default: self = .other
        }
    }

    private init(client error: HTTPClientError) {
        switch error {
        case .connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout: self = .noConnectionInTime
        case .deadlineExceeded, .readTimeout, .writeTimeout: self = .noAnswerInTime
        case .remoteConnectionClosed, .uncleanShutdown, .requestStreamCancelled: self = .closed
        default: self = .other
        }
    }

    /// A host may have several addresses: one that has no way to it says less than one that was reached.
    private init(connecting error: NIOConnectionError) {
        let attempts = error.connectionErrors.map { ConnectionFailure($0.error) }
        let wasLookedUp = error.dnsAError != nil || error.dnsAAAAError != nil
        self = attempts.first { $0 != .noWay } ?? attempts.first ?? (wasLookedUp ? .unknownName : .other)
    }

    private init(number: Int32) {
        switch number {
        case ECONNREFUSED: self = .refused
        case ENETUNREACH, EHOSTUNREACH, ENETDOWN, EHOSTDOWN, EADDRNOTAVAIL, EAFNOSUPPORT: self = .noWay
        case ECONNRESET, EPIPE, ECONNABORTED, ENOTCONN: self = .closed
        case ETIMEDOUT: self = .noAnswerInTime
        default: self = .other
        }
    }

    private init(channel error: ChannelError) {
        switch error {
        case .connectTimeout: self = .noConnectionInTime
        case .ioOnClosedChannel, .alreadyClosed, .outputClosed, .inputClosed, .eof: self = .closed
        default: self = .other
        }
    }

    private init(tls error: NIOSSLError) {
        switch error {
        case .uncleanShutdown, .shutdownFailed, .readInInvalidTLSState, .writeDuringTLSShutdown: self = .closed
        case .unableToValidateCertificate, .noCertificateToValidate: self = .foreignCertificate
        case .handshakeFailed(let reason):
            // Nothing else tells this failure from others, and its name is fixed by TLS libraries' custom.
            let isCertificate = "\(reason)".contains("CERTIFICATE_VERIFY_FAILED")
            self = isCertificate ? .foreignCertificate : Self.isEnd(reason) ? .closedWhileOpening : .noHandshake
        default: self = .noHandshake
        }
    }

    /// Whether the other side went away, rather than said something wrong.
    private static func isEnd(_ error: BoringSSLError) -> Bool {
        switch error {
        case .zeroReturn, .syscallError: true
        case .sslError(let stack):
            stack.contains(.eofDuringHandshake) || stack.contains(.eofDuringAdditionalCertficiateChainValidation)
        default: false
        }
    }
}

extension ConnectionFailure {
    /// The error that people see.
    ///
    /// - Parameters:
    ///   - url: the relay's, from the charter.
    ///   - limit: how long a connection may take.
    func told(of url: String, connect limit: TimeSpan) -> TransportError {
        TransportError(code, sentence(url, Self.text(limit)), hint: hint)
    }

    private var code: TransportError.Code {
        switch self {
        case .foreignCertificate, .noHandshake: .relayUntrusted
        case .noHTTP: .malformedAnswer
        default: .relayUnavailable
        }
    }

    private func sentence(_ url: String, _ limit: String) -> String {
        switch self {
        case .refused: "nothing takes connections at \(url)"
        case .unknownName: "no address is known for the host of \(url)"
        case .noWay: "the network has no way to \(url)"
        case .noConnectionInTime: "no connection to \(url) came about within \(limit)"
        case .noAnswerInTime: "the relay at \(url) did not answer in time"
        case .closedWhileOpening: "the machine at \(url) closed the connection while it was opened"
        case .closed: "the connection to \(url) was closed before the answer was whole"
        case .foreignCertificate:
            "the machine at \(url) shows a certificate that is not under the charter's TLS roots, is for another "
                + "name or has expired"
        case .noHandshake: "the machine at \(url) does not complete a TLS 1.3 handshake"
        case .noHTTP: "the machine at \(url) sends something that is no HTTP answer"
        case .other: "the exchange with \(url) failed"
        }
    }

    /// Nil where the code's own is right.
    private var hint: String? {
        switch self {
        case .refused: "The relay is not running there: try again later, or ask its operator."
        case .unknownName: "Check this machine's network and name service, then try again."
        case .noWay: "Check this machine's network, then try again."
        case .noConnectionInTime:
            "Check the network and any firewall between; if it stays so, tell the relay's operator."
        case .noAnswerInTime, .closedWhileOpening, .other:
            "Try again a little later; if it stays so, tell the relay's operator."
        case .closed: "Check the network, then try again: nothing is done twice."
        case .foreignCertificate, .noHandshake, .noHTTP: nil
        }
    }

    private static func text(_ span: TimeSpan) -> String {
        let (seconds, rest) = span.milliseconds.quotientAndRemainder(dividingBy: 1_000)
        return rest == 0 ? "\(seconds) s" : "\(span.milliseconds) ms"
    }
}
