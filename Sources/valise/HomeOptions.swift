import ArgumentParser
import Desk
import Keyring
import Statements
import Terminal

/// Where the desk is: part of every command's options.
struct PlaceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The desk's folder; by default $VALISE_HOME, else $XDG_DATA_HOME/valise, else ~/.local/share/valise.",
            valueName: "folder"),
        completion: .directory)
    var home: String?
    @Option(
        help: ArgumentHelp(
            "A desk by name, for a person with several: the folder profiles/<name> of the default one.",
            valueName: "name"))
    var profile: String?

    func located() throws -> DeskHome { try DeskHome.locate(option: home, profile: profile) }
}

/// The options of every command that works on a desk's folder without the relay.
struct HomeOptions: ParsableArguments {
    @OptionGroup(title: "Desk") var place: PlaceOptions
    @Flag(help: "Print one JSON document.") var json = false

    func located() throws -> DeskHome { try place.located() }
}

extension PassphraseOptions {
    /// The passphrase of a desk's keys from where the options say, asked for only when it is needed.
    func source(of home: DeskHome) -> PassphraseSource { source(home.passphrasePrompt) }

    func source(_ prompt: @autoclosure @escaping @Sendable () -> String, confirm: Bool = false) -> PassphraseSource {
        if let file { return .file(path: file) }
        if let descriptor { return .descriptor(descriptor) }
        return .prompt { try PassphrasePrompt.read(prompt(), confirm: confirm) }
    }
}

/// The machine's clock, which the relay's own time corrects where it matters.
func timeNow() -> Timestamp { Timestamp(milliseconds: TimeText.now()) }
