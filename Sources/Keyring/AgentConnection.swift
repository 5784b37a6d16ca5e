import Glibc

/// One client of the unlock agent: at most one request in, then its reply out.
struct AgentConnection {
    /// How long a client may stay silent between requests, and how long a started frame or reply may take.
    static let idleLimit: Int64 = 60_000
    static let frameLimit: Int64 = 5_000

    let descriptor: Int32
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    private var sent = 0
    /// When the agent closes it, in milliseconds of ``AgentClock``.
    private(set) var deadline: Int64

    init(descriptor: Int32) {
        self.descriptor = descriptor
        deadline = AgentClock.now() + Self.idleLimit
    }

    /// What to wait for: the next request only when the last reply is out.
    var events: Int16 { Int16(output.isEmpty ? POLLIN : POLLOUT) }

    /// Reads what is there and answers each whole request; false when the connection is over.
    mutating func receive(_ answer: (AgentRequest) -> AgentReply) -> Bool {
        let wasIdle = input.isEmpty
        let step = withUnsafeTemporaryAllocation(byteCount: 16 * 1024, alignment: 16) { buffer in
            let step = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if step > 0 { input.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<step])) }
            return step
        }
        if step == 0 { return false }
        if step < 0 { return errno == EAGAIN || errno == EINTR }
        if wasIdle { deadline = AgentClock.now() + Self.frameLimit }
        return transmit(answer)
    }

    /// Sends what is left of the reply, then answers the requests that are already here; false when the connection is
    /// over.
    mutating func transmit(_ answer: (AgentRequest) -> AgentReply) -> Bool {
        while true {
            switch flush() {
            case .blocked: return true
            case .broken: return false
            case .done: break
            }
            guard input.count >= AgentFrame.headerByteCount else { return true }
            guard let length = AgentFrame.length(input) else { return false }
            guard input.count >= AgentFrame.headerByteCount + length else { return true }
            var body = takeFrame(length)
            defer { wipe(&body) }
            guard let request = AgentRequest(body: body) else { return false }
            output = answer(request).frame
            deadline = AgentClock.now() + Self.frameLimit
        }
    }

    mutating func end() {
        wipe(&input)
        wipe(&output)
        close(descriptor)
    }

    private enum Flush { case done, blocked, broken }

    private mutating func flush() -> Flush {
        guard !output.isEmpty else { return .done }
        while sent < output.count {
            let step = output.withUnsafeBytes {
                send(descriptor, $0.baseAddress?.advanced(by: sent), $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if step > 0 {
                sent += step
            } else if errno == EAGAIN {
                return .blocked
            } else if errno != EINTR {
                return .broken
            }
        }
        wipe(&output)
        sent = 0
        deadline = AgentClock.now() + (input.isEmpty ? Self.idleLimit : Self.frameLimit)
        return .done
    }

    /// Cuts the first frame's body off the input.
    private mutating func takeFrame(_ length: Int) -> [UInt8] {
        let end = AgentFrame.headerByteCount + length
        let body = [UInt8](input[AgentFrame.headerByteCount..<end])
        var rest = [UInt8](input[end...])
        swap(&input, &rest)
        wipe(&rest)
        return body
    }
}
