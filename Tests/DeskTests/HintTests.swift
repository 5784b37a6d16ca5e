import Envelope
import TestKit
import Testing

@testable import Desk

@Suite("A command in a hint can be typed as it stands")
struct HintTests {
    @Test("the path of a file that is no envelope, or is not submitted, is quoted where a shell needs it")
    func paths() async throws {
        try await OutgoingScene.run { scene in
            try await scene.with(FixtureWorld.speaker) { desk in
                for kind in ValiseFileKind.allCases {
                    let path = "\(scene.box.site.folder.path)/a \(kind) file"
                    try DeskFile.write(path, kind.magic + [0])
                    if kind != .envelope {
                        let opened = await #expect(throws: DeskError.self) { try await desk.open(file: path) }
                        #expect(opened?.code == "not-an-envelope" && opened?.hint.contains("'\(path)'") == true)
                    }
                    if kind == .keys || kind == .rejection {
                        let submitted = await #expect(throws: DeskError.self) { try await desk.submitFile(path) }
                        #expect(submitted?.hint.hasSuffix("'\(path)'") == true)
                    }
                }
            }
        }
    }
}
