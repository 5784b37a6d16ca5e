import Glibc
import TestKit
import Testing

@testable import Desk

@Suite("Lines at the end of a file")
struct AppendedLinesTests {
    private let folder: TemporaryFolder
    private var path: String { "\(folder.path)/lines" }
    private var text: String { get throws { try DeskFile.readText(path, limit: 1 << 20) } }

    init() throws { folder = try TemporaryFolder("valise-lines") }

    @Test("a disk that is full after any number of bytes leaves the file as it was")
    func full() throws {
        try AppendedLines.add(["one 1"], to: path)
        for room in 0..<14 {
            var left = room
            let error = #expect(throws: DeskError.self) {
                try AppendedLines.add(["two 222", "three"], to: path) { file, bytes, count in
                    guard left > 0 else {
                        errno = ENOSPC
                        return -1
                    }
                    let written = write(file, bytes, min(left, count))
                    left -= max(0, written)
                    return written
                }
            }
            #expect(error?.code == "file-unwritable")
            #expect(try text == "one 1\n", "after \(room) bytes")
        }
    }

    @Test("a disk that takes a byte at a time, with interruptions, gets all of it")
    func slow() throws {
        var calls = 0
        try AppendedLines.add(["one 1", "two 2"], to: path) { file, bytes, _ in
            calls += 1
            guard calls.isMultiple(of: 2) else {
                errno = EINTR
                return -1
            }
            return write(file, bytes, 1)
        }
        #expect(try text == "one 1\ntwo 2\n")
    }

    @Test("what was cut short is marked before others are added")
    func torn() throws {
        try DeskFile.write(path, Array("one 1\ntwo 2".utf8))
        #expect(AppendedLines.whole(Array(try text.utf8)).count == 1)
        try AppendedLines.add(["three 3"], to: path)
        #expect(try text == "one 1\ntwo 2 torn\nthree 3\n")
        #expect(AppendedLines.whole(Array(try text.utf8)).count == 3)
        #expect(AppendedLines.whole([]).isEmpty && AppendedLines.whole(Array("one".utf8)).isEmpty)
    }
}
