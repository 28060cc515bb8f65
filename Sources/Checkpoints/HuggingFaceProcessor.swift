internal import Vocabulary

/// An image processor of Transformers: what it does with images unless `preprocessor_config.json` says otherwise.
///
/// Source: the classes `…ImageProcessorPil` of Transformers 5.24 and `DINOv3ViTImageProcessor`. Earlier versions call
/// them `…FeatureExtractor` and `…ImageProcessorFast`.
struct HuggingFaceProcessor: Sendable {
    /// How the processor uses `size`.
    enum Rule: Sendable {
        /// A resize, then a centre crop if there is one.
        case resizeAndCrop
        /// ConvNext's: below 384 the shorter side becomes `size / crop_pct` and a square of `size` is cropped; from 384
        /// on the image is squashed.
        case cropFraction
    }

    /// Its name, without `Fast`.
    let name: String
    let rule: Rule
    /// The length in `size`, in pixels.
    let side: Int
    /// Whether both sides get that length; else the shorter one does.
    let isSquare: Bool
    /// Whether a single number in `size` is a square; else it is the shorter side.
    let numberIsSquare: Bool
    /// The side of the crop; nil where the file must say it.
    let cropSide: Int?
    let crops: Bool
    let interpolation: Interpolation
    let mean: [Float]
    let standardDeviation: [Float]

    private init(
        _ name: String, rule: Rule = .resizeAndCrop, side: Int = 224, isSquare: Bool, numberIsSquare: Bool,
        cropSide: Int? = nil, crops: Bool = false, _ interpolation: Interpolation,
        _ spread: (mean: [Float], standardDeviation: [Float])
    ) {
        self.name = name
        self.rule = rule
        self.side = side
        self.isSquare = isSquare
        self.numberIsSquare = numberIsSquare
        self.cropSide = cropSide
        self.crops = crops
        self.interpolation = interpolation
        (mean, standardDeviation) = spread
    }

    /// ImageNet's mean and standard deviation.
    static let imageNet: (mean: [Float], standardDeviation: [Float]) = (
        [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    )
    /// The mean and the standard deviation of pixels in -1 … 1.
    static let half: (mean: [Float], standardDeviation: [Float]) = (
        [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]
    )
    /// CLIP's mean and standard deviation.
    static let clip: (mean: [Float], standardDeviation: [Float]) = (
        [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
    )

    /// Every processor that is known.
    static let all = [
        HuggingFaceProcessor(
            "BeitImageProcessor", isSquare: true, numberIsSquare: true, cropSide: 224, .bicubic, half),
        HuggingFaceProcessor(
            "BitImageProcessor", isSquare: false, numberIsSquare: false, cropSide: 224, crops: true, .bicubic,
            clip),
        HuggingFaceProcessor(
            "CLIPImageProcessor", isSquare: false, numberIsSquare: false, cropSide: 224, crops: true,
            .bicubic,
            clip),
        HuggingFaceProcessor(
            "ConvNextImageProcessor", rule: .cropFraction, side: 384, isSquare: false, numberIsSquare: false,
            .bicubic, half),
        HuggingFaceProcessor(
            "DINOv3ViTImageProcessor", isSquare: true, numberIsSquare: true, .bilinear, imageNet),
        HuggingFaceProcessor(
            "DeiTImageProcessor", side: 256, isSquare: true, numberIsSquare: true, cropSide: 224, crops: true,
            .bicubic, half),
        HuggingFaceProcessor(
            "SiglipImageProcessor", isSquare: true, numberIsSquare: false, .bicubic, half),
        HuggingFaceProcessor("ViTImageProcessor", isSquare: true, numberIsSquare: true, .bilinear, half),
    ]

    /// The names that are accepted, for errors.
    static var names: String { all.map(\.name).joined(separator: ", ") }

    /// Finds a processor by any of its names; nil for an unknown one.
    init?(named name: String) {
        var stem = name
        for ending in ["Fast", "Pil"] where stem.hasSuffix(ending) { stem.removeLast(ending.count) }
        let old = "FeatureExtractor"
        if stem.hasSuffix(old) { stem = stem.dropLast(old.count) + "ImageProcessor" }
        guard let found = Self.all.first(where: { $0.name == stem }) else { return nil }
        self = found
    }

    /// Finds the processor that Transformers uses for a model whose files name none; nil for an unknown model.
    ///
    /// - Parameter modelType: `model_type` of `config.json`.
    init?(modelType: String) {
        let name: String? =
            switch modelType {
            case "beit", "data2vec-vision": "BeitImageProcessor"
            case "bit", "dinov2", "dinov2_with_registers", "focalnet", "hiera": "BitImageProcessor"
            case "clip", "clip_vision_model": "CLIPImageProcessor"
            case "convnext", "convnextv2", "cvt", "regnet", "resnet": "ConvNextImageProcessor"
            case "dinov3_vit", "dinov3_convnext": "DINOv3ViTImageProcessor"
            case "deit": "DeiTImageProcessor"
            case "siglip", "siglip_vision_model": "SiglipImageProcessor"
            case "vit", "vit_mae", "vit_msn", "swin", "swinv2", "ijepa": "ViTImageProcessor"
            default: nil
            }
        guard let name else { return nil }
        self.init(named: name)
    }
}

extension String {
    /// `model_type` of a layout of Hugging Face's tensor names, for a checkpoint without `config.json`; nil for others.
    var processorModelType: String? {
        let families = [
            ("dinov2", "dinov2"), ("deit", "deit"), ("swin", "swin"), ("beit", "beit"), ("siglip", "siglip"),
            ("clip", "clip"), ("dinov3", "dinov3_vit"), ("vit", "vit"),
        ]
        guard hasPrefix("Hugging Face") else { return nil }
        return families.first { lowercased().contains($0.0) }?.1
    }
}
