import Foundation
import Safetensors
import Testing
import TestSupport

@Suite("Safetensors writer refusals")
struct WriterRefusalTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(
        "a tensor that breaks a rule is refused and nothing is written",
        arguments: [
            (["__metadata__"], [1], 4, .duplicateKey), (["a", "a"], [1], 4, .duplicateKey),
            (["a"], [2], 4, .badShape), (["a"], [-1], 4, .badShape), (["a"], [-1, -1], 4, .badShape),
            (["a"], [1 << 40, 1 << 40], 4, .badShape), (["a"], Array(repeating: 1, count: 65), 4, .badShape),
        ] as [([String], [Int], Int, SafetensorsError.Code)])
    func refused(names: [String], shape: [Int], bytes: Int, code: SafetensorsError.Code) throws {
        let tensors = names.map {
            SafetensorsTensor(
                name: $0, type: .float32, shape: shape, bytes: Array(repeating: 0, count: bytes))
        }
        let error = try #require(throws: SafetensorsError.self) {
            try writeSafetensors(tensors, to: folder.path + "/file")
        }
        #expect(error.code == code)
        #expect(error.tensor == names.last)
        #expect(try folder.contents().isEmpty)
    }

    @Test("a target that cannot be made is refused and no file remains")
    func impossibleTarget() throws {
        try FileManager.default.createDirectory(
            atPath: folder.path + "/taken", withIntermediateDirectories: false)
        let tensor = SafetensorsTensor(name: "a", shape: [1], floats: [1])
        for target in ["/taken", "/none/file", "/taken/", "/\0"] {
            let error = try #require(throws: SafetensorsError.self) {
                try writeSafetensors([tensor], to: folder.path + target)
            }
            #expect(error.code == .cannotCreate, "\(error)")
        }
        #expect(throws: SafetensorsError.self) { try writeSafetensors([tensor], to: "") }
        #expect(try folder.contents() == ["taken"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/taken").isEmpty)
    }

    @Test("a disk that fills while writing is an error; the old file stays and no new one remains")
    func fullDisk() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let path = folder.path + "/file"
            try writeSafetensors([SafetensorsTensor(name: "a", shape: [1], floats: [1])], to: path)
            // Beyond a limit on file sizes, writing fails as on a full disk, once the signal is ignored.
            _ = signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 100_000, rlim_max: 100_000)
            let isLimited = unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0
            #expect(isLimited)
            let large = SafetensorsTensor(
                name: "a", shape: [50_000], floats: Array(repeating: 2, count: 50_000))
            let error = try #require(throws: SafetensorsError.self) {
                try writeSafetensors([large], to: path)
            }
            #expect(error.code == .cannotWrite)
            #expect(try folder.contents() == ["file"])
            #expect(try SafetensorsFile(path: path).floats("a") == [1])
        }
    }

    @Test("a name of the maximum length is written")
    func longName() throws {
        let name = String(repeating: "n", count: 255)
        try writeSafetensors(
            [SafetensorsTensor(name: "a", shape: [1], floats: [1])], to: folder.path + "/" + name)
        #expect(try folder.contents() == [name])
    }
}
