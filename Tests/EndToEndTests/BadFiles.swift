import Foundation
import Safetensors
import Testing

extension Workplace {
    /// Replaces bytes of a file by as many others, everywhere.
    func replace(_ old: String, by new: String, in name: String) throws {
        let (old, new) = (Data(old.utf8), Data(new.utf8))
        try #require(old.count == new.count)
        var data = try data(name)
        var place = data.startIndex
        var isFound = false
        while let range = data.range(of: old, in: place..<data.endIndex) {
            data.replaceSubrange(range, with: new)
            (place, isFound) = (range.upperBound, true)
        }
        try #require(isFound, "\(name) has no such bytes")
        try data.write(to: URL(filePath: file(name)))
    }

    /// Writes a safetensors file of a header and data.
    func write(header: String, data: [UInt8], to name: String) throws {
        let count = UInt64(header.utf8.count)
        let bytes =
            (0..<8).map { UInt8(truncatingIfNeeded: count >> UInt64(8 * $0)) } + Array(header.utf8) + data
        try Data(bytes).write(to: URL(filePath: file(name)))
    }

    /// Copies a file or a folder of other tests' fixtures.
    func copy(_ fixture: String, to name: String) throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        try FileManager.default.copyItem(
            at: tests.appending(path: fixture), to: URL(filePath: file(name)))
    }

    /// Writes one of the arrays of numpy's fixtures.
    func copyArray(_ fixture: String, to name: String) throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = try SafetensorsFile(path: tests.path + "/DatasetsTests/Fixtures/numpy.safetensors")
        try Data(file.bytes(fixture)).write(to: URL(filePath: self.file(name)))
    }

    /// Makes the model one of two shards, whose index says what `map` makes of it.
    func shard(_ map: (inout [String: String]) -> Void) throws {
        let tensors = SmallModel.tensors()
        try FileManager.default.removeItem(atPath: file("model/model.safetensors"))
        try write(Array(tensors[..<9]), to: "model/a.safetensors")
        try write(Array(tensors[9...]), to: "model/b.safetensors")
        var places: [String: String] = [:]
        for (index, tensor) in tensors.enumerated() {
            places[tensor.name] = index < 9 ? "a.safetensors" : "b.safetensors"
        }
        map(&places)
        let text = try JSONEncoder().encode(["weight_map": places])
        try text.write(to: URL(filePath: file("model/model.safetensors.index.json")))
    }
}

private let inspect = ["inspect", "model"]

/// Checkpoints that are damaged, have wrong entries, or are not models.
let badCheckpoints = [
    Refusal("a header that ends before its end", 65, "model.safetensors, byte 30: a header of", inspect) {
        try $0.data("model/model.safetensors").prefix(30).write(
            to: URL(filePath: $0.file("model/model.safetensors")))
    },
    Refusal("a header of 2⁶³ bytes", 65, "at most 100000000 are accepted", inspect) {
        try Data(Array(repeating: UInt8(0xFF), count: 64)).write(
            to: URL(filePath: $0.file("model/model.safetensors")))
    },
    Refusal("bytes after the last tensor", 65, "the last 3 bytes of the file belong to no tensor", inspect) {
        try ($0.data("model/model.safetensors") + Data([1, 2, 3])).write(
            to: URL(filePath: $0.file("model/model.safetensors")))
    },
    Refusal("a tensor inside another one", 65, "this tensor starts inside another one", inspect) {
        try $0.write(
            header: #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"#
                + #""b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}"#, data: [0, 0, 0, 0, 0, 0],
            to: "model/model.safetensors")
    },
    Refusal("a tensor that comes twice", 65, "the header has two tensors of this name", inspect) {
        try $0.write(
            header: #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
                + #""a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#, data: [0, 0],
            to: "model/model.safetensors")
    },
    Refusal("a shape beyond any file", 65, "has more bytes than a file can hold", inspect) {
        try $0.write(
            header: #"{"cls_token":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#,
            data: [], to: "model/model.safetensors")
    },
    Refusal("a shape that its bytes are too few for", 65, "takes 2304 bytes, but the offsets", inspect) {
        try $0.replace("[16,1,4,4]", by: "[16,1,4,9]", in: "model/model.safetensors")
    },
    Refusal("extents of nothing", 65, "“patch_embed.proj.weight” has shape [0, 1, 4, 4]", Refusal.run()) {
        try $0.write(
            SmallModel.tensors().filter { $0.name != "patch_embed.proj.weight" }
                + [SafetensorsTensor(name: "patch_embed.proj.weight", shape: [0, 1, 4, 4], floats: [])],
            to: "model/model.safetensors")
    },
    Refusal("more classes than any model has", 65, "no ViT that could be run", Refusal.run()) {
        let classes = 1 << 21
        try $0.write(
            SmallModel.tensors().filter { !$0.name.hasPrefix("head.") } + [
                SafetensorsTensor(
                    name: "head.weight", type: .float16, shape: [classes, 16],
                    bytes: Array(repeating: 0, count: classes * 32)),
                SafetensorsTensor(
                    name: "head.bias", type: .float16, shape: [classes],
                    bytes: Array(repeating: 0, count: classes * 2)),
            ], to: "model/model.safetensors")
    },
    Refusal(
        "whole numbers for weights", 65, "has type I32; F32, F16, BF16 or F64 was expected", Refusal.run()
    ) {
        try $0.replace("\"F32\"", by: "\"I32\"", in: "model/model.safetensors")
    },
    Refusal("a type that there is not", 65, "the type 'F33' is none of", inspect) {
        try $0.replace("\"F32\"", by: "\"F33\"", in: "model/model.safetensors")
    },
    Refusal(
        "a shard outside of the folder", 65,
        "'../a.safetensors' should be the name of a .safetensors or .bin file in the same "
            + "folder", inspect
    ) { place in
        try place.shard { $0["norm.bias"] = "../a.safetensors" }
    },
    Refusal("a shard by a whole path", 65, "should be the name of a .safetensors or .bin file", inspect) {
        place in
        try place.shard { $0["norm.bias"] = "/etc/a.safetensors" }
    },
    Refusal("an index that names itself", 65, "should be the name of a .safetensors or .bin file", inspect) {
        place in
        try place.shard { $0["norm.bias"] = "model.safetensors.index.json" }
    },
    Refusal("a shard that is a link in a circle", 74, "Too many levels of symbolic links", inspect) { place in
        try place.shard { _ in }
        try FileManager.default.removeItem(atPath: place.file("model/b.safetensors"))
        try FileManager.default.createSymbolicLink(
            atPath: place.file("model/b.safetensors"), withDestinationPath: "b.safetensors")
    },
    Refusal("a shard that is not there", 66, "c.safetensors: there is no such file", inspect) { place in
        try place.shard { $0["norm.bias"] = "c.safetensors" }
    },
    Refusal(
        "a tensor in another shard", 65, "is in 'a.safetensors', but the index says 'b.safetensors'",
        inspect
    ) {
        place in
        try place.shard { map in
            for name in map.keys where map[name] == "b.safetensors" { map[name] = "a.safetensors" }
            map["cls_token"] = "b.safetensors"
        }
    },
    Refusal(
        "a file of torch.save that is cut short", 65, "the archive has no directory at its end",
        ["inspect", "a.pth"]
    ) {
        try $0.copy("CheckpointsTests/Goldens/wrapped.pth", to: "a.pth")
        try $0.data("a.pth").dropLast(300).write(to: URL(filePath: $0.file("a.pth")))
    },
    Refusal(
        "a pickle that would call something", 65, "the file would call 'cloudpickle.OrderedDict'",
        ["inspect", "a.pth"]
    ) {
        try $0.copy("CheckpointsTests/Goldens/wrapped.pth", to: "a.pth")
        try $0.replace("collections\nO", by: "cloudpickle\nO", in: "a.pth")
    },
    Refusal("a pickle of another kind of storage", 65, "is not supported", ["inspect", "a.pth"]) {
        try $0.copy("CheckpointsTests/Goldens/wrapped.pth", to: "a.pth")
        try $0.replace("FloatStorage", by: "FancyStorage", in: "a.pth")
    },
    Refusal(
        "names for other classes than the head's", 65,
        "label_names has 2 entries, but the head has 3 classes",
        Refusal.run()
    ) {
        try $0.write(
            SmallModel.configuration.replacingOccurrences(
                of: "{\"architecture\"", with: "{\"label_names\": [\"ant\", \"bee\"], \"architecture\""),
            to: "model/config.json")
    },
    Refusal("a configuration that leads nowhere", 66, "config.json: there is no such file", inspect) {
        try FileManager.default.removeItem(atPath: $0.file("model/config.json"))
        try FileManager.default.createSymbolicLink(
            atPath: $0.file("model/config.json"), withDestinationPath: "nowhere")
    },
]

private func evaluate(_ data: String) -> [String] { ["evaluate", "model", "--data", data] }

/// Arrays that are damaged, have wrong headers, or hold no images.
let badImages = [
    Refusal("an array of Python objects", 65, "never loaded", evaluate("a.npy")) {
        try $0.copyArray("bad-object.npy", to: "a.npy")
    },
    Refusal("an array of complex numbers", 65, "<c8", evaluate("a.npy")) {
        try $0.copyArray("bad-complex.npy", to: "a.npy")
    },
    Refusal("an array that is cut short", 65, "a.npy: ", evaluate("a.npy")) {
        try $0.copyArray("bytes.npy", to: "a.npy")
        try $0.data("a.npy").dropLast(1).write(to: URL(filePath: $0.file("a.npy")))
    },
    Refusal("an archive whose content is damaged", 65, "the checksum of the array", evaluate("a.npz")) {
        try $0.copyArray("stored.npz", to: "a.npz")
        var data = try $0.data("a.npz")
        data[300] ^= 1
        try data.write(to: URL(filePath: $0.file("a.npz")))
    },
    Refusal("an archive that is cut short", 65, "the archive has no directory at its end", evaluate("a.npz"))
    {
        try $0.copyArray("stored.npz", to: "a.npz")
        try $0.data("a.npz").dropLast(40).write(to: URL(filePath: $0.file("a.npz")))
    },
    Refusal("labels for other images", 65, "[2]", evaluate("a.npz")) {
        try $0.copyArray("bad-labels-count.npz", to: "a.npz")
    },
    Refusal("a folder with a link in a circle", 65, "set/dog: this link leads in a circle", evaluate("set")) {
        try $0.write("no image", to: "set/ant/1.jpg")
        try FileManager.default.createSymbolicLink(atPath: $0.file("set/dog"), withDestinationPath: "dog")
    },
]
