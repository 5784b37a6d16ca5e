import Foundation
import Terminal
import Testing

@Suite("A path within a folder")
struct PathNestingTests {
    /// `data/deep` and `beside` are folders; `link` leads to `data`, `data/out` to `beside`, `beside/in` to
    /// `data/head`.
    private final class Tree {
        let path = NSTemporaryDirectory() + "valise-nesting-" + UUID().uuidString
        private let files = FileManager.default

        init() throws {
            for folder in ["/data/deep", "/beside"] {
                try files.createDirectory(atPath: path + folder, withIntermediateDirectories: true)
            }
            for (link, target) in [("/link", "/data"), ("/data/out", "/beside"), ("/beside/in", "/data/head")] {
                try files.createSymbolicLink(atPath: path + link, withDestinationPath: path + target)
            }
        }

        deinit { try? files.removeItem(atPath: path) }

        func holds(_ entry: String, in folder: String) -> Bool {
            PathNesting.isInside(path + "/" + entry, folder: path + "/" + folder)
        }
    }

    @Test(
        "it is inside, however it is written and whatever links lead there",
        arguments: [
            ("data/head", "data"), ("data/deep/head", "data"), ("data/missing/deeper/head", "data"),
            ("data//head", "data/"), ("data/./head", "data"), ("beside/../data/head", "data"), ("link/head", "data"),
            ("link/deep/head", "data"), ("data/head", "link"), ("data/head/", "data"), ("data", "data"),
            ("none/head", "none"),
        ])
    func inside(path: String, folder: String) throws {
        #expect(try Tree().holds(path, in: folder))
    }

    @Test(
        "it is not inside: beside, above, out by a link, or a link of its own that leads in",
        arguments: [
            ("data.head", "data"), ("head", "data"), ("beside/head", "data"), ("data/out/head", "data"),
            ("data/../head", "data"), ("beside/in", "data"), ("data-of-old/head", "data"), ("none.head", "none"),
        ])
    func outside(path: String, folder: String) throws {
        #expect(try !Tree().holds(path, in: folder))
    }

    @Test("a path without a folder is one of the working directory")
    func relative() {
        let here = FileManager.default.currentDirectoryPath
        #expect(PathNesting.isInside("head", folder: here))
        #expect(PathNesting.isInside("head", folder: "."))
        #expect(!PathNesting.isInside("head", folder: "none"))
        #expect(PathNesting.isInside("/head", folder: "/"))
        #expect(!PathNesting.isInside("/head", folder: here + "/none"))
    }
}
