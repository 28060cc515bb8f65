import Safetensors

/// A ViT of random weights that is quantized within a second: 8 × 8 pixels, two blocks of width 16, three classes.
enum SmallModel {
    static let configuration = """
        {"architecture": "vision_transformer",
         "model_args": {"img_size": 8, "num_heads": 2, "global_pool": "token"},
         "crop_pct": 0.9, "interpolation": "bicubic",
         "pretrained_cfg": {"mean": [0.5], "std": [0.25]}}
        """

    /// The tensors with timm's names.
    ///
    /// - Parameter change: Changes the elements of a tensor, given its name.
    /// - Returns: A complete checkpoint, unless it was changed.
    static func tensors(_ change: (String, inout [Float]) -> Void = { _, _ in }) -> [SafetensorsTensor] {
        let (width, hidden, classes) = (16, 32, 3)
        var shapes: [(String, [Int])] = [
            ("cls_token", [1, 1, width]), ("pos_embed", [1, 5, width]),
            ("patch_embed.proj.weight", [width, 1, 4, 4]), ("patch_embed.proj.bias", [width]),
            ("norm.weight", [width]), ("norm.bias", [width]), ("head.weight", [classes, width]),
            ("head.bias", [classes]),
        ]
        for block in 0..<2 {
            let parts = [
                ("norm1.weight", [width]), ("norm1.bias", [width]), ("attn.qkv.weight", [3 * width, width]),
                ("attn.qkv.bias", [3 * width]), ("attn.proj.weight", [width, width]),
                ("attn.proj.bias", [width]), ("norm2.weight", [width]), ("norm2.bias", [width]),
                ("mlp.fc1.weight", [hidden, width]), ("mlp.fc1.bias", [hidden]),
                ("mlp.fc2.weight", [width, hidden]), ("mlp.fc2.bias", [width]),
            ]
            shapes += parts.map { ("blocks.\(block).\($0.0)", $0.1) }
        }
        var numbers = Numbers(seed: 7)
        return shapes.map { name, shape in
            let isScale = name.contains("norm") && name.hasSuffix("weight")
            var values = (0..<shape.reduce(1, *)).map { _ in
                isScale ? 1 + numbers.next() / 4 : numbers.next()
            }
            change(name, &values)
            return SafetensorsTensor(name: name, shape: shape, floats: values)
        }
    }

    /// Images of noise, and labels if they are wanted.
    static func images(
        _ count: Int, seed: UInt64, isLabelled: Bool, side: Int = 8
    ) -> [SafetensorsTensor] {
        var numbers = Numbers(seed: seed)
        let pixels = (0..<count * side * side).map { _ in UInt8(128 + 127 * numbers.next()) }
        let images = SafetensorsTensor(
            name: "images", type: .uint8, shape: [count, 1, side, side], bytes: pixels)
        guard isLabelled else { return [images] }
        let labels = (0..<count).map { Int64($0 % 3) }
        return [images, SafetensorsTensor(name: "labels", shape: [count], integers: labels)]
    }
}

/// Numbers between -1 and 1 (Knuth's MMIX generator).
struct Numbers {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> Float {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(state >> 40) / Float(1 << 23) - 1
    }
}
