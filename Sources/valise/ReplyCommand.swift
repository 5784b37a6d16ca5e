import ArgumentParser
import Desk
import Statements
import Terminal

/// `valise reply`.
struct ReplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reply", abstract: "Answer a message: the same way back, with a reference to it.",
        discussion:
            "The subject becomes 'Re: ...' unless --subject names another; the precedence is that of the message.")
    @Argument(help: "The message's identifier, or its first letters.") var message: String
    @OptionGroup(title: "Content") var content: ContentOptions
    @OptionGroup var desk: DeskOptions

    func validate() throws { try content.expectContent() }

    func run() async throws {
        _ = try content.lifetime()
        try await desk.withDesk { desk in
            let basis = try await desk.replyBasis(desk.resolve(message))
            let precedence = content.precedence?.value ?? basis.precedence
            try await content.withText(desk) { text in
                var outgoing = try content.outgoing(
                    basis.legs, text: text, precedence: precedence, subject: basis.subject)
                outgoing.references = [basis.message]
                try await SentView.send([outgoing], desk: desk, json: self.desk.json)
            }
        }
    }
}
