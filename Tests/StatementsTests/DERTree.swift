/// A DER value as a tree that tests change and write again; the lengths around a change are put right.
///
/// It reads what this project writes: tag numbers below 31, definite lengths.
struct DERTree {
    var head: UInt8
    var children: [DERTree]
    /// Of a primitive value.
    var content: [UInt8]

    var isConstructed: Bool { head & 0x20 != 0 }

    init(_ bytes: [UInt8]) {
        var rest = bytes[...]
        self.init(&rest)
    }

    init(_ head: UInt8, children: [DERTree]) {
        self.head = head
        self.children = children
        content = []
    }

    private init(_ bytes: inout ArraySlice<UInt8>) {
        head = bytes.removeFirst()
        var length = Int(bytes.removeFirst())
        if length > 0x80 {
            length = (0x80..<length).reduce(0) { value, _ in value << 8 | Int(bytes.removeFirst()) }
        }
        var inner = bytes.prefix(length)
        bytes.removeFirst(length)
        children = []
        content = []
        guard head & 0x20 != 0 else {
            content = Array(inner)
            return
        }
        while !inner.isEmpty { children.append(DERTree(&inner)) }
    }

    var body: [UInt8] { isConstructed ? children.flatMap(\.bytes) : content }
    var bytes: [UInt8] { Self.encode([head], body) }

    /// How many values it holds, itself included.
    var count: Int { 1 + children.reduce(0) { $0 + $1.count } }

    /// The encoding with the value at a place, counted in reading order from 0, written by `write`; nil where `write`
    /// has nothing to say.
    func bytes(at place: Int, _ write: (DERTree) -> [UInt8]?) -> [UInt8]? {
        if place == 0 { return write(self) }
        var place = place - 1
        for (position, child) in children.enumerated() {
            if place < child.count {
                guard let changed = child.bytes(at: place, write) else { return nil }
                let before = children[..<position].flatMap(\.bytes)
                let after = children[(position + 1)...].flatMap(\.bytes)
                return Self.encode([head], before + changed + after)
            }
            place -= child.count
        }
        return nil
    }

    /// - Parameter spare: length bytes more than needed.
    static func encode(_ identifier: [UInt8], _ body: [UInt8], spare: Int = 0) -> [UInt8] {
        var digits: [UInt8] = []
        var length = body.count
        while length > 0 {
            digits.insert(UInt8(truncatingIfNeeded: length), at: 0)
            length >>= 8
        }
        if body.count < 0x80, spare == 0 { return identifier + [UInt8(body.count)] + body }
        digits = Array(repeating: 0, count: spare - (body.count < 0x80 && spare > 0 ? 1 : 0)) + digits
        if digits.isEmpty { digits = [0] }
        return identifier + [0x80 | UInt8(digits.count)] + digits + body
    }
}
