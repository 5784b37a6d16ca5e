import TestKit
import Testing

@testable import Desk

@Suite("composing in an editor")
struct OutgoingEditorTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// An editor that is a script.
    private func editor(_ script: String) throws -> ComposeEditor {
        let path = "\(folder.path)/editor"
        try DeskFile.write(path, Array("\(script)\n".utf8))
        return try ComposeEditor { name in
            switch name {
            case "XDG_RUNTIME_DIR": "/dev/shm"
            // Read by a shell: a file that was just written may be busy for one that is run itself.
            case "EDITOR": "sh \(path)"
            default: nil
            }
        }
    }

    @Test("the editor gets the draft and gives the text, and its file is gone")
    func composes() throws {
        let note = "\(folder.path)/path"
        let editor = try editor("echo \"$1\" > \(note); printf 'and more' >> \"$1\"; touch \"$1~\"")
        #expect(try editor.compose(draft: Array("first ".utf8)) == Array("first and more".utf8))
        let path = try DeskFile.readText(note, limit: 1_000).split(separator: "\n").first.map { String($0) } ?? ""
        #expect(path.hasPrefix("/dev/shm/valise-") && !DeskFile.exists(path) && !DeskFile.exists("\(path)~"))
        let parent = path.split(separator: "/").dropLast().joined(separator: "/")
        #expect(!DeskFile.exists("/\(parent)"))
    }

    @Test("nobody else can enter the folder or read the file")
    func modes() throws {
        let note = "\(folder.path)/modes"
        _ = try editor("stat -c %a \"$1\" \"$(dirname \"$1\")\" > \(note); echo text > \"$1\"").compose(draft: [])
        #expect(try DeskFile.readText(note, limit: 100) == "600\n700\n")
    }

    @Test(
        "an editor that fails or writes nothing sends nothing",
        arguments: [
            ("exit 3", "editor-failed"), (": > \"$1\"", "nothing-written"),
            ("printf ' \\n' > \"$1\"", "nothing-written"),
            ("printf '\\377\\376x' > \"$1\"", "file-not-text"),
        ])
    func refuses(script: String, code: String) throws {
        let error = #expect(throws: DeskError.self) { _ = try editor(script).compose(draft: []) }
        #expect(error?.code == code)
    }

    @Test("a folder on a disk is not used")
    func onDisk() throws {
        #expect(!ComposeEditor.isInMemory("/usr"))
        #expect(ComposeEditor.isInMemory("/dev/shm"))
        let mounts = "/dev/vda / ext4 rw 0 0\ntmpfs /run tmpfs rw 0 0\n/dev/vdb /run/user ext4 rw 0 0\n"
        #expect(ComposeEditor.kind(of: "/run/lock", mounts: mounts) == "tmpfs")
        #expect(ComposeEditor.kind(of: "/run/user/1000", mounts: mounts) == "ext4")
        #expect(ComposeEditor.kind(of: "/runaway", mounts: mounts) == "ext4")
    }
}
