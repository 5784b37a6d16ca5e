import Ledger

/// The agent's protocol as any bytes meet it, for fuzzing: what is accepted has one spelling.
package enum AgentFormats {
    /// What follows a request's length, read and written again; nil when it is refused.
    package static func request(_ body: [UInt8]) -> [UInt8]? {
        AgentRequest(body: body).map { Array($0.frame.dropFirst(AgentFrame.headerByteCount)) }
    }

    /// What follows a reply's length, read and written again; nil when it is refused.
    package static func reply(_ body: [UInt8]) -> [UInt8]? {
        AgentReply(body: body).map { Array($0.frame.dropFirst(AgentFrame.headerByteCount)) }
    }

    /// A first corpus: requests and replies with all kinds of fields.
    package static var seeds: (requests: [[UInt8]], replies: [[UInt8]]) {
        let requests: [AgentRequest] = [
            .status, .keys(from: 1), .sign([1, 2]), .stop, .archive, .make, .forget(key: .zero),
            .open(key: .zero, enc: [1], ciphertext: [2], info: [], aad: [3]),
        ]
        let key = [UInt8](repeating: 7, count: SealingKey.publicKeyByteCount)
        let replies: [AgentReply] = [
            .status(millisecondsLeft: 5), .keys(signing: Array(key.prefix(32)), count: 1, sealing: [key]),
            .signature([1]), .plaintext([2]), .stopping, .forgotten, .archive(SecretBytes(Array(key.prefix(32)))),
            .made(NewSealingKey(publicKey: key, text: SecretBytes([1]))),
            .refused(KeyringError(.cannotUnseal, "It.", hint: "Do.")),
        ]
        func bodies(_ frames: [[UInt8]]) -> [[UInt8]] { frames.map { Array($0.dropFirst(AgentFrame.headerByteCount)) } }
        return (bodies(requests.map(\.frame)), bodies(replies.map(\.frame)))
    }
}
