import Glibc
import Keyring
import Sealing

/// Takes the parts of a message as they are decrypted: the text into memory, attachments into files that get their
/// names only when everything is verified and on the disk.
final class PartSaving {
    /// A text part above this is not shown; in bytes.
    static let textLimit = 4 << 20
    private let folder: String?
    private let overwrite: Bool
    private let isNameless: Bool
    private var fields: [Field] = []
    private var text: [UInt8] = []
    private var kept: [Int: [UInt8]] = [:]
    private var placed: Set<String> = []
    private var files: [Int: TemporaryFile] = [:]

    /// - Parameter isNameless: as for ``TemporaryFile/make(in:prefix:isNameless:)``.
    init(folder: String?, overwrite: Bool = false, isNameless: Bool = true) {
        self.folder = folder
        self.overwrite = overwrite
        self.isNameless = isNameless
    }

    /// Makes the folder if it is not there, and finds out whether it takes files: before any receipt is logged.
    static func prepare(_ folder: String) throws {
        if mkdir(folder, 0o755) != 0, errno != EEXIST { throw unwritable(folder) }
        var facts = stat()
        guard stat(folder, &facts) == 0 else { throw unwritable(folder) }
        guard facts.st_mode & S_IFMT == S_IFDIR else {
            throw DeskError(
                "not-a-folder", "\(folder) is not a folder.", hint: "choose a folder with --save", kind: .usage)
        }
        guard access(folder, W_OK | X_OK) == 0 else { throw unwritable(folder) }
        LeftBehind.sweep(folder, prefix: TemporaryFile.hidden)
    }

    func begin(_ manifest: Manifest) throws { fields = manifest.fields.filter { $0.part != nil } }

    func take(_ part: PartNumber, _ bytes: ArraySlice<UInt8>) throws {
        guard part.value < fields.count else { return }
        switch fields[part.value] {
        case .text:
            guard text.count + bytes.count <= Self.textLimit else {
                throw DeskError(
                    "text-too-large", "The text has more than \(Self.textLimit) bytes.",
                    hint: "ask the originator to attach it as a file")
            }
            text.append(contentsOf: bytes)
        case .attachment(let info):
            if info.mediaType == Reveal.mediaType, info.size <= UInt64(ContentBounds.reveal) {
                kept[part.value, default: []].append(contentsOf: bytes)
            }
            guard let folder else { return }
            try write(bytes, to: file(part.value, in: folder).descriptor)
        default: return
        }
    }

    /// The bytes of the attachments that are reveals.
    var reveals: [[UInt8]] { kept.sorted { $0.key < $1.key }.map(\.value) }

    private func file(_ number: Int, in folder: String) throws -> TemporaryFile {
        if let known = files[number] { return known }
        guard let file = TemporaryFile.make(in: folder, isNameless: isNameless) else { throw Self.unwritable(folder) }
        files[number] = file
        return file
    }

    private func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) throws {
        var rest = bytes
        while !rest.isEmpty {
            let done = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if done < 0, errno == EINTR { continue }
            guard done > 0 else { throw Self.unwritable(folder ?? "") }
            rest = rest.dropFirst(done)
        }
    }

    /// Puts the files into place under safe names, once all of them are on the disk.
    func finish() throws -> (text: [UInt8]?, attachments: [SavedAttachment]) {
        if let folder { try sync(folder) }
        var attachments: [SavedAttachment] = []
        var hasText = false
        for (number, field) in fields.enumerated() {
            switch field {
            case .text: hasText = true
            case .attachment(let info):
                attachments.append(
                    SavedAttachment(info: info, path: try folder.map { try place(number, info, in: $0) }))
            default: continue
            }
        }
        return (hasText ? text : nil, attachments)
    }

    private func sync(_ folder: String) throws {
        for (number, field) in fields.enumerated() {
            guard case .attachment = field else { continue }
            let file = try file(number, in: folder)
            guard fchmod(file.descriptor, 0o600) == 0, fsync(file.descriptor) == 0 else {
                throw Self.unwritable(folder)
            }
        }
    }

    private func place(_ number: Int, _ info: PartInfo, in folder: String) throws -> String {
        let file = try file(number, in: folder)
        let name = SafeFileName.make(info.name)
        // Two attachments of one message may have the same name: they never replace each other.
        if overwrite, placed.insert(name).inserted {
            let path = "\(folder)/\(name)"
            guard file.replace(path) else { throw Self.unwritable(path) }
            files[number] = nil
            return path
        }
        for attempt in 1..<1000 {
            let path = "\(folder)/\(attempt == 1 ? name : SafeFileName.numbered(name, attempt))"
            if file.link(to: path) {
                files[number] = nil
                return path
            }
            guard errno == EEXIST else { throw Self.unwritable(folder) }
        }
        throw Self.unwritable(folder)
    }

    /// Forgets the files: nothing is left of them.
    func discard() { files = [:] }

    private static func unwritable(_ folder: String) -> DeskError {
        DeskError(
            "file-unwritable", "\(folder) cannot take the attachments (\(String(cString: strerror(errno)))).",
            hint: "choose another folder with --save, or free some space")
    }
}
