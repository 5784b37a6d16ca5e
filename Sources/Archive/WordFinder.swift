/// Finds one word in many texts (Horspool, "Practical fast searching in strings", 1980): it looks at few bytes of most
/// texts, in any script.
struct WordFinder: Sendable {
    let word: [UInt8]
    /// How far to go on when a byte is under the word's end.
    private let steps: [Int]

    /// - Parameter word: not empty.
    init(_ word: [UInt8]) {
        self.word = word
        var steps = [Int](repeating: max(1, word.count), count: 256)
        for (position, byte) in word.dropLast().enumerated() { steps[Int(byte)] = word.count - 1 - position }
        self.steps = steps
    }

    /// Where the word is first; nil when it is not in the text.
    func firstPosition(in text: UnsafeRawBufferPointer) -> Int? {
        let last = word.count - 1
        guard last >= 0 else { return nil }
        let end = word[last]
        return word.withUnsafeBufferPointer { word in
            steps.withUnsafeBufferPointer { steps in
                var at = last
                while at < text.count {
                    let byte = text[at]
                    if byte == end {
                        var back = 1
                        while back <= last, text[at - back] == word[last - back] { back += 1 }
                        if back > last { return at - last }
                    }
                    at += steps[Int(byte)]
                }
                return nil
            }
        }
    }
}
