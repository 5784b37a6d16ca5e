import Glibc
import Sealing

/// Takes the parts of a message as they are decrypted: the text into memory, attachments into temporary files that get
/// their names only when everything is verified.
final class PartSaving {
    /// A text part above this is not shown; in bytes.
    static let textLimit = 4 << 20
    private let folder: String?
    private var fields: [Field] = []
    private var text: [UInt8] = []
    private var files: [Int: (descriptor: Int32, path: String)] = [:]

    init(folder: String?) { self.folder = folder }

    /// Makes the folder if it is not there, and finds out whether it takes files: before any receipt is logged.
    static func prepare(_ folder: String) throws {
        if mkdir(folder, 0o755) != 0, errno != EEXIST { throw unwritable(folder) }
        guard access(folder, W_OK | X_OK) == 0 else { throw unwritable(folder) }
    }

    func begin(_ manifest: Manifest) throws { fields = manifest.fields.filter { $0.part != nil } }

    func take(_ part: PartNumber, _ bytes: ArraySlice<UInt8>) throws {
        guard part.value < fields.count else { return }
        if case .text = fields[part.value] {
            guard text.count + bytes.count <= Self.textLimit else {
                throw DeskError(
                    "text-too-large", "The text has more than \(Self.textLimit) bytes.",
                    hint: "ask the originator to attach it as a file")
            }
            return text.append(contentsOf: bytes)
        }
        guard let folder else { return }
        try write(bytes, to: file(part.value, in: folder))
    }

    private func file(_ number: Int, in folder: String) throws -> Int32 {
        if let known = files[number] { return known.descriptor }
        guard let (descriptor, path) = TemporaryFile.make("\(folder)/.valise-part-") else {
            throw Self.unwritable(folder)
        }
        files[number] = (descriptor, path)
        return descriptor
    }

    private func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) throws {
        var rest = bytes
        while !rest.isEmpty {
            let done = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard done > 0 else { throw Self.unwritable(folder ?? "") }
            rest = rest.dropFirst(done)
        }
    }

    /// Puts the files into place under safe names; nothing that exists is overwritten.
    func finish() throws -> (text: [UInt8]?, attachments: [(info: PartInfo, path: String?)]) {
        var attachments: [(info: PartInfo, path: String?)] = []
        var hasText = false
        for (number, field) in fields.enumerated() {
            switch field {
            case .text: hasText = true
            case .attachment(let info):
                attachments.append((info, try folder.map { try place(number, info, in: $0) }))
            default: continue
            }
        }
        return (hasText ? text : nil, attachments)
    }

    private func place(_ number: Int, _ info: PartInfo, in folder: String) throws -> String {
        let descriptor = try file(number, in: folder)
        guard let temporary = files[number]?.path, fsync(descriptor) == 0 else { throw Self.unwritable(folder) }
        let name = Self.safeName(info.name)
        for attempt in 0..<100 {
            let path = "\(folder)/\(attempt == 0 ? name : "\(attempt)-\(name)")"
            if link(temporary, path) == 0 {
                unlink(temporary)
                close(descriptor)
                files[number] = nil
                return path
            }
            guard errno == EEXIST else { throw Self.unwritable(folder) }
        }
        throw Self.unwritable(folder)
    }

    /// A stranger's file name as one harmless path component.
    static func safeName(_ name: String) -> String {
        var safe = ""
        for scalar in name.unicodeScalars {
            let isBad =
                scalar == "/" || scalar == "\\" || scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
                || (0x202a...0x202e).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
            safe.unicodeScalars.append(isBad ? "_" : scalar)
        }
        while safe.utf8.count > 200 { safe.removeLast() }
        while safe.first == "." { safe.removeFirst() }
        return safe.isEmpty ? "attachment" : safe
    }

    func discard() {
        for (descriptor, path) in files.values {
            close(descriptor)
            unlink(path)
        }
        files = [:]
    }

    private static func unwritable(_ folder: String) -> DeskError {
        DeskError(
            "file-unwritable", "\(folder) cannot take the attachments (\(String(cString: strerror(errno)))).",
            hint: "choose another folder with --save, or free some space")
    }
}
