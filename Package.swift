// swift-tools-version: 6.2
import PackageDescription

// VALISE_CORE=1 leaves out every target above the pure rooms and Keyring, so that sanitizers and
// fuzzers build without SwiftNIO. VALISE_FUZZ=1 adds the fuzz targets.
let core = Context.environment["VALISE_CORE"] != nil
let fuzz = Context.environment["VALISE_FUZZ"] != nil

let strict: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .treatAllWarnings(as: .error),
    ] + (fuzz ? [.unsafeFlags(["-sanitize=fuzzer"])] : [])

func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}
func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let structuredFields: Target.Dependency = .product(
    name: "RawStructuredFieldValues", package: "swift-http-structured-headers")
let asyncHTTPClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdTLS: Target.Dependency = .product(name: "HummingbirdTLS", package: "hummingbird")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTPTypes: Target.Dependency = .product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let histogram: Target.Dependency = .product(name: "Histogram", package: "hdrhistogram-swift")

var targets: [Target] = [
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    room("Wording", []),
    room("Ledger", [crypto]),
    room("Statements", ["Ledger", asn1, crypto]),
    room("Rules", ["Statements", "Ledger"]),
    room("Envelope", ["Statements", "Ledger", crypto]),
    room("Sealing", ["Envelope", "Statements", "Ledger", asn1, crypto]),
    room("Keyring", ["COpenSSL", "Statements", "Ledger", "Wording", crypto]),
    room("Archive", ["Sealing", "Envelope", "Keyring", "Statements", "Ledger", crypto]),
    tests("LedgerTests", ["Ledger", crypto]),
    tests("StatementsTests", ["Statements", "Ledger", "COpenSSL", asn1, crypto]),
    tests("RulesTests", ["Rules", "Statements", "Ledger", crypto]),
    tests("SealingTests", ["Sealing", "Envelope", "Statements", "Ledger", asn1, crypto]),
    tests("ArchiveTests", ["Archive", "Sealing", "Envelope", "Keyring", "Statements", "Ledger", crypto]),
    tests("KeyringTests", ["Keyring", "Ledger", "Statements", "COpenSSL", crypto]),
]
var dependencies: [Package.Dependency] = [
    .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-asn1.git", from: "1.7.4"),
]

if fuzz {
    // gold stumbles over libFuzzer's debug information; lld links it.
    targets.append(
        .executableTarget(
            name: "valise-fuzz",
            dependencies: ["Ledger", "Statements", "Envelope", "Sealing", "Keyring", "Archive", crypto],
            swiftSettings: strict, linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]))
}

if !core {
    dependencies += [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-http-structured-headers.git", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift.git", from: "0.2.0"),
    ]
    targets += [
        room("Wire", ["Statements", "Ledger", httpTypes, structuredFields, crypto]),
        room(
            "Transport",
            ["Wire", "Statements", "Ledger", asyncHTTPClient, httpTypes, nioCore, nioPosix, nioSSL, nioHTTP1]),
        room("Store", ["Rules", "Statements", "Ledger"]),
        room("StoreSQLite", ["Store", "Envelope", "Rules", "Statements", "COpenSSL", "Ledger", grdb, crypto]),
        room(
            "Daemon",
            [
                logging, lifecycle, unixSignals, hummingbird, hummingbirdCore, httpTypes, nioCore, nioHTTPTypes, nioSSL,
            ]),
        room("Terminal", ["Wording", argumentParser, yams]),
        room(
            "Relay",
            [
                "Store", "Rules", "Envelope", "Wire", "Transport", "Keyring", "Daemon", "Statements", "Ledger",
                "Wording",
                hummingbird, hummingbirdTLS, hummingbirdCore, httpTypes, nioCore, nioPosix, nioHTTPTypes, nioSSL,
                logging, lifecycle,
            ]),
        room(
            "Desk",
            [
                "Archive", "Sealing", "Envelope", "Rules", "Keyring", "Transport", "Wire", "Statements", "Ledger",
                "Wording", crypto, yams,
            ]),
        room("Audit", ["Rules", "Transport", "Wire", "Statements", "Ledger", crypto]),
        room(
            "Watch",
            [
                "Audit", "Transport", "Statements", "Keyring", "Daemon", "Ledger", "Wording", lifecycle, hummingbird,
                hummingbirdCore, httpTypes,
                nioCore, nioPosix, logging,
            ]),
        program(
            "valise",
            [
                "Desk", "Archive", "Keyring", "Transport", "Wire", "Sealing", "Envelope", "Rules", "Statements",
                "Ledger", "Terminal", "Wording", argumentParser, unixSignals,
            ]),
        program(
            "valise-relay",
            [
                "Relay", "Rules", "Store", "StoreSQLite", "Keyring", "Daemon", "Wire", "Statements", "Ledger",
                "Terminal", "Wording", argumentParser, logging, lifecycle, unixSignals, nioCore,
            ]),
        program(
            "valise-audit",
            [
                "Watch", "Audit", "Desk", "Rules", "Envelope", "Keyring", "Transport", "Daemon", "Statements", "Ledger",
                "Terminal", "Wording", argumentParser, logging,
            ]),
        room(
            "TestKit",
            [
                "Relay", "Desk", "Audit", "StoreSQLite", "Store", "Rules", "Sealing", "Envelope", "Keyring",
                "Transport", "Wire", "Daemon", "Statements", "Ledger", nioCore, nioPosix, nioHTTP1, nioSSL, crypto,
                httpTypes,
                logging, lifecycle,
            ]),
        program(
            "valise-bench",
            [
                "TestKit", "Audit", "Relay", "Desk", "Archive", "Sealing", "Envelope", "Rules", "Wire", "Statements",
                "Ledger", "Keyring", "Daemon", "Terminal", argumentParser, histogram, httpTypes, hummingbird,
                hummingbirdCore, hummingbirdTLS, logging, nioCore, nioPosix, nioHTTP1, nioSSL, crypto,
            ]),
        tests("WireTests", ["Wire", "Statements", "Ledger", httpTypes, crypto]),
        tests("StoreTests", ["TestKit", "Audit", "Store", "StoreSQLite", "Rules", "Statements", "Ledger", grdb]),
        tests("TerminalTests", ["Terminal", "Wording", "Daemon", argumentParser, logging, lifecycle]),
        tests(
            "RelayTests",
            [
                "TestKit", "Relay", "Audit", "Watch", "Daemon", "Envelope", "Sealing", "Transport", "Store",
                "StoreSQLite", "Rules", "Keyring", logging, crypto, "Wire", "Statements", "Ledger", nioCore, nioPosix,
                nioHTTP1, nioSSL,
            ]),
        tests(
            "WatchTests",
            [
                "TestKit", "Watch", "Audit", "Relay", "Statements", "Daemon", "Keyring", "Ledger", nioCore, nioPosix,
                nioSSL, crypto, logging, lifecycle,
            ]),
        tests(
            "CheatTests",
            [
                "TestKit", "Relay", "Desk", "Watch", "Audit", "Store", "Rules", "Sealing", "Envelope", "Keyring",
                "Transport", "Wire", "Statements", "Ledger", logging,
            ]),
        tests(
            "AuditTests",
            [
                "TestKit", "Audit", "Transport", "StoreSQLite", "Store", "Rules", "Envelope", "Statements", "Ledger",
                crypto,
            ]),
        tests(
            "DeskTests",
            [
                "TestKit", "Desk", "Archive", "Sealing", "Envelope", "Store", "Rules", "Transport", "Wire", "Keyring",
                "Statements", "Ledger", "Terminal",
            ]),
    ]
}

let package = Package(
    name: "valise",
    platforms: [.macOS(.v15)],
    products: [.library(name: "Ledger", targets: ["Ledger"])],
    dependencies: dependencies,
    targets: targets
)
