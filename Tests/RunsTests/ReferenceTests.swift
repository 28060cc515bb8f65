import Runs
import Testing

@Suite("References")
struct ReferenceTests {
    /// A file system of these files and their folders.
    static func fileSystem(_ files: [String]) -> ReferenceResolver.FileSystem {
        ReferenceResolver.FileSystem(
            isFile: { files.contains($0) },
            isFolder: { path in files.contains { $0.hasPrefix(path + "/") } },
            names: { path in
                Set(
                    files.filter { $0.hasPrefix(path + "/") }
                        .compactMap {
                            $0.dropFirst(path.count + 1).split(separator: "/").first.map(String.init)
                        }
                ).sorted()
            })
    }

    static func samples(_ root: String) -> [String] {
        [
            "\(root)/README.md", "\(root)/fashion-vit/model.safetensors",
            "\(root)/fashion-swin/model.safetensors",
            "\(root)/fashion-mnist/calibration.safetensors", "\(root)/fashion-mnist/evaluation.safetensors",
            "\(root)/other/calibration.safetensors",
        ]
    }

    static func resolver(
        _ files: [String], environment: [String: String] = [:], executable: String? = "/opt/bin/mgrq"
    ) -> ReferenceResolver {
        ReferenceResolver(
            environment: environment, executable: executable, currentFolder: "/users/me/work",
            files: fileSystem(files))
    }

    @Test(
        "samples are found in this order: environment, share, above the executable, above the current folder",
        arguments: [
            ("/env/s", "/opt/bin/.build/release/mgrq"), ("/opt/share/mgrq/sample-models", "/opt/bin/mgrq"),
            ("/src/sample-models", "/src/.build/x/release/mgrq"), ("/users/sample-models", "/usr/bin/mgrq"),
            ("/users/me/work/sample-models", "/usr/bin/mgrq"),
        ])
    func places(root: String, executable: String) throws {
        let environment = root == "/env/s" ? ["MGRQ_SAMPLES": "/env/s"] : [:]
        let resolver = Self.resolver(
            Self.samples(root), environment: environment,
            executable: executable)
        #expect(try resolver.model("sample:fashion-vit") == "\(root)/fashion-vit")
    }

    @Test("a path that may not be read, or is a device, is not called missing")
    func obstacles() throws {
        var files = Self.fileSystem([])
        files.obstacle = { $0 == "closed/x" ? RunFailure(.inputOutput, "may not be read") : nil }
        let resolver = ReferenceResolver(
            environment: [:], executable: nil, currentFolder: "/", files: files)
        let closed = #expect(throws: RunFailure.self) { try resolver.model("closed/x") }
        #expect(closed == RunFailure(.inputOutput, "may not be read"))
        let missing = #expect(throws: RunFailure.self) { try resolver.model("open/x") }
        #expect(missing?.kind == .missingInput)
        let device = ReferenceResolver.FileSystem.local.obstacle("/dev/null")
        #expect(device?.kind == .badData && device?.message.contains("is a device") == true)
        #expect(ReferenceResolver.FileSystem.local.obstacle("/none") == nil)
    }

    @Test("a sample model has default images; a path does not")
    func images() throws {
        let resolver = Self.resolver(Self.samples("/users/sample-models"))
        let reference = try #require(resolver.defaultImages(of: "sample:fashion-vit", for: .calibration))
        #expect(reference == "sample:fashion-mnist")
        #expect(
            try resolver.images(reference, for: .calibration)
                == "/users/sample-models/fashion-mnist/calibration.safetensors")
        #expect(
            try resolver.images(reference, for: .evaluation)
                == "/users/sample-models/fashion-mnist/evaluation.safetensors")
        #expect(resolver.defaultImages(of: "model.safetensors", for: .evaluation) == nil)
    }

    @Test("a missing input lists what exists")
    func missing() {
        let resolver = Self.resolver(Self.samples("/users/sample-models"))
        let sample = #expect(throws: RunFailure.self) { try resolver.model("sample:resnet") }
        #expect(
            sample
                == RunFailure(
                    .missingInput,
                    "there is no sample model “resnet”; there is sample:fashion-swin, sample:fashion-vit"))
        let escape = #expect(throws: RunFailure.self) {
            try resolver.model("sample:../sample-models/fashion-vit")
        }
        #expect(escape?.kind == .missingInput)
        let images = #expect(throws: RunFailure.self) {
            try resolver.images("sample:other", for: .evaluation)
        }
        #expect(images?.message == "there is no sample evaluation set “other”; there is sample:fashion-mnist")
        let path = #expect(throws: RunFailure.self) { try resolver.model("vit.safetensors") }
        #expect(
            path?.message
                == "vit.safetensors is not there in /users/me/work; give a file with weights (safetensors, .pth) or a "
                + "folder with one")
        let absolute = #expect(throws: RunFailure.self) { try resolver.model("/data/vit.safetensors") }
        #expect(absolute?.message.hasPrefix("/data/vit.safetensors is not there; give") == true)
        let none = #expect(throws: RunFailure.self) { try Self.resolver([]).model("sample:fashion-vit") }
        #expect(none?.message.contains("no folder sample-models was found") == true)
    }

    @Test("a path may be a file or a folder")
    func paths() throws {
        let resolver = Self.resolver(["/data/m/model.safetensors"])
        #expect(try resolver.model("/data/m") == "/data/m")
        #expect(try resolver.model("/data/m/model.safetensors") == "/data/m/model.safetensors")
    }
}
