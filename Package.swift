// swift-tools-version: 6.2
import PackageDescription

// What the compiler holds every Swift target to: warnings are errors, pointer use is marked, imports
// are exact. The package has no library product, so that nothing is `public`.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .strictMemorySafety(),
]

// C is not covered by the Swift settings. Contraction stays off so that a product and a sum are fused
// only where the source says so; results are then the same bits at every level that has FMA.
let strictC: [CSetting] = [
    .define("_GNU_SOURCE"),
    .unsafeFlags(["-Wall", "-Wextra", "-Werror", "-ffp-contract=off", "-fno-math-errno"]),
]

let package = Package(
    name: "mgrq",
    products: [.executable(name: "mgrq", targets: ["mgrq"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .target(name: "Vocabulary"),
        .target(name: "TensorCore"),
        .target(name: "CKernels", cSettings: strictC),
        .target(name: "Kernels", dependencies: ["TensorCore", "CKernels"]),
        .target(name: "VisionTransformers", dependencies: ["TensorCore", "Kernels"]),
        .target(name: "Quantization", dependencies: ["TensorCore", "Kernels", "Vocabulary"]),
        .target(
            name: "Reconstruction",
            dependencies: ["TensorCore", "Kernels", "VisionTransformers", "Quantization", "Vocabulary"]),
        .target(
            name: "CDigest", cSettings: strictC, linkerSettings: [.linkedLibrary("crypto")]),
        .target(
            name: "Files",
            dependencies: ["CDigest", .product(name: "SystemPackage", package: "swift-system")]),
        .target(name: "Safetensors", dependencies: ["Files"]),
        .target(
            name: "CImageCodecs", cSettings: strictC,
            linkerSettings: ["gif", "jpeg", "png16", "tiff", "webp", "webpdemux", "z"].map {
                .linkedLibrary($0)
            }),
        .target(
            name: "Datasets",
            dependencies: ["TensorCore", "Files", "Safetensors", "CImageCodecs", "Vocabulary"]),
        .target(
            name: "Checkpoints",
            dependencies: [
                "TensorCore", "Kernels", "VisionTransformers", "Quantization", "Files", "Safetensors",
                "Vocabulary",
            ]),
        .target(
            name: "ONNX", dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")],
            exclude: ["onnx.proto"]),
        .target(name: "Runs", dependencies: ["Files", "Vocabulary", "Yams"]),
        .target(
            name: "Engine",
            dependencies: [
                "TensorCore", "Kernels", "VisionTransformers", "Quantization", "Reconstruction",
                "Checkpoints", "Datasets", "Runs", "Files", "ONNX", "Safetensors", "Vocabulary",
            ],
            resources: [
                .embedInCode("Verification/verify_onnx.py"), .embedInCode("Export/mgrq_torch.py"),
            ]),
        .target(name: "ChartScale"),
        .target(name: "RunText", dependencies: ["Runs", "ChartScale", "Vocabulary"]),
        .target(name: "Reports", dependencies: ["ChartScale", "RunText", "Runs", "Vocabulary"]),
        .target(name: "TerminalUI", dependencies: ["ChartScale"]),
        .target(
            name: "CTerminal",
            cSettings: [.define("NCURSES_WIDECHAR", to: "1")] + strictC,
            linkerSettings: [.linkedLibrary("ncursesw")]),
        .target(name: "CMemory", cSettings: strictC),
        .target(name: "NCursesTerminal", dependencies: ["TerminalUI", "CTerminal"]),
        .target(
            name: "Workbench",
            dependencies: ["TerminalUI", "ChartScale", "RunText", "Runs", "Vocabulary"],
            resources: [.embedInCode("Themes/Shipped")]),
        .executableTarget(
            name: "mgrq",
            dependencies: [
                "Engine", "Workbench", "NCursesTerminal", "TerminalUI", "Reports", "RunText", "Runs",
                "Checkpoints", "Datasets", "Files", "Vocabulary", "CMemory",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        .executableTarget(
            name: "preprocessing", dependencies: ["Datasets", "TensorCore", "Vocabulary"],
            path: "Benchmarks/Preprocessing"),
        .executableTarget(
            name: "Fuzz",
            dependencies: [
                "Checkpoints", "Datasets", "Engine", "NCursesTerminal", "Reports", "Runs", "Safetensors",
                "TensorCore", "TerminalUI", "VisionTransformers", "Vocabulary", "Workbench",
            ], path: "Tests/Fuzz"),
        .executableTarget(
            name: "TerminalProbe", dependencies: ["NCursesTerminal", "TerminalUI", "TensorCore"],
            path: "Tests/TerminalProbe"),
        .target(name: "TestSupport", path: "Tests/TestSupport"),
        .target(
            name: "TensorTestSupport", dependencies: ["TensorCore", "VisionTransformers"],
            path: "Tests/TensorTestSupport"),
        .target(name: "SampleRun", dependencies: ["Runs", "Vocabulary"], path: "Tests/SampleRun"),
        .testTarget(name: "TensorCoreTests", dependencies: ["TensorCore", "TensorTestSupport"]),
        .testTarget(name: "KernelsTests", dependencies: ["Kernels", "TensorCore", "TensorTestSupport"]),
        .testTarget(
            name: "VisionTransformersTests",
            dependencies: [
                "VisionTransformers", "Kernels", "TensorCore", "TensorTestSupport", "Checkpoints",
                "Safetensors",
            ], exclude: ["Goldens"]),
        .testTarget(
            name: "QuantizationTests",
            dependencies: ["Quantization", "Kernels", "TensorCore", "TensorTestSupport", "Vocabulary"]),
        .testTarget(
            name: "ReconstructionTests",
            dependencies: [
                "Reconstruction", "VisionTransformers", "Quantization", "Kernels", "TensorCore",
                "TensorTestSupport", "Vocabulary", "Runs", "Safetensors",
            ], exclude: ["Goldens"]),
        .testTarget(name: "FilesTests", dependencies: ["Files", "TestSupport"]),
        .testTarget(
            name: "SafetensorsTests", dependencies: ["Safetensors", "TestSupport"], exclude: ["Fixtures"]),
        .testTarget(
            name: "DatasetsTests",
            dependencies: ["Datasets", "Files", "Safetensors", "TensorCore", "TestSupport", "Vocabulary"],
            exclude: ["Fixtures"]),
        .testTarget(
            name: "CheckpointsTests",
            dependencies: [
                "Checkpoints", "Datasets", "Files", "VisionTransformers", "Quantization", "Kernels",
                "Safetensors", "TensorCore", "TensorTestSupport", "TestSupport", "Vocabulary",
            ], exclude: ["Goldens"]),
        .testTarget(name: "RunsTests", dependencies: ["Runs", "Files", "TestSupport", "Vocabulary"]),
        .testTarget(
            name: "EngineTests",
            dependencies: [
                "Engine", "Runs", "Checkpoints", "Kernels", "Quantization", "Datasets", "Files",
                "Safetensors",
                "TensorCore", "TestSupport", "Vocabulary",
            ]),
        .testTarget(name: "ChartScaleTests", dependencies: ["ChartScale", "TestSupport"]),
        .testTarget(name: "RunTextTests", dependencies: ["RunText", "Runs", "SampleRun", "Vocabulary"]),
        .testTarget(
            name: "ReportsTests", dependencies: ["Reports", "RunText", "Runs", "SampleRun", "Vocabulary"]),
        .testTarget(
            name: "TerminalUITests", dependencies: ["TerminalUI", "ChartScale", "TestSupport"],
            exclude: ["Goldens"]),
        .testTarget(
            name: "WorkbenchTests",
            dependencies: [
                "Workbench", "TerminalUI", "ChartScale", "RunText", "Runs", "SampleRun", "TestSupport",
                "Vocabulary",
            ],
            exclude: ["Goldens"]),
        .testTarget(name: "EndToEndTests", dependencies: ["Files", "Safetensors"], exclude: ["Scripts"]),
    ]
)

let plainC: Set = ["CKernels", "CTerminal", "CImageCodecs", "CDigest", "CMemory"]
for target in package.targets where !plainC.contains(target.name) {
    target.swiftSettings = (target.swiftSettings ?? []) + strict
}
