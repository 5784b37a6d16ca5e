import Testing

@testable import Archive

@Suite("Errors of the archive") struct ArchiveErrorTests {
    @Test("an error is printed with its code") func printed() {
        let error = ArchiveError(.damaged, "Segment 3 does not open.", hint: "valise archive check")
        #expect(error.description == "Segment 3 does not open. [archive-damaged]")
    }
}
