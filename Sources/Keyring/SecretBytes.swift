import Glibc

/// Bytes that are overwritten with zeros when their last holder lets go of them.
///
/// Never printed: neither by interpolation nor by `dump`. Copies made through ``copy()`` or by the library that the
/// bytes are handed to are outside its care.
package final class SecretBytes: @unchecked Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    // Unchecked because of the raw pointer: the buffer is written in `init` only, and read after that.
    private let buffer: UnsafeMutableRawBufferPointer

    package init(copying bytes: UnsafeRawBufferPointer) {
        buffer = .allocate(byteCount: bytes.count, alignment: 16)
        buffer.copyMemory(from: bytes)
    }

    package init(_ bytes: [UInt8]) {
        buffer = .allocate(byteCount: bytes.count, alignment: 16)
        buffer.copyBytes(from: bytes)
    }

    deinit {
        if let start = buffer.baseAddress { explicit_bzero(start, buffer.count) }
        buffer.deallocate()
    }

    package var count: Int { buffer.count }

    /// Lends the bytes for the length of a call.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(UnsafeRawBufferPointer(buffer)) }
    }

    /// An ordinary array, which nobody wipes: for libraries that take nothing else.
    package func copy() -> [UInt8] { withBytes { [UInt8]($0) } }

    package var description: String { "(\(count) secret bytes)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension SecretBytes: Equatable {
    /// Compares in a time that depends on the lengths alone.
    package static func == (a: SecretBytes, b: SecretBytes) -> Bool {
        a.withBytes { a in
            b.withBytes { b in a.count == b.count && zip(a, b).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0 }
        }
    }
}

/// Overwrites the array's own storage with zeros and empties it.
func wipe(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { raw in
        if let start = raw.baseAddress { explicit_bzero(start, raw.count) }
    }
    bytes.removeAll()
}
