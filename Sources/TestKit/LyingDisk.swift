import Foundation

/// An operator that puts older or other data in place of the relay's, as a backup puts it back. No relay may be
/// running.
extension RelaySite {
    /// Copies the relay's data aside under a name of its own; data of that name are replaced.
    package func keepData(as name: String) throws {
        let copy = "\(folder.path)/kept-\(name)"
        if FileManager.default.fileExists(atPath: copy) { try FileManager.default.removeItem(atPath: copy) }
        try FileManager.default.copyItem(atPath: data, toPath: copy)
    }

    /// Puts data that were kept in place of those that are there.
    package func putBackData(_ name: String) throws {
        try FileManager.default.removeItem(atPath: data)
        try FileManager.default.copyItem(atPath: "\(folder.path)/kept-\(name)", toPath: data)
    }
}
