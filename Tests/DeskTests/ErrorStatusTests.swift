import Archive
import Envelope
import Keyring
import Sealing
import Statements
import Terminal
import Testing
import Transport

@testable import Desk

@Suite("The one table of exit codes knows what the rooms say")
struct ErrorStatusTests {
    @Test("each kind of a desk's errors has its status")
    func kinds() {
        let statuses: [Terminal.ExitStatus] = [
            .failed, .verificationFailed, .refused, .notFound, .unavailable, .locked, .usage,
        ]
        #expect(DeskError.Kind.allCases.map { Terminal.ExitStatus.cause($0.rawValue) } == statuses)
    }

    @Test("each code about keys has a row")
    func keys() {
        #expect(KeyringError.Code.allCases.filter { Terminal.ExitStatus.cause($0.rawValue) == nil } == [])
    }

    @Test(
        "whatever does not hold ends as not verified",
        arguments: [
            EnvelopeError.Code.allCases.map(\.rawValue), KeysPageError.Code.allCases.map(\.rawValue),
            RevealError.Code.allCases.map(\.rawValue),
        ])
    func verification(codes: [String]) {
        #expect(!codes.isEmpty && codes.allSatisfy { Terminal.ExitStatus.cause($0) == .verificationFailed }, "\(codes)")
    }

    @Test(
        "what a client meets",
        arguments: [
            (.relayUnavailable, .unavailable), (.relayRefused, .refused), (.relayUntrusted, .verificationFailed),
            (.proofWrong, .verificationFailed), (.checkpointWrong, .verificationFailed), (.fork, .verificationFailed),
            (.withheld, .verificationFailed), (.malformedAnswer, .failed), (.charterUnusable, nil),
        ] as [(TransportError.Code, Terminal.ExitStatus?)])
    func transport(code: TransportError.Code, status: Terminal.ExitStatus?) {
        #expect(Terminal.ExitStatus.cause(code.rawValue) == status)
    }
}
