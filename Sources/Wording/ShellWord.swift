/// A word as it can be typed into a POSIX shell: for the commands that hints suggest.
package enum ShellWord {
    /// As it is where no shell sees anything special in it, else in single quotes (POSIX.1-2017, Shell 2.2.2).
    package static func quoted(_ word: String) -> String {
        if !word.isEmpty, word.unicodeScalars.allSatisfy(isPlain) { return word }
        return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "@", "%", "+", "=", ":", ",", ".", "/", "-", "_": true
        // Shells part words at ASCII characters alone; what people must not overlook is quoted.
        default:
            scalar.value >= 0x80 && !scalar.isUnsafe && scalar.properties.generalCategory != .spaceSeparator
        }
    }
}
