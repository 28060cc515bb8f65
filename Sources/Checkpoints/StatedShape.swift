internal import VisionTransformers

/// What config.json says of numbers that tensors show as well, by key.
struct StatedShape: Sendable {
    private var numbers: [String: [Int]] = [:]
    private var flags: [String: Bool] = [:]

    /// Nothing.
    init() {}

    /// Reads the keys; values of other types than a number, a list of numbers or a flag say nothing.
    ///
    /// - Parameter value: Gives the value of a key.
    init(_ value: (String) -> Any?) {
        for key in ["depth", "num_hidden_layers", "depths", "patch_size", "num_classes"] {
            guard let found = value(key) else { continue }
            numbers[key] = found as? [Int] ?? (found as? Int).map { [$0] }
        }
        for key in ["qkv_bias", "class_token", "fc_norm", "qk_norm"] {
            flags[key] = value(key).flatMap { $0 as? Bool }
        }
    }

    /// What contradicts the tensors, one sentence each.
    ///
    /// - Parameters:
    ///   - model: The model as inferred from the tensors.
    ///   - tensors: The tensors.
    /// - Returns: Sentences with the key, its value and what the tensors show.
    func contradictions(to model: ModelConfiguration, _ tensors: NamedTensors) -> [String] {
        func number(_ key: String, _ shown: [Int]) -> String? {
            guard let said = numbers[key] else { return nil }
            let all = said.count == 1 ? Array(repeating: said[0], count: shown.count) : said
            guard all != shown else { return nil }
            func text(_ list: [Int]) -> String {
                Set(list).count == 1 && key != "depths" ? "\(list[0])" : "\(list)"
            }
            return "“\(key)” in config.json is \(text(said)), but the tensors show \(text(shown))"
        }
        func flag(_ key: String, _ shown: Bool, _ name: String) -> String? {
            guard let said = flags[key], said != shown else { return nil }
            return "“\(key)” in config.json is \(said), but there is \(shown ? "a" : "no") tensor “\(name)”"
        }
        func isThere(_ name: String) -> Bool {
            // A bias of zeros stands for one that the layout leaves out.
            tensors.entries[name]?.parts.contains { if case .tensor = $0 { true } else { false } } == true
        }
        let bias: String
        var found: [String?]
        switch model {
        case .vit(let vit):
            bias = "blocks.0.attn.qkv.bias"
            found = ["depth", "num_hidden_layers"].map { number($0, [vit.depth]) }
            found.append(number("patch_size", [vit.patchHeight, vit.patchWidth]))
            found += [
                ("class_token", "cls_token"), ("fc_norm", "fc_norm.weight"),
                ("qk_norm", "blocks.0.attn.q_norm.weight"),
            ].map { flag($0.0, isThere($0.1), $0.1) }
            // Without a classifier, num_classes is 0, and one that there is all the same is read.
            if vit.classes > 0, numbers["num_classes"] != [0] {
                found.append(number("num_classes", [vit.classes]))
            }
        case .swin(let swin):
            bias = "layers.0.blocks.0.attn.qkv.bias"
            found = [
                number("depths", swin.stages.map(\.depth)),
                number("patch_size", [swin.patchHeight, swin.patchWidth]),
            ]
            if swin.classes > 0, numbers["num_classes"] != [0] {
                found.append(number("num_classes", [swin.classes]))
            }
        }
        found.append(flag("qkv_bias", isThere(bias), bias))
        return found.compactMap(\.self)
    }
}
