import Glibc

/// libFuzzer's own loop; its library is linked without a `main` of its own being used.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ one: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// One binary for all parsers.
///
///     VALISE_FUZZ_TARGET=entry valise-fuzz [libFuzzer options] CORPUS   fuzzes one of them
///     valise-fuzz targets                                              lists them
///     valise-fuzz seeds VECTORS CORPORA                                writes a first corpus for each, and checks it
@main
enum FuzzProgram {
    static let target: FuzzTarget? = getenv("VALISE_FUZZ_TARGET")
        .flatMap { name in FuzzTarget.all.first { $0.name == String(cString: name) } }

    static func main() throws {
        let words = CommandLine.arguments.dropFirst()
        if words.first == "targets" {
            for target in FuzzTarget.all { print(target.name) }
            return
        }
        if words.first == "seeds", words.count == 3 {
            return try Seeds.write(vectors: words[words.startIndex + 1], corpora: words[words.startIndex + 2])
        }
        guard target != nil else {
            print("VALISE_FUZZ_TARGET names no target; valise-fuzz targets lists them")
            exit(64)
        }
        var count = CommandLine.argc
        var arguments = CommandLine.unsafeArgv
        exit(
            runDriver(&count, &arguments) { bytes, count in
                FuzzProgram.target?.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
                return 0
            })
    }
}
