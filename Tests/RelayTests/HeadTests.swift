import TestKit
import Testing

@Suite("Answers to HEAD", .timeLimit(.minutes(1)))
struct HeadTests {
    @Test(
        "have no body: what comes next on the connection is the next answer",
        arguments: [
            ("/v1/uploads/\(String(repeating: "a", count: 52))", 401), ("/v1/charter", 405), ("/nothing", 404),
            ("/v1/charter?x=1", 400),
        ])
    func bodiless(_ target: String, _ status: Int) async throws {
        try await RelayInABox.run { box in
            let connection = try await box.connect()
            let answer = try await connection.send(box.request("HEAD", target))
            #expect(answer.status == status)
            #expect(answer.field("Content-Type") == "application/problem+json")
            let next = try await connection.send(box.request("GET", "/v1/charter"))
            #expect(next.head.hasPrefix("HTTP/1.1 200 "))
            await connection.close()
        }
    }
}
