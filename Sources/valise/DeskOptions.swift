import ArgumentParser
import Desk
import Keyring
import Statements
import Terminal
import Transport

/// The options of every command that works at a joined desk.
struct DeskOptions: ParsableArguments {
    @OptionGroup(title: "Desk") var place: PlaceOptions
    @OptionGroup(title: "Passphrase, unless valise unlock holds the keys") var passphrase: PassphraseOptions
    @Flag(help: "Print one JSON document.") var json = false

    func located() throws -> DeskHome { try place.located() }

    /// Opens the desk for the time of `body`.
    func withDesk<T>(_ body: (Desk) async throws -> T) async throws -> T {
        let home = try located()
        let desk = try Desk.open(home, passphrase: passphrase.source(of: home))
        do {
            let result = try await body(desk)
            await desk.close()
            return result
        } catch {
            await desk.close()
            throw error
        }
    }
}

extension Desk {
    /// The message whose identifier begins with what a person typed: among what arrived and what is kept here.
    func resolve(_ text: String) async throws -> MessageID {
        if let id = MessageID(text) { return id }
        guard text.utf8.count >= 4, text.utf8.allSatisfy({ Self.isLetter($0) }) else {
            throw CommandFailure(
                code: "message-malformed",
                message: "'\(text.prefix(60))' is not a message's identifier or its beginning: four or more of a-z and "
                    + "2-7 were expected.",
                hints: ["valise inbox shows the identifiers"], status: .usage)
        }
        let found = try await known(beginning: text)
        guard let only = found.first, found.count == 1 else {
            throw CommandFailure(
                code: found.isEmpty ? "message-unknown" : "message-ambiguous",
                message: found.isEmpty
                    ? "No message here begins with '\(text)'." : "\(found.count) messages begin with '\(text)'.",
                hints: ["valise inbox shows what has arrived; give more letters of the identifier"], status: .notFound)
        }
        return only
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "2")...UInt8(ascii: "7")).contains(byte)
    }
}
