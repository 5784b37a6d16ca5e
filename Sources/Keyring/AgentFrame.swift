import Ledger

// The unlock agent's protocol, on a stream socket that belongs to one user of one machine.
//
//     frame  = length (u32, big endian: bytes that follow, 1...65536), code (u8), field*
//     field  = length (u32, big endian), bytes
//     number = a field of 8 bytes, big endian
//
// A client sends one request and waits for its one reply. Sealing keys are named by the SHA-256 of their public key.
//
//     request                                                   reply
//     1 status                                                  1 number (milliseconds left)
//     2 keys     number (first index)                           2 signing key, number (how many), sealing key* (<= 32)
//     3 sign     message                                        3 signature
//     4 open     key name, enc, ciphertext, info, aad           4 plaintext
//     5 stop                                                    5 (nothing)
//     6 archive                                                 6 archive key (32 bytes)
//     7 make     (a new sealing key)                            7 public key, the key file's encrypted text
//     8 forget   key name                                       8 (nothing)
//                                                               0 error code, message, hint
//
// A frame that is too long, empty or malformed ends the connection. Signing and sealing keys have no place in it; the
// archive key has, since all of an archive would otherwise pass through the socket.

/// The bounds of the agent's protocol.
enum AgentFrame {
    /// The most that may follow a frame's length, in bytes.
    static let byteLimit = 64 * 1024
    static let headerByteCount = 4
    /// The most sealing keys in one reply: 32 x 1,220 bytes.
    static let keysPerReply = 32

    /// The length in a header; `nil` when it is out of bounds.
    static func length(_ header: some Collection<UInt8>) -> Int? {
        let length = header.prefix(headerByteCount).reduce(0) { $0 << 8 | Int($1) }
        return (1...byteLimit).contains(length) ? length : nil
    }

    static func assemble(code: UInt8, fields: [[UInt8]]) -> [UInt8] {
        let length = fields.reduce(1) { $0 + headerByteCount + $1.count }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(headerByteCount + length)
        append(length, to: &bytes)
        bytes.append(code)
        for field in fields {
            append(field.count, to: &bytes)
            bytes.append(contentsOf: field)
        }
        return bytes
    }

    /// The code and the fields of what follows a frame's length; `nil` when malformed or more than 64 fields.
    static func take(_ body: [UInt8]) -> (code: UInt8, fields: [[UInt8]])? {
        guard let code = body.first, body.count <= byteLimit else { return nil }
        var fields: [[UInt8]] = []
        var rest = body.dropFirst()
        while !rest.isEmpty {
            guard rest.count >= headerByteCount, fields.count < 64 else { return nil }
            let length = rest.prefix(headerByteCount).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(headerByteCount)
            guard length <= rest.count else { return nil }
            fields.append([UInt8](rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        return (code, fields)
    }

    static func number(_ value: Int64) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { [UInt8]($0) }
    }

    static func number(_ field: [UInt8]) -> Int64? {
        guard field.count == 8 else { return nil }
        let value = field.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int64(exactly: value)
    }

    private static func append(_ length: Int, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: length).bigEndian) { bytes.append(contentsOf: $0) }
    }
}

/// What a client asks of the unlock agent.
enum AgentRequest: Equatable {
    case status
    case keys(from: Int64)
    case sign([UInt8])
    case open(key: Hash, enc: [UInt8], ciphertext: [UInt8], info: [UInt8], aad: [UInt8])
    case stop
    case archive
    case make
    case forget(key: Hash)

    var frame: [UInt8] {
        switch self {
        case .status: AgentFrame.assemble(code: 1, fields: [])
        case .keys(let first): AgentFrame.assemble(code: 2, fields: [AgentFrame.number(first)])
        case .sign(let message): AgentFrame.assemble(code: 3, fields: [message])
        case .open(let key, let enc, let ciphertext, let info, let aad):
            AgentFrame.assemble(code: 4, fields: [key.bytes, enc, ciphertext, info, aad])
        case .stop: AgentFrame.assemble(code: 5, fields: [])
        case .archive: AgentFrame.assemble(code: 6, fields: [])
        case .make: AgentFrame.assemble(code: 7, fields: [])
        case .forget(let key): AgentFrame.assemble(code: 8, fields: [key.bytes])
        }
    }

    /// `nil` for anything malformed.
    init?(body: [UInt8]) {
        guard let (code, fields) = AgentFrame.take(body) else { return nil }
        switch (code, fields.count) {
        case (1, 0): self = .status
        case (2, 1):
            guard let first = AgentFrame.number(fields[0]) else { return nil }
            self = .keys(from: first)
        case (3, 1): self = .sign(fields[0])
        case (4, 5):
            guard let key = Hash(fields[0]) else { return nil }
            self = .open(key: key, enc: fields[1], ciphertext: fields[2], info: fields[3], aad: fields[4])
        case (5, 0): self = .stop
        case (6, 0): self = .archive
        case (7, 0): self = .make
        case (8, 1):
            guard let key = Hash(fields[0]) else { return nil }
            self = .forget(key: key)
        default: return nil
        }
    }
}

/// What the unlock agent answers.
enum AgentReply: Equatable {
    case status(millisecondsLeft: Int64)
    case keys(signing: [UInt8], count: Int64, sealing: [[UInt8]])
    case signature([UInt8])
    case plaintext([UInt8])
    case stopping
    case archive(SecretBytes)
    case made(NewSealingKey)
    case forgotten
    case refused(KeyringError)

    var frame: [UInt8] {
        switch self {
        case .refused(let error):
            AgentFrame.assemble(
                code: 0, fields: [error.code.rawValue, error.message, error.hint].map { [UInt8]($0.utf8) })
        case .status(let left): AgentFrame.assemble(code: 1, fields: [AgentFrame.number(left)])
        case .keys(let signing, let count, let sealing):
            AgentFrame.assemble(code: 2, fields: [signing, AgentFrame.number(count)] + sealing)
        case .signature(let signature): AgentFrame.assemble(code: 3, fields: [signature])
        case .plaintext(let plaintext): AgentFrame.assemble(code: 4, fields: [plaintext])
        case .stopping: AgentFrame.assemble(code: 5, fields: [])
        case .archive(let key): AgentFrame.assemble(code: 6, fields: [key.copy()])
        case .made(let key): AgentFrame.assemble(code: 7, fields: [key.publicKey, key.text.copy()])
        case .forgotten: AgentFrame.assemble(code: 8, fields: [])
        }
    }

    /// `nil` for anything malformed.
    init?(body: [UInt8]) {
        guard let (code, fields) = AgentFrame.take(body) else { return nil }
        switch (code, fields.count) {
        case (0, 3):
            guard let code = KeyringError.Code(rawValue: String(decoding: fields[0], as: UTF8.self)) else { return nil }
            let words = fields[1...].compactMap { String(validating: $0, as: UTF8.self) }
            guard words.count == 2 else { return nil }
            self = .refused(KeyringError(code, words[0], hint: words[1]))
        case (1, 1):
            guard let left = AgentFrame.number(fields[0]) else { return nil }
            self = .status(millisecondsLeft: left)
        case (2, 2...(2 + AgentFrame.keysPerReply)):
            guard let count = AgentFrame.number(fields[1]), fields[0].count == 32,
                fields[2...].allSatisfy({ $0.count == SealingKey.publicKeyByteCount })
            else { return nil }
            self = .keys(signing: fields[0], count: count, sealing: Array(fields[2...]))
        case (3, 1): self = .signature(fields[0])
        case (4, 1): self = .plaintext(fields[0])
        case (5, 0): self = .stopping
        case (6, 1):
            guard fields[0].count == ArchiveKey.byteCount else { return nil }
            self = .archive(SecretBytes(fields[0]))
        case (7, 2):
            guard fields[0].count == SealingKey.publicKeyByteCount, fields[1].count <= KeyFile.byteLimit else {
                return nil
            }
            self = .made(NewSealingKey(publicKey: fields[0], text: SecretBytes(fields[1])))
        case (8, 0): self = .forgotten
        default: return nil
        }
    }
}
