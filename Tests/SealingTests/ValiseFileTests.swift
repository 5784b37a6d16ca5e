import Crypto
import Envelope
import Ledger
import Sealing
import Statements
import Testing

@Suite("Draft, statement and keys files")
struct ValiseFileTests {
    let scene: Scene
    let sealed: Scene.Sealed
    let block: SealedKeysBlock
    let draft: Draft

    init() throws {
        scene = try Scene()
        sealed = try scene.seal([[UInt8](repeating: 1, count: 70_000)])
        block = try SealedKeysBlock(sealed.block)
        draft = try Self.draft(.submission(sealed.submission), scene)
    }

    static let drafter = DelegateName("drafter")!
    static let releaser = DelegateName("releaser")!

    static func draft(_ act: Act, _ scene: Scene) throws -> Draft {
        try Draft(
            Statement(
                charter: scene.charter, party: scene.originator, signers: [drafter, releaser],
                madeAt: Talks.start, submitBy: Talks.start + .hours(1),
                seen: LogHead(size: 1, root: Talks.hash("root")),
                act: act))
    }

    static func sign(_ draft: Draft, as name: DelegateName) throws -> DraftSignature {
        DraftSignature(
            signer: name, signature: Array(try Talks.key(name.description).signature(for: draft.message)))
    }

    private func read(_ file: [UInt8], piece: Int = 1 << 20) -> Result<DraftHeader, EnvelopeError> {
        do throws(EnvelopeError) {
            var reader = DraftReader()
            var rest = file[...]
            while !rest.isEmpty {
                _ = try reader.take(rest.prefix(piece))
                rest = rest.dropFirst(piece)
            }
            return .success(try reader.finish())
        } catch { return .failure(error) }
    }

    private func code(_ file: [UInt8]) -> EnvelopeError.Code? {
        if case .failure(let error) = read(file) { error.code } else { nil }
    }

    @Test("a draft of a submission is read from pieces of any size", arguments: [1, 13, 1_000, 1 << 20])
    func pieces(size: Int) throws {
        let signed = try draft.adding(Self.sign(draft, as: Self.drafter))
        let head = try DraftWriter.header(signed, sealedKeys: block)
        let header = try read(head + sealed.payload, piece: size).get()
        #expect(header.draft == signed && header.sealedKeys == block && header.byteCount == head.count)
        #expect(header.payload == sealed.submission)
        #expect(header.fileSize == UInt64(head.count + sealed.payload.count))
    }

    @Test("with its last signature a draft becomes the envelope, and not before")
    func envelope() throws {
        let first = try draft.adding(Self.sign(draft, as: Self.drafter))
        let header = try read(DraftWriter.header(first, sealedKeys: block) + sealed.payload).get()
        let error = try #require(throws: EnvelopeError.self) { _ = try header.envelope() }
        #expect(error.code == .unsigned && error.expected.contains("releaser"))
        let whole = try first.adding(Self.sign(draft, as: Self.releaser))
        let last = try read(DraftWriter.header(whole, sealedKeys: block) + sealed.payload).get()
        let envelope = try EnvelopeFormat.check(last.envelope() + sealed.payload)
        #expect(envelope.signed == whole.complete() && envelope.submission == sealed.submission)
    }

    @Test("a draft of another act is the whole file")
    func otherAct() throws {
        let act = Act.conveyance(LegReference(message: MessageID(.zero), leg: LegNumber(0)!))
        let conveyance = try Self.draft(act, scene)
        let file = try DraftWriter.header(conveyance, sealedKeys: nil)
        let header = try read(file).get()
        #expect(header.draft == conveyance && header.payload == nil && header.fileSize == UInt64(file.count))
        #expect(code(file + [0]) == .malformed)
        #expect(throws: EnvelopeError.self) { _ = try header.envelope() }
        #expect(throws: EnvelopeError.self) { _ = try DraftWriter.header(conveyance, sealedKeys: block) }
        #expect(throws: EnvelopeError.self) { _ = try DraftWriter.header(draft, sealedKeys: nil) }
    }

    @Test("a flipped bit anywhere is noticed, but in a signature, which the reader does not verify")
    func flips() throws {
        let file = try DraftWriter.header(draft, sealedKeys: block) + sealed.payload
        for position in Array(stride(from: 0, to: file.count, by: 1 + file.count / 900)) {
            var damaged = file
            damaged[position] ^= 1 << (position % 8)
            guard case .success(let header) = read(damaged) else { continue }
            #expect(header.draft.id != draft.id, "at \(position)")
        }
    }

    @Test("a draft cut anywhere is truncated, and lengths above their bounds are refused early")
    func truncated() throws {
        let head = try DraftWriter.header(draft, sealedKeys: block)
        let file = head + sealed.payload
        for count in Array(stride(from: 0, to: head.count, by: 13)) + [head.count, file.count - 1] {
            #expect(code(Array(file.prefix(count))) == .truncated, "at \(count)")
        }
        #expect(code(ValiseFileKind.draft.magic + [0, 0, 0xBB, 0x81]) == .oversized)
        #expect(code(try scene.file(sealed)) == .malformed)
        #expect(code(file + [0]) == .malformed)
    }

    @Test("a statement file holds one signed statement that is no submission")
    func statementFile() throws {
        let receipt = try scene.signed(.receipt(LegReference(message: MessageID(.zero), leg: LegNumber(0)!), .opened))
        let file = try StatementFile(receipt).bytes()
        #expect(try StatementFile(parsing: file).signed == receipt)
        #expect(file.count <= StatementFile.longest)
        let submission = try scene.signed(.submission(sealed.submission))
        #expect(throws: EnvelopeError.self) { _ = try StatementFile(submission) }
        let magic = ValiseFileKind.statement.magic
        let other = magic + Forge.u32(try submission.derBytes().count) + (try submission.derBytes())
        func code(_ file: [UInt8]) -> EnvelopeError.Code? {
            do throws(EnvelopeError) { _ = try StatementFile(parsing: file) } catch { return error.code }
            return nil
        }
        #expect(code(other) == .malformed)
        #expect(code(file + [0]) == .malformed)
        for count in stride(from: 0, to: file.count, by: 5) {
            #expect(code(Array(file.prefix(count))) == .truncated, "at \(count)")
        }
        #expect(code(magic + [0, 0, 0xBB, 0x81]) == .oversized)
        #expect(code(magic + [0, 0, 0, 0]) == .malformed)
        #expect(code(try scene.file(sealed)) == .malformed)
    }

    @Test("a keys file comes back from its bytes, and nothing may follow")
    func keysFile() throws {
        var talks = try Talks()
        let tick = try talks.log(
            talks.signed(
                .tick(
                    Tick(
                        party: Talks.envoy, arrivals: 0, charterInForce: talks.charter.id.hash,
                        keys: try KeyList([], at: Talks.start).hash())), by: .relay))
        let page = KeysPage(
            party: Talks.speaker, checkpoint: try talks.checkpoint(), tick: talks.proven(tick),
            keyList: KeyList([], at: Talks.start), publications: [])
        let keys = try KeysFile(charter: talks.charter.id, pages: [page])
        let file = try keys.bytes()
        #expect(try KeysFile(parsing: file) == keys)
        #expect(throws: EnvelopeError.self) { _ = try KeysFile(parsing: file + [0]) }
        #expect(throws: EnvelopeError.self) { _ = try KeysFile(parsing: Array(file.dropLast())) }
        #expect(throws: EnvelopeError(.oversized, "keys", expected: "at most \(Bounds.keysFile) bytes")) {
            _ = try KeysFile(parsing: ValiseFileKind.keys.magic + [0x01, 0, 0, 1])
        }
        let verified = try page.verified(by: talks.charter, for: Talks.envoy, at: Talks.start)
        #expect(verified.publications.isEmpty && verified.tickAt == Talks.start + .minutes(1))
    }

    /// A statement with a rejection under a key of its own.
    static func rejected(_ statement: SignedStatement) throws -> RejectedStatement {
        let rejection = Rejection(
            charter: statement.statement.charter, statement: statement.id, code: "wrong-state",
            treeSize: TreeSize(rawValue: 12), decidedAt: statement.statement.madeAt)
        return try RejectedStatement(statement, SignedRejection(rejection) { _ in [UInt8](repeating: 7, count: 64) })
    }

    @Test("a rejection file holds one statement and the rejection of that statement")
    func rejectionFile() throws {
        let reference = LegReference(message: MessageID(.zero), leg: LegNumber(0)!)
        let rejected = try Self.rejected(scene.signed(.receipt(reference, .opened)))
        let file = try rejected.bytes()
        #expect(try RejectedStatement(parsing: file) == rejected)
        #expect(file.count <= RejectedStatement.longest)
        func code(_ file: [UInt8]) -> EnvelopeError.Code? {
            do throws(EnvelopeError) { _ = try RejectedStatement(parsing: file) } catch { return error.code }
            return nil
        }
        let other = try scene.signed(.receipt(reference, .retrieved))
        #expect(throws: FormError.self) { _ = try RejectedStatement(other, rejected.rejection) }
        let pair = DERPair.encode(try other.derBytes() + rejected.rejection.derBytes())
        #expect(code(ValiseFileKind.rejection.magic + Forge.u32(pair.count) + pair) == .malformed)
        #expect(code(file + [0]) == .malformed)
        for count in stride(from: 0, to: file.count, by: 5) {
            #expect(code(Array(file.prefix(count))) == .truncated, "at \(count)")
        }
        #expect(code(ValiseFileKind.rejection.magic + Forge.u32(Bounds.rejectedStatement + 1)) == .oversized)
        #expect(code(try StatementFile(rejected.statement).bytes()) == .malformed)
    }

    @Test("the kind of a file is told by its first line", arguments: ValiseFileKind.allCases)
    func kinds(kind: ValiseFileKind) {
        #expect(ValiseFileKind.detect(kind.magic + [1, 2, 3]) == kind)
        #expect(ValiseFileKind.detect(kind.magic) == kind)
        #expect(ValiseFileKind.detect(kind.magic.dropLast()) == nil)
        #expect(ValiseFileKind.detect([0x20] + kind.magic) == nil)
        #expect(kind.magic.count <= ValiseFileKind.detectionCount)
    }
}

/// A DER sequence around values that are encoded already.
enum DERPair {
    static func encode(_ body: [UInt8]) -> [UInt8] {
        [0x30, 0x82, UInt8(body.count >> 8), UInt8(body.count & 255)] + body
    }
}
