import Foundation
import Sealing
import TestKit
import Testing

@testable import Desk

@Suite("Files that are attached")
struct PartSourcesTests {
    private static func file(in folder: TemporaryFolder) throws -> String {
        let path = "\(folder.path)/annex.bin"
        try DeskFile.write(path, [UInt8](repeating: 1, count: 1_000))
        // Long ago, so that a change now has another time whatever the clock's grain.
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: path)
        return path
    }

    @Test("a file that nobody touches passes") func untouched() throws {
        let folder = try TemporaryFolder()
        let parts = try PartSources(text: [1], attachments: [AttachedFile(path: Self.file(in: folder))])
        #expect(try parts.fields().count == 2)
        #expect(try parts.read(PartNumber(1), atMost: 2_000).count == 1_000)
        try parts.expectUnchanged()
    }

    @Test("a change of the same size while it is read is found") func changed() throws {
        let folder = try TemporaryFolder()
        let path = try Self.file(in: folder)
        let parts = try PartSources(text: nil, attachments: [AttachedFile(path: path)])
        _ = try parts.fields()
        _ = try parts.read(PartNumber(0), atMost: 500)
        let writer = try #require(FileHandle(forUpdatingAtPath: path))
        try writer.seek(toOffset: 600)
        try writer.write(contentsOf: [9])
        try writer.close()
        let error = #expect(throws: DeskError.self) { try parts.expectUnchanged() }
        #expect(error?.code == "changed-while-reading")
    }

    @Test("a folder is no part") func folders() throws {
        let folder = try TemporaryFolder()
        let parts = try PartSources(text: nil, attachments: [AttachedFile(path: folder.path)])
        let error = #expect(throws: DeskError.self) { try parts.fields() }
        #expect(error?.code == "file-unreadable")
    }
}
