import Foundation
import Glibc
import Keyring
import Testing

@Suite("durable files")
struct DurableTests {
    let bench: Workbench
    init() throws { bench = try Workbench() }

    @Test("a file gets exactly the mode asked for, whatever the umask", arguments: [0o600, 0o644, 0o666] as [UInt32])
    func mode(mode: UInt32) throws {
        try Durable.write(path: bench.file("f"), bytes: [1, 2], mode: mode, exclusive: true)
        #expect(bench.mode("f") == mode)
        #expect(try bench.bytes("f") == [1, 2])
    }

    @Test("an exclusive write leaves an existing file alone, another replaces it; no part files stay")
    func replacing() throws {
        let path = bench.file("f")
        try Durable.write(path: path, bytes: [1], mode: 0o600, exclusive: true)
        #expect(code { try Durable.write(path: path, bytes: [2], mode: 0o600, exclusive: true) } == .fileExists)
        #expect(try bench.bytes("f") == [1])
        try Durable.write(path: path, bytes: [3], mode: 0o644, exclusive: false)
        #expect(try bench.bytes("f") == [3])
        #expect(bench.mode("f") == 0o644)
        #expect(try FileManager.default.contentsOfDirectory(atPath: bench.path) == ["f"])
    }

    @Test("a missing folder is said, and a folder is made for its owner alone")
    func folders() throws {
        let path = bench.file("new/f")
        #expect(code { try Durable.write(path: path, bytes: [], mode: 0o600, exclusive: true) } == .fileUnwritable)
        try Durable.makeFolder(path: bench.file("new"))
        try Durable.makeFolder(path: bench.file("new"))
        #expect(bench.mode("new") == 0o700)
        try Durable.write(path: path, bytes: [], mode: 0o600, exclusive: true)
        #expect(try bench.bytes("new/f") == [])
    }

    @Test("of many exclusive writers one wins")
    func racing() async throws {
        let path = bench.file("f")
        let winners = await withTaskGroup(of: UInt8?.self) { group in
            for number in 0..<16 as Range<UInt8> {
                group.addTask {
                    let found = code { try Durable.write(path: path, bytes: [number], mode: 0o600, exclusive: true) }
                    return found == nil ? number : nil
                }
            }
            var winners: [UInt8] = []
            for await winner in group { if let winner { winners.append(winner) } }
            return winners
        }
        #expect(winners.count == 1)
        #expect(try bench.bytes("f") == winners)
    }
}
