/// Numbers as the envelope has them: most significant byte first.
package enum BigEndian {
    package static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }

    /// The number in the last bytes of a slice: of 4 bytes for a u32, of 8 for a u64.
    package static func number<N: FixedWidthInteger & UnsignedInteger>(_ bytes: ArraySlice<UInt8>, as: N.Type) -> N {
        bytes.reduce(0) { $0 << 8 | N($1) }
    }
}
