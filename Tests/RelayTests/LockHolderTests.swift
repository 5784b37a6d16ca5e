import Daemon
import Foundation
import Glibc
import TestKit
import Testing

@Suite("Whom a signal may be sent to on the word of a lock's file")
struct LockHolderTests {
    @Test("the process that holds the lock and is its file's owner's")
    func holder() throws {
        let folder = try TemporaryFolder()
        let lock = try DirectoryLock(directory: folder.path)
        let process = try #require(LockHolder.process(of: folder.path))
        #expect(process == getpid())
        try LockHolder.require(process, of: folder.path)
        withExtendedLifetime(lock) {}
    }

    @Test("not another process, nor one that is gone, nor the holder of another lock")
    func others() throws {
        let (folder, other) = (try TemporaryFolder(), try TemporaryFolder())
        let lock = try DirectoryLock(directory: folder.path)
        for process in [1, getppid(), pid_t.max] {
            try Data("\(process)\n".utf8).write(to: URL(fileURLWithPath: folder.path + "/lock"), options: [])
            let error = #expect(throws: DaemonError.self) { try LockHolder.require(process, of: folder.path) }
            #expect(error?.code == "lock-not-believed")
        }
        try Data("\(getpid())\n".utf8).write(to: URL(fileURLWithPath: other.path + "/lock"), options: [])
        #expect(throws: DaemonError.self) { try LockHolder.require(getpid(), of: other.path) }
        withExtendedLifetime(lock) {}
    }

    @Test("not a process of another user's than the file's", .enabled(if: geteuid() == 0))
    func otherUser() throws {
        let folder = try TemporaryFolder()
        let lock = try DirectoryLock(directory: folder.path)
        #expect(chown(folder.path + "/lock", 65_534, 65_534) == 0)
        #expect(throws: DaemonError.self) { try LockHolder.require(getpid(), of: folder.path) }
        withExtendedLifetime(lock) {}
    }
}
