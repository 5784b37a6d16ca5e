import Crypto
import Glibc

/// The machine's Ed25519 verification limit: what swift-crypto does on all cores with nothing else running.
enum VerifyLimit {
    struct Result {
        /// Verifications a second, all cores together.
        let perSecond: Double
        /// CPU seconds of one verification.
        let cpuSeconds: Double
    }

    /// Verifies on the caller's thread: how often, and how long it took.
    static func verify(for seconds: Double) -> (count: Int, elapsed: Double) {
        let key = Curve25519.Signing.PrivateKey()
        let message = [UInt8](repeating: 7, count: 512)
        guard let signature = try? key.signature(for: message) else { return (0, 1) }
        let publicKey = key.publicKey
        var count = 0
        let start = Moment.now
        while Moment.now - start < seconds {
            for _ in 0..<64 where publicKey.isValidSignature(signature, for: message) { count += 1 }
        }
        return (count, Moment.now - start)
    }

    static func measure(cores: Int, seconds: Double) async -> Result {
        await withTaskGroup(of: (Int, Double).self) { group in
            for _ in 0..<cores {
                group.addTask { verify(for: seconds) }
            }
            var rate = 0.0
            for await (count, elapsed) in group { rate += Double(count) / elapsed }
            return Result(perSecond: rate, cpuSeconds: Double(cores) / rate)
        }
    }
}

/// Steady time in seconds.
enum Moment {
    static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
